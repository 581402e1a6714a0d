/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The path to other hosts: operations travel as messages on a lane.  A lane keeps
 * order but may break and lose what was under way; so each binding numbers its
 * operations, and sends again from the first that was not answered.
 */
#ifndef _VRDMA_REMOTE_H
#define _VRDMA_REMOTE_H

#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <rdma/ib_verbs.h>

#include "lane.h"
#include "path.h"
#include "request.h"
#include "serve.h"

struct vrdma_binding;
struct vrdma_channel;
struct vrdma_qp;
struct vrdma_where;

/**
 * struct vrdma_remote - what a binding needs to talk to another host
 * @ref: the binding; lookups by id; work that is queued; a farewell that is due
 * @rcu: frees it
 * @binding: held
 * @device: id of the binding's
 * @channel: held: the one that we chose
 * @other: held: the one that the far side chose, if it is another
 * @lane: of @channel, or from BOUND on of @other; written under the bind lock
 * @id: ours: names this binding to the far side
 * @check: random, goes with @id
 * @far_id: the far side's, from BOUND
 * @far_check: goes with @far_id
 * @offer: the BIND that waits for room on the lane that we chose; vrdma_serve::lock
 * @offer_work: says it
 * @request: our operations
 * @serve: the far side's operations
 * @awaits: a QP, held, whose send queue waits until no HCA touches anything
 * @ending: the binding is over, but an HCA is still at it
 * @patience: breaks the lanes of an HCA that is at it for too long
 * @lock: protects @request, part of @serve, and what is above; irq safe, leaf
 */
struct vrdma_remote {
	refcount_t ref;
	struct rcu_head rcu;
	struct vrdma_binding *binding;
	u64 device;
	struct vrdma_channel *channel;
	struct vrdma_channel *other;
	struct vrdma_lane *lane;
	u32 id;
	u32 check;
	u32 far_id;
	u32 far_check;
	struct vrdma_lane_waiter offer;
	struct work_struct offer_work;
	struct vrdma_request request;
	struct vrdma_serve serve;
	struct vrdma_qp *awaits;
	bool ending;
	struct delayed_work patience;
	spinlock_t lock;	/* requests, answers, awaits, ending */
};

/*
 * For binding.c, process context.  create: @where names another host, or ours when
 * the local path is switched off; NULL: no way there.  offer: tell the far side
 * that we wait.  end: the binding is over, nobody is in its sections.
 */
struct vrdma_remote *vrdma_remote_create(struct vrdma_binding *binding,
					 const struct vrdma_where *where);
void vrdma_remote_offer(struct vrdma_remote *remote, const struct vrdma_where *where);
bool vrdma_remote_leads_to(const struct vrdma_remote *remote, const struct vrdma_where *where);
void vrdma_remote_bind(struct vrdma_remote *remote, struct vrdma_lane *lane, u32 far_id,
		       u32 far_check);
void vrdma_remote_end(struct vrdma_remote *remote);
void vrdma_remote_put(struct vrdma_remote *remote);

/*
 * HCAs may touch memory of its operations, or write where the far side's go.  What the
 * binding has stopped is quiet soon, or its lanes are broken.  is_quiet: if not, @qp's send
 * queue is woken when it is.  wait: but not if the process ends; @qp's send queue is
 * stopped.  calm: something has ended.
 */
bool vrdma_remote_is_quiet(struct vrdma_remote *remote, struct vrdma_qp *qp);
void vrdma_remote_wait_quiet(struct vrdma_remote *remote);
void vrdma_remote_calm(struct vrdma_remote *remote);

/* For recv.c: a receive was posted for the far requester.  Any context. */
void vrdma_remote_ready(struct vrdma_remote *remote);

/* A message to the far side of @remote. */
void vrdma_remote_send(struct vrdma_remote *remote, struct vrdma_lane_buf *buf,
		       struct vrdma_msg *msg);

/* Does the owner's HCA touch memory of our operations?  For send.c: a wake follows. */
static inline bool vrdma_remote_shows(const struct vrdma_remote *remote)
{
	return READ_ONCE(remote->request.nr_windows);
}

/*
 * Sends what far sides are owed.  Its work comes behind that of the completion queue on
 * the same processor, without a switch to another worker.
 */
extern struct workqueue_struct *vrdma_answer_wq;

int vrdma_remote_init(void);
void vrdma_remote_exit(void);	/* when all channels have ended */

#endif /* _VRDMA_REMOTE_H */

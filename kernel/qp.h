/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_QP_H
#define _VRDMA_QP_H

#include <linux/completion.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <rdma/ib_verbs.h>

#include "bell.h"
#include "recv.h"
#include "rq.h"
#include "send.h"
#include "vdev.h"

struct vrdma_binding;

/**
 * struct vrdma_qp - a queue pair
 * @ibqp: must be first
 * @bell: the context's doorbells it is listed in; NULL: kernel user
 * @target: its doorbell
 * @number: QPN; 1 for the GSI QP
 * @serial: no other QP of this kernel has had it; not 0
 * @user: an application's
 * @state: IB state
 * @attr: what modify_qp set; reported by query_qp
 * @cap: what create_qp granted
 * @sig_all: every send is signaled
 * @sq: the send side
 * @rq: own receives; unused with an SRQ
 * @rx: the owner's side of a connected QP
 * @binding: the agreed connection while state is RTR or beyond; own reference
 * @comm_est: IB_EVENT_COMM_EST was sent
 * @last_wqe: IB_EVENT_QP_LAST_WQE_REACHED was sent
 * @drain_notify: SQD is to be followed by IB_EVENT_SQ_DRAINED
 * @drained: SQD, and nothing is under way
 * @modify_lock: serializes modify_qp and the life of @binding
 * @ref: ib_core, and each lookup by number; destroy waits for them
 * @released: completed by the last put
 * @lock: protects state, attr and the pointer binding; irq safe, leaf
 */
struct vrdma_qp {
	struct ib_qp ibqp;
	struct vrdma_bell *bell;
	struct vrdma_target target;
	u32 number;
	u64 serial;
	bool user;
	enum ib_qp_state state;
	struct ib_qp_attr attr;
	struct ib_qp_cap cap;
	bool sig_all;
	struct vrdma_sq sq;
	struct vrdma_rq rq;
	struct vrdma_rx rx;
	struct vrdma_binding *binding;
	bool comm_est;
	bool last_wqe;
	bool drain_notify;
	bool drained;
	struct mutex modify_lock;	/* serializes modify_qp */
	refcount_t ref;
	struct completion released;
	spinlock_t lock;	/* state, attr, binding */
};

static inline struct vrdma_qp *to_vqp(struct ib_qp *ibqp)
{
	return container_of(ibqp, struct vrdma_qp, ibqp);
}

int vrdma_create_qp(struct ib_qp *ibqp, struct ib_qp_init_attr *attr,
		    struct ib_udata *udata);
int vrdma_modify_qp(struct ib_qp *ibqp, struct ib_qp_attr *attr, int mask,
		    struct ib_udata *udata);
int vrdma_query_qp(struct ib_qp *ibqp, struct ib_qp_attr *attr, int mask,
		   struct ib_qp_init_attr *init_attr);
int vrdma_destroy_qp(struct ib_qp *ibqp, struct ib_udata *udata);
int vrdma_post_recv(struct ib_qp *ibqp, const struct ib_recv_wr *wr,
		    const struct ib_recv_wr **bad_wr);

/*
 * By number, in any context; NULL when there is none or it is dying.  Destroy
 * waits for the put: hold it without sleeping.
 */
struct vrdma_qp *vrdma_qp_get(struct vrdma_device *dev, u32 number);
void vrdma_qp_put(struct vrdma_qp *qp);

/*
 * The QP has failed: to ERR, @event (if >= 0) to its owner, flush by its send
 * queue's owner.  Any context in which @qp is held or in a section.
 */
void vrdma_qp_fail(struct vrdma_qp *qp, int event);
/*
 * By the send queue's owner: a work request has failed on this side.  RC: to ERR; else to
 * SQE, where only the send queue is flushed, until it is set to RTS again (IBA 10.3.1).
 */
void vrdma_qp_fail_send(struct vrdma_qp *qp);
void vrdma_qp_event(struct vrdma_qp *qp, enum ib_event_type type);
/* The send queue's owner has nothing under way in SQD. */
void vrdma_qp_drained(struct vrdma_qp *qp);

void vrdma_qp_to_reset(struct vrdma_qp *qp);

static inline enum ib_qp_state vrdma_qp_state(const struct vrdma_qp *qp)
{
	return READ_ONCE(qp->state);
}

#endif /* _VRDMA_QP_H */

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_CQ_H
#define _VRDMA_CQ_H

#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <rdma/ib_verbs.h>
#include <rdma/vrdma-abi.h>

struct vrdma_ring;

/**
 * struct vrdma_cq - a completion queue
 * @ibcq: must be first
 * @ring: completions; replaced by resize under both locks
 * @user: an application polls it through its mapping of @ring
 * @timestamps: completions carry the time
 * @producer: our copy of the ring's
 * @consumer: kernel CQs: our copy of the ring's; user CQs: what it was when the
 *	      queue last looked full
 * @fired_any: arm_any when we last fired
 * @fired_solicited: arm_solicited when we last fired
 * @events: completion events sent so far
 * @overflow: a completion found no room; the queue is broken for good
 * @overflow_told: kernel CQs: IB_EVENT_CQ_ERR was sent. @notify_work's own
 * @notify_work: kernel CQs: calls the handlers, with softirqs off and never on
 *		 the stack of who posted
 * @resize_lock: serializes resize; taken before @lock
 * @lock: protects all of the above; irq safe, taken under a receive queue's lock
 *	  for datagrams, takes nothing
 */
struct vrdma_cq {
	struct ib_cq ibcq;
	struct vrdma_ring *ring;
	bool user;
	bool timestamps;
	u32 producer;
	u32 consumer;
	u32 fired_any;
	u32 fired_solicited;
	u32 events;
	bool overflow;
	bool overflow_told;
	struct work_struct notify_work;
	struct mutex resize_lock;	/* serializes resize */
	spinlock_t lock;	/* of the queue */
};

static inline struct vrdma_cq *to_vcq(struct ib_cq *ibcq)
{
	return container_of(ibcq, struct vrdma_cq, ibcq);
}

int vrdma_create_cq(struct ib_cq *ibcq, const struct ib_cq_init_attr *attr,
		    struct uverbs_attr_bundle *attrs);
int vrdma_destroy_cq(struct ib_cq *ibcq, struct ib_udata *udata);
int vrdma_resize_cq(struct ib_cq *ibcq, unsigned int cqe, struct ib_udata *udata);
int vrdma_poll_cq(struct ib_cq *ibcq, int num, struct ib_wc *wc);
int vrdma_req_notify_cq(struct ib_cq *ibcq, enum ib_cq_notify_flags flags);

/*
 * Add a completion, in any context.  @cqe->kernel is the struct ib_qp of kernel
 * queues' completions and is stored for kernel CQs only; the timestamp is filled
 * in here, for those who asked for it.  Fires an event if one is asked for:
 * @solicited, or an error status, for those who asked for solicited ones.
 *
 * The caller holds what keeps the CQ: a reference on a QP that uses it, for
 * which vrdma_destroy_qp() waits.
 *
 * Return: 0, or -EOVERFLOW once the queue has overflowed (IB_EVENT_CQ_ERR was
 * sent by the first): the caller puts its QP to error.
 */
int vrdma_cq_post(struct vrdma_cq *cq, const struct vrdma_cqe *cqe, bool solicited);

/*
 * Wait until the handlers have been called for everything posted.  The destroy
 * of a kernel QP needs it once nobody posts for that QP any more: the owner of
 * the CQ expects no call after that.  May sleep; nothing to do for user CQs.
 */
void vrdma_cq_flush(struct vrdma_cq *cq);

#endif /* _VRDMA_CQ_H */

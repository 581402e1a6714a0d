/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_SRQ_H
#define _VRDMA_SRQ_H

#include <linux/completion.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <rdma/ib_verbs.h>

#include "bell.h"
#include "rq.h"

/**
 * struct vrdma_srq - a shared receive queue
 * @ibsrq: must be first
 * @rq: its receives
 * @bell: the context's doorbells it is listed in; NULL: kernel user
 * @target: its doorbell
 * @number: what the application kicks it by; user SRQs only
 * @limit: below so many posted receives IB_EVENT_SRQ_LIMIT_REACHED is sent and
 *	   the limit disarmed; 0: disarmed. Under rq.lock
 * @ref: ib_core, and each kick in flight; destroy waits for them
 * @released: completed by the last put
 * @resize_lock: one resize at a time; process context
 */
struct vrdma_srq {
	struct ib_srq ibsrq;
	struct vrdma_rq rq;
	struct vrdma_bell *bell;
	struct vrdma_target target;
	u32 number;
	u32 limit;
	refcount_t ref;
	struct completion released;
	struct mutex resize_lock;	/* of rq.ring: one change at a time */
};

static inline struct vrdma_srq *to_vsrq(struct ib_srq *ibsrq)
{
	return container_of(ibsrq, struct vrdma_srq, ibsrq);
}

int vrdma_create_srq(struct ib_srq *ibsrq, struct ib_srq_init_attr *attr,
		     struct ib_udata *udata);
int vrdma_modify_srq(struct ib_srq *ibsrq, struct ib_srq_attr *attr,
		     enum ib_srq_attr_mask mask, struct ib_udata *udata);
int vrdma_query_srq(struct ib_srq *ibsrq, struct ib_srq_attr *attr);
int vrdma_destroy_srq(struct ib_srq *ibsrq, struct ib_udata *udata);
int vrdma_post_srq_recv(struct ib_srq *ibsrq, const struct ib_recv_wr *wr,
			const struct ib_recv_wr **bad_wr);

/*
 * A receive was taken, under srq->rq.lock.
 * Return: true when the limit was passed: call vrdma_srq_limit_event() after the
 * lock is dropped.
 */
bool vrdma_srq_limit_passed(struct vrdma_srq *srq);
void vrdma_srq_limit_event(struct vrdma_srq *srq);

#endif /* _VRDMA_SRQ_H */

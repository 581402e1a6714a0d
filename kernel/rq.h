/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_RQ_H
#define _VRDMA_RQ_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <rdma/vrdma-abi.h>

#include "limits.h"

struct ib_recv_wr;
struct ib_ucontext;
struct vrdma_ring;
struct vrdma_ring_info;

/**
 * struct vrdma_recv - the kernel's own copy of one posted receive
 * @wr_id: returned in the completion
 * @num_sge: of @sge
 * @sge: checked by whoever uses it
 */
struct vrdma_recv {
	u64 wr_id;
	u32 num_sge;
	struct vrdma_wqe_sge sge[VRDMA_MAX_SGE];
};

/**
 * struct vrdma_rq_waiter - a sender that waits for a receive
 * @node: in vrdma_rq::waiters; empty when not waiting
 * @promised: woken; one of the posted receives is its own
 * @ready: called under the queue's lock, once, after @node has left the list;
 *	   must not take a receive queue's lock. False: nobody is there any more
 */
struct vrdma_rq_waiter {
	struct list_head node;
	bool promised;
	bool (*ready)(struct vrdma_rq_waiter *waiter);
};

/**
 * struct vrdma_rq - receives of a QP or of an SRQ
 * @ring: posted receives
 * @consumer: our copy of the ring's
 * @max_sge: entries a slot has room for
 * @wr: receives the creator asked for; at most as many as slots
 * @flushing: the QP is in error: every post must kick
 * @waiters: senders in order of arrival
 * @promised: receives that woken waiters have not taken yet
 * @post_lock: kernel users: serializes posting; irq safe, taken alone
 * @lock: protects all but the posting side; irq safe. Under it: a CQ's lock, a
 *	  device's ready_lock
 */
struct vrdma_rq {
	struct vrdma_ring *ring;
	u32 consumer;
	u32 max_sge;
	u32 wr;
	bool flushing;
	struct list_head waiters;
	u32 promised;
	spinlock_t post_lock;	/* of kernel users' producer */
	spinlock_t lock;	/* of the consumer */
};

/* -EINVAL: @max_sge above VRDMA_MAX_SGE. @info is for the application; else NULL. */
int vrdma_rq_init(struct vrdma_rq *rq, struct ib_ucontext *uctx, u32 wr, u32 max_sge,
		  struct vrdma_ring_info *info);
void vrdma_rq_exit(struct vrdma_rq *rq);
/* Bytes of a slot with @max_sge entries. */
u32 vrdma_rq_stride(u32 max_sge);

/*
 * QP to RESET: forget what is posted and the flushing.  Takes rq->lock.  Indices
 * run on: the consumer's becomes what the producer's is.
 */
void vrdma_rq_reset(struct vrdma_rq *rq);

/*
 * Read the oldest receive and leave it where it is, under rq->lock.
 * Return: 0, -EAGAIN (none posted) or -EINVAL (garbage in the ring: the QP's
 * fault; an unreadable receive has been taken, a wild producer index stays).
 */
int vrdma_rq_peek(struct vrdma_rq *rq, struct vrdma_recv *recv);
/* Under the same rq->lock: take what was read. */
void vrdma_rq_take(struct vrdma_rq *rq);
/* Both at once. */
int vrdma_rq_pop(struct vrdma_rq *rq, struct vrdma_recv *recv);

/*
 * Have @ring, which is empty, take over with what is posted, for @wr receives; the old one is
 * the caller's.  The poster keeps its hands off until the caller has returned to it.
 * -EINVAL: more than @wr are posted, or garbage.  Process context, one caller at a time.
 */
int vrdma_rq_switch(struct vrdma_rq *rq, struct vrdma_ring *ring, u32 wr,
		    struct vrdma_ring **old);

/* How many receives are posted, under rq->lock; -EINVAL: garbage. */
int vrdma_rq_count(struct vrdma_rq *rq);

/*
 * Under rq->lock: may @waiter, which need not wait yet, pop?  Not when what is
 * posted has been promised to others, or they wait before it.  Its promise ends.
 */
bool vrdma_rq_turn(struct vrdma_rq *rq, struct vrdma_rq_waiter *waiter);
/*
 * Under rq->lock: wait at the tail, or go on waiting at the old place, and ask for
 * kicks.  Return: true when it has become @waiter's turn meanwhile: pop again.
 */
bool vrdma_rq_wait(struct vrdma_rq *rq, struct vrdma_rq_waiter *waiter);
/*
 * Under rq->lock: wait no longer, and give back what was promised; no harm when it
 * does not wait.
 */
void vrdma_rq_unwait(struct vrdma_rq *rq, struct vrdma_rq_waiter *waiter);

/* Receives were posted: wake as many waiters.  Takes rq->lock. */
void vrdma_rq_kick(struct vrdma_rq *rq);

/*
 * Under rq->lock: from now on (or no longer) every post kicks.  What was posted
 * without a kick is seen by the next vrdma_rq_pop().
 */
void vrdma_rq_set_flushing(struct vrdma_rq *rq, bool flushing);

/*
 * Kernel users' post: any context; 0, -ENOMEM when full, -EINVAL too many SGEs.
 * What precedes *bad_wr is posted also on failure: kick in any case.
 */
int vrdma_rq_post(struct vrdma_rq *rq, const struct ib_recv_wr *wr,
		  const struct ib_recv_wr **bad_wr);

#endif /* _VRDMA_RQ_H */

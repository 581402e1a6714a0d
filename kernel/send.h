/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_SEND_H
#define _VRDMA_SEND_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <rdma/ib_verbs.h>
#include <rdma/vrdma-abi.h>

#include "ending.h"
#include "path.h"

struct vrdma_qp;
struct vrdma_ring;
struct work_struct;

/*
 * Who runs a send queue (rule R6).  Only IDLE and PARKED become RUN, and whoever
 * made that step runs the queue; anyone else turns RUN into RUN_AGAIN and leaves.
 */
enum vrdma_sq_owner {
	VRDMA_SQ_IDLE,		/* nothing to do; the application must ring */
	VRDMA_SQ_PARKED,	/* waits: for the binding, a receive, or a time */
	VRDMA_SQ_RUN,
	VRDMA_SQ_RUN_AGAIN,	/* something happened while it ran: look again */
};

/* What the operation at the head waits for. */
enum vrdma_sq_wait {
	VRDMA_WAIT_NOTHING,
	VRDMA_WAIT_ANSWER,	/* the far side; the deadline is timeout * (retries + 1) */
	VRDMA_WAIT_RECEIVE,	/* a receive; the deadline is the far side's RNR timer */
};

/**
 * struct vrdma_flight - what is needed to complete a work request
 * @wr_id: returned in the completion
 * @opcode: enum ib_uverbs_wr_opcode
 * @flags: VRDMA_SEND_*
 * @length: bytes of payload
 */
struct vrdma_flight {
	u64 wr_id;
	u32 opcode;
	u32 flags;
	u32 length;
};

/**
 * struct vrdma_sq - the send side of a queue pair
 * @ring: posted work
 * @wr: work requests the creator asked for
 * @max_sge: entries a slot has room for
 * @max_inline: bytes a slot has room for
 * @owner: enum vrdma_sq_owner
 * @stopping: somebody waits for the owner to leave
 * @ready: in vrdma_device::ready while the worker is to run it
 * @timer: wakes the queue at @deadline
 * @post_lock: kernel users: serializes posting; irq safe, taken alone
 *
 * What follows belongs to the owner:
 * @consumer: our copy of the ring's: the oldest work request not completed
 * @mseq: number of that one in the binding
 * @flying: work requests from @consumer on that the path has on its way, or that are done
 *	    behind such
 * @done: those of them that are, and that have no number
 * @changed: ring index behind the last one that has changed a key; not before @consumer
 * @fetching: those of them that are READs or atomics
 * @flight: the flying ones, by ring index modulo VRDMA_FLIGHTS
 * @again_at: when what flies is sent again without an answer; jiffies
 * @since: when the far side last answered, or what flies began to; jiffies
 * @repeats: what was not answered since then is to be sent again
 * @broken: the ring's indices are garbage: nothing is read from it until RESET
 * @wqe: our copy of the head, when @busy
 * @op: what it asks for
 * @busy: @op is under way
 * @crowded: the path had no room for it
 * @ending: of the key that @op has invalidated
 * @failed: @op has failed at our side, and waits for those that fly to complete
 * @begun: number after the last one that may have been executed, or is @busy
 * @counted: @rnr_left is that of this number, the oldest
 * @wait: what @deadline is for
 * @deadline: jiffies
 * @rnr_left: times it may still be refused for want of a receive
 */
struct vrdma_sq {
	struct vrdma_ring *ring;
	u32 wr;
	u32 max_sge;
	u32 max_inline;
	atomic_t owner;
	bool stopping;
	struct list_head ready;
	struct timer_list timer;
	spinlock_t post_lock;	/* of kernel users' producer */

	u32 consumer;
	u32 mseq;
	u32 flying;
	u32 done;
	u32 changed;
	u32 fetching;
	struct vrdma_flight *flight;
	unsigned long again_at;
	unsigned long since;
	bool repeats;
	bool broken;
	struct vrdma_send_wqe wqe;
	struct vrdma_op op;
	bool busy;
	bool crowded;
	struct vrdma_ending ending;
	enum ib_wc_status failed;
	u32 begun;
	u32 counted;
	enum vrdma_sq_wait wait;
	unsigned long deadline;
	u8 rnr_left;
};

/* Is a word of the far side due?  Of an operation in pieces also before the last is sent. */
static inline bool vrdma_sq_expects(const struct vrdma_sq *sq)
{
	return sq->flying || (sq->busy && sq->op.bulk && sq->op.mem.left < sq->op.length);
}

/* Number of the work request behind those that fly. */
static inline u32 vrdma_sq_number(const struct vrdma_sq *sq)
{
	return sq->mseq + sq->flying - sq->done;
}

int vrdma_sq_init(struct vrdma_qp *qp, struct ib_ucontext *uctx,
		  struct ib_qp_cap *cap, struct vrdma_ring_info *info);
void vrdma_sq_exit(struct vrdma_qp *qp);

/*
 * Become the owner for good: nobody runs the queue until vrdma_sq_reset().  The
 * caller has set a state in which owners leave.  Sleeps for less than a drain.
 */
void vrdma_sq_stop(struct vrdma_qp *qp);
/* As the owner after vrdma_sq_stop(): forget all work and give ownership up. */
void vrdma_sq_reset(struct vrdma_qp *qp);

void vrdma_send_wake(struct vrdma_qp *qp);
int vrdma_send_doorbell(struct vrdma_qp *qp);
void vrdma_send_nudge(struct vrdma_qp *qp);
u64 vrdma_rnr_usecs(u8 rnr_timer);
void vrdma_send_worker(struct work_struct *work);
void vrdma_sq_timer(struct timer_list *timer);

int vrdma_post_send(struct ib_qp *ibqp, const struct ib_send_wr *wr,
		    const struct ib_send_wr **bad_wr);

#endif /* _VRDMA_SEND_H */

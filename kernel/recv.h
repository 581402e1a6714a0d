/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_RECV_H
#define _VRDMA_RECV_H

#include "cursor.h"
#include "ending.h"
#include "path.h"
#include "rq.h"

struct vrdma_binding;
struct vrdma_qp;

/**
 * struct vrdma_rx - the owner's side of a queue pair: the operation under way
 * @recv: the receive it consumes, when @taken
 * @taken: @recv has left the queue and is not yet completed; never by a datagram
 * @kept: as @taken, but what took it will never be whole: the next that needs one has it
 * @target: the memory it touches: of @recv, or of the rkey
 * @ending: of the key that a SEND_WITH_INV has invalidated
 * @header: datagrams: source of the GRH; too large for a stack
 * @waiter: queued while the requester waits for a receive
 * @binding: whose requester @waiter wakes
 *
 * Belongs to whoever is in a section of the binding on the requester's behalf
 * (one at a time: the requester's send queue has one owner), or places a datagram,
 * under the receive queue's lock; after the binding has ended, or in error, to the
 * owner of this QP's send queue.
 */
struct vrdma_rx {
	struct vrdma_recv recv;
	bool taken;
	bool kept;
	struct vrdma_cursor target;
	struct vrdma_ending ending;
	struct vrdma_cursor header;
	struct vrdma_rq_waiter waiter;
	struct vrdma_binding *binding;
};

void vrdma_rx_init(struct vrdma_rx *rx);
void vrdma_rx_abort(struct vrdma_qp *qp);	/* RESET, destroy: forget it */
void vrdma_rx_unwait(struct vrdma_qp *qp);

/* Inside a section of @binding, the owner's; see recv.c. */
enum vrdma_verdict vrdma_recv_begin(struct vrdma_binding *binding, struct vrdma_op *op,
				    struct vrdma_outcome *out);
enum vrdma_verdict vrdma_recv_move(struct vrdma_binding *binding, struct vrdma_op *op,
				   u32 length, struct vrdma_outcome *out);
enum vrdma_verdict vrdma_recv_finish(struct vrdma_binding *binding, struct vrdma_op *op,
				     struct vrdma_outcome *out);
enum vrdma_verdict vrdma_recv_read_again(struct vrdma_binding *binding, struct vrdma_op *op,
					 struct vrdma_outcome *out);
enum vrdma_verdict vrdma_recv_gone(struct vrdma_binding *binding, struct vrdma_outcome *out);
enum vrdma_verdict vrdma_recv_fetch(struct vrdma_binding *binding, void *buffer,
				    struct vrdma_cursor *src, u32 length,
				    struct vrdma_outcome *out);

/* Is the QP in a state in which it takes what comes? */
bool vrdma_recv_state(const struct vrdma_qp *qp);

/* Complete receives with WR_FLUSH_ERR; false: the budget is used up. */
bool vrdma_recv_flush(struct vrdma_qp *qp, struct vrdma_budget *budget);

/* Where a QP's receives come from: its own queue or its SRQ's. */
struct vrdma_rq *vrdma_recv_queue(struct vrdma_qp *qp);
/*
 * Under the lock of vrdma_recv_queue(): take what vrdma_rq_peek() has read.
 * Return: true when an SRQ's limit was passed, see vrdma_srq_limit_passed().
 */
bool vrdma_recv_consume(struct vrdma_qp *qp);
/* Bytes a receive has room for. */
u64 vrdma_recv_room(const struct vrdma_recv *recv);

#endif /* _VRDMA_RECV_H */

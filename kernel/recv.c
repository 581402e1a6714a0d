// SPDX-License-Identifier: GPL-2.0
/*
 * The owner's side: match a request with a receive or a key, check it, place
 * or fetch its bytes, complete.  Everything here but the flush runs in the
 * requester's context, inside a section of the owner's binding.
 */
#include "recv.h"

#include <linux/atomic.h>

#include "binding.h"
#include "cq.h"
#include "key.h"
#include "place.h"
#include "qp.h"
#include "remote.h"
#include "srq.h"
#include "wqe.h"

struct vrdma_rq *vrdma_recv_queue(struct vrdma_qp *qp)
{
	return qp->ibqp.srq ? &to_vsrq(qp->ibqp.srq)->rq : &qp->rq;
}

bool vrdma_recv_consume(struct vrdma_qp *qp)
{
	vrdma_rq_take(vrdma_recv_queue(qp));
	return qp->ibqp.srq && vrdma_srq_limit_passed(to_vsrq(qp->ibqp.srq));
}

/* A receive was posted for the requester that waits for @waiter's QP. */
static bool vrdma_rx_ready(struct vrdma_rq_waiter *waiter)
{
	struct vrdma_rx *rx = container_of(waiter, struct vrdma_rx, waiter);
	struct vrdma_binding *peer = rx->binding->peer;

	if (rx->binding->remote) {
		vrdma_remote_ready(rx->binding->remote);
		return true;
	}
	if (!vrdma_live_enter(&peer->live))
		return false;
	vrdma_send_wake(peer->qp);
	vrdma_live_exit(&peer->live);
	return true;
}

void vrdma_rx_init(struct vrdma_rx *rx)
{
	rx->taken = false;
	rx->kept = false;
	rx->binding = NULL;
	vrdma_cursor_init(&rx->target);
	INIT_LIST_HEAD(&rx->waiter.node);
	rx->waiter.promised = false;
	rx->waiter.ready = vrdma_rx_ready;
}

/**
 * vrdma_rx_unwait - the requester no longer waits for a receive
 * @qp: the owner's; its requester is not inside, or will not be again
 *
 * A datagram that is being placed holds the queue's lock: it has been placed
 * when this returns, and a QP that is not ready to receive places no other.
 */
void vrdma_rx_unwait(struct vrdma_qp *qp)
{
	struct vrdma_rq *rq = vrdma_recv_queue(qp);
	unsigned long flags;

	spin_lock_irqsave(&rq->lock, flags);
	vrdma_rq_unwait(rq, &qp->rx.waiter);
	spin_unlock_irqrestore(&rq->lock, flags);
}

/**
 * vrdma_rx_abort - forget the operation under way
 * @qp: its binding has ended, so that nobody is inside
 *
 * May sleep.
 */
void vrdma_rx_abort(struct vrdma_qp *qp)
{
	vrdma_rx_unwait(qp);
	vrdma_ending_wait(&qp->rx.ending);
	vrdma_cursor_exit(&qp->rx.target);
	qp->rx.taken = false;
	qp->rx.kept = false;
}

/* Complete the receive in rx->recv and be ready for the next operation. */
static void vrdma_recv_complete(struct vrdma_qp *qp, struct vrdma_cqe *cqe, bool solicited)
{
	cqe->wr_id = qp->rx.recv.wr_id;
	cqe->qp_num = qp->number;
	cqe->kernel = (uintptr_t)&qp->ibqp;
	qp->rx.taken = false;
	qp->rx.kept = false;
	vrdma_cursor_exit(&qp->rx.target);

	if (vrdma_cq_post(to_vcq(qp->ibqp.recv_cq), cqe, solicited))
		vrdma_qp_fail(qp, -1);
}

static void vrdma_recv_complete_error(struct vrdma_qp *qp, enum ib_wc_status status)
{
	struct vrdma_cqe cqe = {
		.status = status,
		.opcode = IB_WC_RECV,
	};

	vrdma_recv_complete(qp, &cqe, false);
}

/*
 * The request is the requester's mistake, or ours when @event is negative.  RC
 * answers with a NAK and the owner's QP goes to error (IBA 9.9.3.1); UC drops
 * the message, and its requester never knows.
 */
static enum vrdma_verdict vrdma_recv_refuse(struct vrdma_binding *binding, int event,
					    enum ib_wc_status status,
					    struct vrdma_outcome *out)
{
	vrdma_cursor_exit(&binding->qp->rx.target);
	if (binding->type == IB_QPT_UC)
		return VRDMA_DONE;

	vrdma_qp_fail(binding->qp, event);
	out->status = status;
	return VRDMA_FAILED;
}

static enum vrdma_verdict vrdma_recv_bad_request(struct vrdma_binding *binding,
						 struct vrdma_outcome *out)
{
	vrdma_stat_inc(binding->dev, rx_bad_request);
	return vrdma_recv_refuse(binding, IB_EVENT_QP_REQ_ERR, IB_WC_REM_INV_REQ_ERR, out);
}

static enum vrdma_verdict vrdma_recv_bad_key(struct vrdma_binding *binding,
					     struct vrdma_outcome *out)
{
	vrdma_stat_inc(binding->dev, rx_bad_key);
	return vrdma_recv_refuse(binding, IB_EVENT_QP_ACCESS_ERR, IB_WC_REM_ACCESS_ERR, out);
}

/* The receive itself is at fault: @local for its owner, @remote for the requester. */
static enum vrdma_verdict vrdma_recv_bad_receive(struct vrdma_binding *binding,
						 enum ib_wc_status local,
						 enum ib_wc_status remote,
						 struct vrdma_outcome *out)
{
	vrdma_recv_complete_error(binding->qp, local);
	vrdma_qp_fail(binding->qp, -1);
	if (binding->type == IB_QPT_UC)
		return VRDMA_DONE;
	out->status = remote;
	return VRDMA_FAILED;
}

/*
 * Looks at a receive queue whose producer changes under our eyes, which a sane
 * application's does once.  Then the requester's timer looks again.
 */
#define VRDMA_TAKE_TRIES	4

/*
 * Take a receive into rx->recv, or queue to be told of one.
 * Return: 0, -EAGAIN, or -EINVAL when the application's ring is garbage.
 */
static int vrdma_recv_take(struct vrdma_binding *binding)
{
	struct vrdma_qp *qp = binding->qp;
	struct vrdma_rq *rq = vrdma_recv_queue(qp);
	struct vrdma_rx *rx = &qp->rx;
	unsigned long flags;
	int tries = VRDMA_TAKE_TRIES;
	bool limit = false;
	bool turn;
	int err;

	if (rx->kept) {
		rx->kept = false;
		rx->taken = true;
		return 0;
	}
	spin_lock_irqsave(&rq->lock, flags);
	turn = vrdma_rq_turn(rq, &rx->waiter);
	do {
		err = -EAGAIN;
		if (turn)
			err = vrdma_rq_peek(rq, &rx->recv);
		if (err != -EAGAIN || binding->type == IB_QPT_UC)
			break;
		rx->binding = binding;
		turn = vrdma_rq_wait(rq, &rx->waiter);
	} while (turn && --tries);
	if (!err)
		limit = vrdma_recv_consume(qp);
	if (err != -EAGAIN)
		vrdma_rq_unwait(rq, &rx->waiter);
	spin_unlock_irqrestore(&rq->lock, flags);

	if (limit)
		vrdma_srq_limit_event(to_vsrq(qp->ibqp.srq));
	rx->taken = !err;
	return err;
}

/* vrdma_recv_take() found none: what the requester gets. */
static enum vrdma_verdict vrdma_recv_none(struct vrdma_binding *binding, int err,
					  struct vrdma_outcome *out)
{
	struct vrdma_qp *qp = binding->qp;

	if (err != -EAGAIN)	/* the owner's own ring: its fault, not the requester's */
		return vrdma_recv_refuse(binding, IB_EVENT_QP_FATAL, IB_WC_REM_OP_ERR, out);

	if (binding->type == IB_QPT_UC) {
		vrdma_stat_inc(binding->dev, rx_no_receive);
		return VRDMA_DONE;
	}
	vrdma_stat_inc(binding->dev, tx_rnr_nak);
	out->rnr_timer = qp->attr.min_rnr_timer;
	return VRDMA_RNR;
}

u64 vrdma_recv_room(const struct vrdma_recv *recv)
{
	u64 room = 0;
	u32 i;

	for (i = 0; i < recv->num_sge; i++)
		room += recv->sge[i].length;
	return room;
}

static enum vrdma_verdict vrdma_begin_send(struct vrdma_binding *binding, struct vrdma_op *op,
					   struct vrdma_outcome *out)
{
	struct vrdma_qp *qp = binding->qp;
	struct vrdma_rx *rx = &qp->rx;
	int err;

	err = vrdma_recv_take(binding);
	if (err)
		return vrdma_recv_none(binding, err, out);

	if (op->length > vrdma_recv_room(&rx->recv))
		return vrdma_recv_bad_receive(binding, IB_WC_LOC_LEN_ERR,
					      IB_WC_REM_INV_REQ_ERR, out);

	err = vrdma_cursor_add_sges(&rx->target, qp, rx->recv.sge, rx->recv.num_sge,
				    op->length, IB_ACCESS_LOCAL_WRITE);
	if (err)
		return vrdma_recv_bad_receive(binding, IB_WC_LOC_PROT_ERR,
					      IB_WC_REM_OP_ERR, out);
	return VRDMA_MORE;
}

/* A request with an rkey: the right of the QP, then of the key, then the range. */
static enum vrdma_verdict vrdma_begin_remote(struct vrdma_binding *binding,
					     struct vrdma_op *op, int access,
					     struct vrdma_cursor *target,
					     struct vrdma_outcome *out)
{
	struct vrdma_qp *qp = binding->qp;
	struct vrdma_key *key;

	if (!(qp->attr.qp_access_flags & access))
		return vrdma_recv_bad_request(binding, out);
	if (!op->length)
		return VRDMA_MORE;	/* no key is checked (IBA C9-88) */

	key = vrdma_key_get(qp->ibqp.pd, qp->serial, op->rkey, op->remote_addr, op->length,
			    access);
	if (!key)
		return vrdma_recv_bad_key(binding, out);
	vrdma_cursor_add_range(target, key, op->remote_addr, op->length);
	return VRDMA_MORE;
}

static enum vrdma_verdict vrdma_begin_read(struct vrdma_binding *binding, struct vrdma_op *op,
					   struct vrdma_cursor *target,
					   struct vrdma_outcome *out)
{
	if (!binding->qp->attr.max_dest_rd_atomic)
		return vrdma_recv_bad_request(binding, out);
	return vrdma_begin_remote(binding, op, IB_ACCESS_REMOTE_READ, target, out);
}

/*
 * What was executed before is where it belongs, and every processor sees it: a flush waits for
 * nothing.  What survives a loss of power nobody has, so no key grants that.
 */
static enum vrdma_verdict vrdma_begin_flush(struct vrdma_binding *binding,
					    const struct vrdma_op *op,
					    struct vrdma_outcome *out)
{
	struct vrdma_qp *qp = binding->qp;
	struct vrdma_key *key;
	int access = 0;

	if (op->placement & VRDMA_FLUSH_GLOBAL)
		access |= IB_ACCESS_FLUSH_GLOBAL;
	if (op->placement & VRDMA_FLUSH_PERSISTENT)
		access |= IB_ACCESS_FLUSH_PERSISTENT;
	if (!qp->attr.max_dest_rd_atomic || access & ~qp->attr.qp_access_flags)
		return vrdma_recv_bad_request(binding, out);

	if (op->level == VRDMA_FLUSH_MR)
		key = vrdma_key_get_all(qp->ibqp.pd, qp->serial, op->rkey, access);
	else
		key = vrdma_key_get(qp->ibqp.pd, qp->serial, op->rkey, op->remote_addr,
				    op->range, access);
	if (!key)
		return vrdma_recv_bad_key(binding, out);
	vrdma_key_put(key);
	return VRDMA_MORE;
}

static enum vrdma_verdict vrdma_begin_atomic_write(struct vrdma_binding *binding,
						   struct vrdma_op *op,
						   struct vrdma_outcome *out)
{
	struct vrdma_qp *qp = binding->qp;

	if (!qp->attr.max_dest_rd_atomic || !IS_ALIGNED(op->remote_addr, 8) ||
	    op->length != sizeof(u64))
		return vrdma_recv_bad_request(binding, out);
	return vrdma_begin_remote(binding, op, IB_ACCESS_REMOTE_WRITE, &qp->rx.target, out);
}

static u64 vrdma_atomic(u64 *word, const struct vrdma_op *op)
{
	u64 old = READ_ONCE(*word);

	if (op->opcode == IB_UVERBS_WR_ATOMIC_CMP_AND_SWP)
		return cmpxchg(word, op->compare_add, op->swap);
	while (!try_cmpxchg(word, &old, old + op->compare_add))
		;
	return old;
}

/*
 * The owner's processor executes it, so that it is atomic also with the owner's
 * program; what the word held then travels like the data of a READ.
 */
static enum vrdma_verdict vrdma_begin_atomic(struct vrdma_binding *binding,
					     struct vrdma_op *op, struct vrdma_outcome *out)
{
	struct vrdma_cursor *target = &binding->qp->rx.target;
	enum vrdma_verdict verdict;
	u64 *word;

	if (!binding->qp->attr.max_dest_rd_atomic || !IS_ALIGNED(op->remote_addr, 8))
		return vrdma_recv_bad_request(binding, out);
	verdict = vrdma_begin_remote(binding, op, IB_ACCESS_REMOTE_ATOMIC, target, out);
	if (verdict != VRDMA_MORE)
		return verdict;

	word = vrdma_cursor_word(target);
	if (!word)
		return vrdma_recv_bad_key(binding, out);
	op->original = vrdma_atomic(word, op);
	vrdma_cursor_unword(target);

	vrdma_cursor_exit(target);
	vrdma_cursor_add_buffer(target, &op->original, sizeof(op->original));
	return VRDMA_MORE;
}

bool vrdma_recv_state(const struct vrdma_qp *qp)
{
	enum ib_qp_state state = vrdma_qp_state(qp);

	return state == IB_QPS_RTR || state == IB_QPS_RTS || state == IB_QPS_SQD ||
	       state == IB_QPS_SQE;
}

/* The first message while the application waits in RTR (IBA 11.6.3.3). */
static void vrdma_recv_comm_est(struct vrdma_qp *qp)
{
	if (qp->comm_est || vrdma_qp_state(qp) != IB_QPS_RTR)
		return;
	qp->comm_est = true;
	vrdma_qp_event(qp, IB_EVENT_COMM_EST);
}

/*
 * UC: whatever was under way has been given up by its requester, for another operation
 * begins.  Of that nobody is told; a receive it had is not used up.
 */
static void vrdma_recv_abandon(struct vrdma_rx *rx)
{
	rx->kept |= rx->taken;
	rx->taken = false;
	vrdma_cursor_exit(&rx->target);
}

/**
 * vrdma_recv_begin - accept an operation
 * @binding: the owner's; the caller is in a section of it
 * @op: checked by the requester's side; its length and opcode fit together
 * @out: details of a verdict
 *
 * Return: MORE: move the bytes; DONE: dropped (UC); RNR, LOST or FAILED.
 */
enum vrdma_verdict vrdma_recv_begin(struct vrdma_binding *binding, struct vrdma_op *op,
				    struct vrdma_outcome *out)
{
	struct vrdma_qp *qp = binding->qp;

	if (!vrdma_recv_state(qp))
		return binding->type == IB_QPT_UC ? VRDMA_DONE : VRDMA_LOST;
	vrdma_recv_comm_est(qp);
	if (binding->type == IB_QPT_UC)
		vrdma_recv_abandon(&qp->rx);

	switch (op->opcode) {
	case IB_UVERBS_WR_SEND_WITH_INV:
		if (binding->type != IB_QPT_RC)
			return vrdma_recv_bad_request(binding, out);
		fallthrough;
	case IB_UVERBS_WR_SEND:
	case IB_UVERBS_WR_SEND_WITH_IMM:
		return vrdma_begin_send(binding, op, out);
	case IB_UVERBS_WR_RDMA_WRITE:
	case IB_UVERBS_WR_RDMA_WRITE_WITH_IMM:
		return vrdma_begin_remote(binding, op, IB_ACCESS_REMOTE_WRITE,
					  &qp->rx.target, out);
	case IB_UVERBS_WR_RDMA_READ:
		return vrdma_begin_read(binding, op, &qp->rx.target, out);
	case IB_UVERBS_WR_ATOMIC_CMP_AND_SWP:
	case IB_UVERBS_WR_ATOMIC_FETCH_AND_ADD:
		return vrdma_begin_atomic(binding, op, out);
	case VRDMA_WR_FLUSH:
		return vrdma_begin_flush(binding, op, out);
	case VRDMA_WR_ATOMIC_WRITE:
		return vrdma_begin_atomic_write(binding, op, out);
	default:
		return vrdma_recv_bad_request(binding, out);
	}
}

/**
 * vrdma_recv_read_again - accept a READ once more, whose answer was lost
 * @binding: the owner's; the caller is in a section of it
 * @op: the READ; its memory becomes what it reads
 * @out: details of a verdict
 *
 * Return: MORE, or as vrdma_recv_begin().
 */
enum vrdma_verdict vrdma_recv_read_again(struct vrdma_binding *binding, struct vrdma_op *op,
					 struct vrdma_outcome *out)
{
	if (!vrdma_recv_state(binding->qp))
		return VRDMA_LOST;
	return vrdma_begin_read(binding, op, &op->mem, out);
}

/**
 * vrdma_recv_gone - the owner's memory went away under the operation
 * @binding: the owner's
 * @out: details of the verdict
 *
 * Return: FAILED; DONE for UC.
 */
enum vrdma_verdict vrdma_recv_gone(struct vrdma_binding *binding, struct vrdma_outcome *out)
{
	if (binding->qp->rx.taken)
		return vrdma_recv_bad_receive(binding, IB_WC_LOC_PROT_ERR,
					      IB_WC_REM_OP_ERR, out);
	return vrdma_recv_bad_key(binding, out);
}

/* An ATOMIC_WRITE: one store, however its source is cut up. */
static enum vrdma_fault vrdma_recv_word(struct vrdma_cursor *target, struct vrdma_op *op)
{
	enum vrdma_fault fault;
	u64 value, *word;

	fault = vrdma_cursor_gather(&op->mem, &value, sizeof(value));
	if (fault != VRDMA_FAULT_NONE)
		return fault;
	word = vrdma_cursor_word(target);
	if (!word)
		return VRDMA_FAULT_TARGET;
	WRITE_ONCE(*word, value);
	vrdma_cursor_unword(target);
	return VRDMA_FAULT_NONE;
}

/**
 * vrdma_recv_move - copy the next bytes between both sides
 * @binding: the owner's
 * @op: begun
 * @length: at most VRDMA_CHUNK and what is left
 * @out: details of a verdict
 *
 * Return: MORE when they were copied; else as vrdma_recv_begin().
 */
enum vrdma_verdict vrdma_recv_move(struct vrdma_binding *binding, struct vrdma_op *op,
				   u32 length, struct vrdma_outcome *out)
{
	struct vrdma_cursor *target = &binding->qp->rx.target;
	bool fetch = vrdma_opcode_fetches(op->opcode);
	enum vrdma_fault fault;

	if (!vrdma_recv_state(binding->qp))
		return binding->type == IB_QPT_UC ? VRDMA_DONE : VRDMA_LOST;

	if (op->opcode == VRDMA_WR_ATOMIC_WRITE)
		fault = vrdma_recv_word(target, op);
	else
		fault = fetch ? vrdma_cursor_copy(&op->mem, target, length) :
				vrdma_cursor_copy(target, &op->mem, length);
	if (fault == VRDMA_FAULT_NONE)
		return VRDMA_MORE;
	if (fault == (fetch ? VRDMA_FAULT_TARGET : VRDMA_FAULT_SOURCE)) {
		out->status = IB_WC_LOC_PROT_ERR;
		return VRDMA_FAILED;
	}
	return vrdma_recv_gone(binding, out);
}

/**
 * vrdma_recv_fetch - copy the next bytes of what a READ or an atomic fetches
 * @binding: the owner's; the caller is in a section of it
 * @buffer: takes them
 * @src: has so many left
 * @length: at most VRDMA_CHUNK
 * @out: details of a verdict
 *
 * Return: MORE when they were copied; LOST; or FAILED.
 */
enum vrdma_verdict vrdma_recv_fetch(struct vrdma_binding *binding, void *buffer,
				    struct vrdma_cursor *src, u32 length,
				    struct vrdma_outcome *out)
{
	if (!vrdma_recv_state(binding->qp))
		return VRDMA_LOST;
	if (vrdma_cursor_gather(src, buffer, length) != VRDMA_FAULT_NONE)
		return vrdma_recv_bad_key(binding, out);
	return VRDMA_MORE;
}

static void vrdma_recv_success(struct vrdma_binding *binding, const struct vrdma_op *op)
{
	bool imm = op->opcode == IB_UVERBS_WR_SEND_WITH_IMM ||
		   op->opcode == IB_UVERBS_WR_RDMA_WRITE_WITH_IMM;
	bool inv = op->opcode == IB_UVERBS_WR_SEND_WITH_INV;
	struct vrdma_cqe cqe = {
		.status = IB_WC_SUCCESS,
		.opcode = op->opcode == IB_UVERBS_WR_RDMA_WRITE_WITH_IMM ?
			  IB_WC_RECV_RDMA_WITH_IMM : IB_WC_RECV,
		.byte_len = op->length,
		.wc_flags = (imm ? VRDMA_WC_WITH_IMM : 0) | (inv ? VRDMA_WC_WITH_INV : 0),
		.src_qp = binding->dest_qpn,
	};

	if (imm)
		cqe.imm_data = op->imm_data;
	if (inv)
		cqe.invalidated_rkey = op->rkey;

	vrdma_recv_complete(binding->qp, &cqe, op->flags & VRDMA_SEND_SOLICITED);
}

/*
 * What a SEND_WITH_INV names is invalid before anybody hears of it.  A wrong key is the
 * requester's mistake, but the receive is used up.  MORE: it is; LATER; FAILED.
 */
static enum vrdma_verdict vrdma_recv_invalidate(struct vrdma_binding *binding,
						struct vrdma_op *op, struct vrdma_outcome *out)
{
	struct vrdma_qp *qp = binding->qp;
	struct vrdma_ending *ending = &qp->rx.ending;

	if (!ending->key &&
	    vrdma_key_invalidate(qp->ibqp.pd, qp->serial, op->rkey, ending)) {
		vrdma_stat_inc(binding->dev, rx_bad_key);
		return vrdma_recv_bad_receive(binding, IB_WC_REM_INV_REQ_ERR,
					      IB_WC_REM_ACCESS_ERR, out);
	}
	return vrdma_ending_over(ending) ? VRDMA_MORE : VRDMA_LATER;
}

/**
 * vrdma_recv_finish - all bytes are where they belong: complete at the owner
 * @binding: the owner's
 * @op: begun
 * @out: details of a verdict
 *
 * A WRITE with immediate consumes its receive only now.
 *
 * Return: DONE; or RNR, for a WRITE with immediate, or LATER, for a SEND that invalidates:
 * call again; FAILED; or LOST.
 */
enum vrdma_verdict vrdma_recv_finish(struct vrdma_binding *binding, struct vrdma_op *op,
				     struct vrdma_outcome *out)
{
	struct vrdma_qp *qp = binding->qp;
	enum vrdma_verdict verdict;
	int err;

	if (op->opcode == IB_UVERBS_WR_SEND_WITH_INV) {
		if (!qp->rx.taken)
			return VRDMA_LOST;	/* it was refused, and comes again */
		verdict = vrdma_recv_invalidate(binding, op, out);
		if (verdict != VRDMA_MORE)
			return verdict;
	}
	if (op->opcode == IB_UVERBS_WR_RDMA_WRITE_WITH_IMM) {
		if (!vrdma_recv_state(qp))
			return binding->type == IB_QPT_UC ? VRDMA_DONE : VRDMA_LOST;
		err = vrdma_recv_take(binding);
		if (err)
			return vrdma_recv_none(binding, err, out);
	}
	if (qp->rx.taken)
		vrdma_recv_success(binding, op);
	else
		vrdma_cursor_exit(&qp->rx.target);
	return VRDMA_DONE;
}

static void vrdma_recv_last_wqe(struct vrdma_qp *qp)
{
	if (qp->last_wqe)
		return;
	qp->last_wqe = true;
	vrdma_qp_event(qp, IB_EVENT_QP_LAST_WQE_REACHED);
}

static int vrdma_recv_flush_one(struct vrdma_qp *qp)
{
	unsigned long flags;
	int err;

	spin_lock_irqsave(&qp->rq.lock, flags);
	vrdma_rq_set_flushing(&qp->rq, true);
	err = vrdma_rq_pop(&qp->rq, &qp->rx.recv);
	spin_unlock_irqrestore(&qp->rq.lock, flags);
	if (!err)
		vrdma_recv_complete_error(qp, IB_WC_WR_FLUSH_ERR);
	return err;
}

/**
 * vrdma_recv_flush - complete all receives with WR_FLUSH_ERR
 * @qp: in error, its binding ended; the caller owns its send queue
 * @budget: of the caller
 *
 * The receive that an operation had taken comes first.  An SRQ's receives stay;
 * its users learn that this QP takes no more (IBA 11.6.3.3).
 *
 * Return: false when the budget is used up first.
 */
bool vrdma_recv_flush(struct vrdma_qp *qp, struct vrdma_budget *budget)
{
	vrdma_rx_unwait(qp);
	if (qp->rx.taken || qp->rx.kept)
		vrdma_recv_complete_error(qp, IB_WC_WR_FLUSH_ERR);
	vrdma_cursor_exit(&qp->rx.target);

	if (qp->ibqp.srq) {
		vrdma_recv_last_wqe(qp);
		return true;
	}
	while (budget->wqes-- > 0)
		if (vrdma_recv_flush_one(qp))
			return true;
	return false;
}

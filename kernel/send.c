// SPDX-License-Identifier: GPL-2.0
/*
 * The requester's side: read a work request, check it, have it executed,
 * retire it.  Rule R6: one owner at a time runs a send queue.
 */
#include "send.h"

#include <linux/sched/signal.h>
#include <linux/wait_bit.h>

#include "binding.h"
#include "cq.h"
#include "limits.h"
#include "qp.h"
#include "remote.h"
#include "ring.h"
#include "send_local.h"
#include "ud.h"
#include "wqe.h"

/* What a step of a send queue leaves its owner to do. */
enum vrdma_step {
	VRDMA_STEP_NEXT,	/* take the next step */
	VRDMA_STEP_YIELD,	/* the budget is used up */
	VRDMA_STEP_PARK,	/* somebody will wake the queue */
	VRDMA_STEP_REST,	/* empty: the application will ring */
};

static struct vrdma_device *vrdma_send_dev(const struct vrdma_qp *qp)
{
	return to_vdev(qp->ibqp.device);
}

/* ---- ownership ---- */

/* Ask for the queue to be run.  Return: true when the caller is its owner now. */
static bool vrdma_sq_claim(struct vrdma_sq *sq)
{
	int next, now;

	smp_mb();	/* what the caller did before is seen by the owner's next look */
	now = atomic_read(&sq->owner);
	do {
		if (now == VRDMA_SQ_RUN_AGAIN)
			return false;
		next = now == VRDMA_SQ_RUN ? VRDMA_SQ_RUN_AGAIN : VRDMA_SQ_RUN;
	} while (!atomic_try_cmpxchg(&sq->owner, &now, next));
	return next == VRDMA_SQ_RUN;
}

/*
 * Leave the queue as @state, unless somebody asked for another look.
 * Return: true when the caller is no longer its owner.
 */
static bool vrdma_sq_release(struct vrdma_sq *sq, enum vrdma_sq_owner state)
{
	int run = VRDMA_SQ_RUN;

	if (atomic_try_cmpxchg(&sq->owner, &run, state)) {
		if (READ_ONCE(sq->stopping))
			wake_up_var(&sq->owner);
		return true;
	}
	atomic_set(&sq->owner, VRDMA_SQ_RUN);
	smp_mb();	/* pairs with vrdma_sq_claim() */
	return false;
}

/* The owner hands the queue, and a reference on it, to the device's worker. */
static void vrdma_send_hand_over(struct vrdma_qp *qp)
{
	struct vrdma_device *dev = vrdma_send_dev(qp);
	unsigned long flags;

	refcount_inc(&qp->ref);	/* put in vrdma_send_worker() */
	spin_lock_irqsave(&dev->ready_lock, flags);
	list_add_tail(&qp->sq.ready, &dev->ready);
	spin_unlock_irqrestore(&dev->ready_lock, flags);
	queue_work(vrdma_wq, &dev->work);
}

/**
 * vrdma_send_wake - have the worker look at a send queue
 * @qp: held by the caller, or its binding entered
 *
 * Any context.
 */
void vrdma_send_wake(struct vrdma_qp *qp)
{
	if (vrdma_sq_claim(&qp->sq))
		vrdma_send_hand_over(qp);
}

void vrdma_sq_timer(struct timer_list *timer)
{
	struct vrdma_qp *qp = container_of(timer, struct vrdma_qp, sq.timer);

	vrdma_send_wake(qp);
}

/* ---- the ring ---- */

/*
 * Work requests that wait in the ring behind those that fly.  Indices that cannot be are the
 * application's garbage: nothing is read from the ring any more.
 */
static u32 vrdma_sq_avail(struct vrdma_qp *qp)
{
	struct vrdma_sq *sq = &qp->sq;
	u32 avail;

	if (sq->broken)
		return 0;
	/* pairs with the poster's release: the slots are filled */
	avail = smp_load_acquire(&sq->ring->hdr->producer) - sq->consumer;
	if (likely(avail <= vrdma_ring_slots(sq->ring) && avail >= sq->flying))
		return avail - sq->flying;

	sq->broken = true;
	vrdma_stat_inc(vrdma_send_dev(qp), tx_bad_wqe);
	vrdma_qp_fail(qp, IB_EVENT_QP_FATAL);
	return 0;
}

static bool vrdma_sq_after(u32 a, u32 b)
{
	return (s32)(a - b) > 0;
}

static void vrdma_sq_retire(struct vrdma_sq *sq)
{
	sq->consumer++;
	if (vrdma_sq_after(sq->consumer, sq->changed))
		sq->changed = sq->consumer;
	/* pairs with the poster's acquire: the slot has been read */
	smp_store_release(&sq->ring->hdr->consumer, sq->consumer);
}

/* Ask the application to ring; true when nothing has come meanwhile (rule R16). */
static bool vrdma_sq_rest(struct vrdma_qp *qp)
{
	struct vrdma_ring_hdr *hdr = qp->sq.ring->hdr;

	WRITE_ONCE(hdr->flags, VRDMA_RING_NEED_DOORBELL);
	smp_mb();	/* pairs with the application's fence: one of us sees the other */
	if (!vrdma_sq_avail(qp))
		return true;
	WRITE_ONCE(hdr->flags, 0);
	return false;
}

/* ---- completion ---- */

static void vrdma_send_cqe(struct vrdma_qp *qp, const struct vrdma_flight *flight,
			   enum ib_wc_status status)
{
	const struct vrdma_opcode *code = vrdma_opcode(flight->opcode);
	struct vrdma_cqe cqe = {
		.wr_id = flight->wr_id,
		.status = status,
		.opcode = code ? code->wc : IB_WC_SEND,
		.qp_num = qp->number,
		.kernel = (uintptr_t)&qp->ibqp,
	};

	if (status == IB_WC_SUCCESS && !qp->sig_all &&
	    !(flight->flags & VRDMA_SEND_SIGNALED))
		return;
	if (status == IB_WC_SUCCESS)
		cqe.byte_len = flight->length;
	if (vrdma_cq_post(to_vcq(qp->ibqp.send_cq), &cqe, false))
		vrdma_qp_fail(qp, -1);
}

static void vrdma_sq_wait_over(struct vrdma_sq *sq)
{
	if (sq->wait == VRDMA_WAIT_NOTHING)
		return;
	sq->wait = VRDMA_WAIT_NOTHING;
	timer_delete(&sq->timer);
}

/*
 * Retire the oldest.  The slot is given back first, so that a program that has
 * polled the completion finds room for the next post.
 */
static void vrdma_send_retire(struct vrdma_qp *qp, const struct vrdma_flight *flight,
			      enum ib_wc_status status)
{
	struct vrdma_sq *sq = &qp->sq;

	vrdma_sq_wait_over(sq);
	if (!vrdma_opcode_is_local(flight->opcode))
		sq->mseq++;
	vrdma_sq_retire(sq);
	vrdma_send_cqe(qp, flight, status);
}

static void vrdma_sq_drop_op(struct vrdma_sq *sq)
{
	vrdma_cursor_exit(&sq->op.mem);
	sq->busy = false;
	sq->failed = IB_WC_SUCCESS;
}

static struct vrdma_flight vrdma_sq_head(const struct vrdma_sq *sq)
{
	return (struct vrdma_flight) {
		.wr_id = sq->wqe.wr_id,
		.opcode = sq->wqe.opcode,
		.flags = sq->wqe.flags,
		.length = sq->op.length,
	};
}

/* Retire the head; nothing flies before it. */
static void vrdma_send_complete(struct vrdma_qp *qp, enum ib_wc_status status)
{
	struct vrdma_flight flight = vrdma_sq_head(&qp->sq);

	vrdma_sq_drop_op(&qp->sq);
	vrdma_send_retire(qp, &flight, status);
}

/* Do HCAs of others touch memory of what was sent? */
static bool vrdma_send_is_shown(const struct vrdma_qp *qp)
{
	return qp->binding && qp->binding->remote && vrdma_remote_shows(qp->binding->remote);
}

/* The head has failed; what flies before it completes first. */
static enum vrdma_step vrdma_send_failed(struct vrdma_qp *qp, enum ib_wc_status status)
{
	if (qp->sq.flying || vrdma_send_is_shown(qp)) {
		qp->sq.failed = status;
		return VRDMA_STEP_PARK;
	}
	/* Whoever sees the completion sees the state. */
	vrdma_qp_fail_send(qp);
	vrdma_send_complete(qp, status);
	return VRDMA_STEP_NEXT;
}

static enum vrdma_step vrdma_send_done(struct vrdma_qp *qp)
{
	vrdma_send_complete(qp, IB_WC_SUCCESS);
	return VRDMA_STEP_NEXT;
}

/* ---- flying ---- */

static struct vrdma_flight *vrdma_sq_flight(struct vrdma_sq *sq, u32 index)
{
	return &sq->flight[index % VRDMA_FLIGHTS];
}

/* The path has the head on its way, or it is done behind others that are. */
static enum vrdma_step vrdma_send_sent(struct vrdma_qp *qp)
{
	struct vrdma_sq *sq = &qp->sq;

	*vrdma_sq_flight(sq, sq->consumer + sq->flying) = vrdma_sq_head(sq);
	if (vrdma_opcode_is_local(sq->wqe.opcode))
		sq->done++;
	if (vrdma_opcode_fetches(sq->wqe.opcode))
		sq->fetching++;
	sq->flying++;
	vrdma_sq_drop_op(sq);
	return VRDMA_STEP_NEXT;
}

static void vrdma_send_land(struct vrdma_qp *qp, enum ib_wc_status status)
{
	struct vrdma_sq *sq = &qp->sq;
	struct vrdma_flight *flight = vrdma_sq_flight(sq, sq->consumer);
	bool local = vrdma_opcode_is_local(flight->opcode);

	if (local)
		sq->done--;
	if (vrdma_opcode_fetches(flight->opcode))
		sq->fetching--;
	sq->flying--;
	if (status == IB_WC_SUCCESS && !local) {
		vrdma_stat_inc(vrdma_send_dev(qp), tx_remote_msgs);
		vrdma_stat_add(vrdma_send_dev(qp), tx_remote_bytes, flight->length);
	}
	vrdma_send_retire(qp, flight, status);
}

/* What is not answered for so long is sent again: an answer may have been lost. */
#define VRDMA_AGAIN	(4 * HZ)

/* A key is being changed: that was begun when nothing was on its way. */
static bool vrdma_sq_is_local(const struct vrdma_sq *sq)
{
	return sq->busy && sq->op.begun && vrdma_opcode_is_local(sq->wqe.opcode);
}

/* Send again what is not answered: it is read from the ring, and checked, again. */
static void vrdma_sq_rewind(struct vrdma_sq *sq)
{
	if (vrdma_sq_is_local(sq))
		return;
	sq->repeats |= sq->flying || (sq->busy && sq->op.begun);
	vrdma_sq_drop_op(sq);
	sq->flying = 0;
	sq->done = 0;
	sq->fetching = 0;
	sq->again_at = jiffies + VRDMA_AGAIN;
}

/* The far side refuses the oldest, sent in whole or in part. */
static void vrdma_send_refused(struct vrdma_qp *qp, enum ib_wc_status status)
{
	vrdma_qp_fail(qp, -1);
	if (qp->sq.flying)
		vrdma_send_land(qp, status);
	else if (qp->sq.busy)
		vrdma_send_complete(qp, status);
}

/* The far side lives. */
static void vrdma_sq_heard(struct vrdma_sq *sq)
{
	sq->since = jiffies;
	sq->repeats = false;
}

/* Is the oldest that flies executed, as far as is known? */
static bool vrdma_sq_has_landed(struct vrdma_sq *sq, u32 answered)
{
	return vrdma_opcode_is_local(vrdma_sq_flight(sq, sq->consumer)->opcode) ||
	       (s32)(answered - sq->mseq) > 0;
}

/* Complete what has been answered. */
static void vrdma_send_settle(struct vrdma_qp *qp)
{
	struct vrdma_sq *sq = &qp->sq;
	struct vrdma_settlement news = {
		.answered = sq->mseq,
		.late = vrdma_sq_expects(sq) && time_after(jiffies, sq->again_at),
	};

	if (!qp->binding->path || !qp->binding->path->settle)
		return;
	qp->binding->path->settle(qp->binding, &news);
	if (!vrdma_sq_expects(sq) || news.heard || news.asked || news.answered != sq->mseq)
		sq->again_at = jiffies + VRDMA_AGAIN;
	if (news.heard || news.answered != sq->mseq)
		vrdma_sq_heard(sq);
	while (sq->flying && vrdma_sq_has_landed(sq, news.answered))
		vrdma_send_land(qp, IB_WC_SUCCESS);
	if (news.news == VRDMA_NEWS_AGAIN)
		vrdma_sq_rewind(sq);
	else if (news.news == VRDMA_NEWS_FAILED)
		vrdma_send_refused(qp, news.status);
}

/*
 * Must the head wait for those that fly?  A fence waits for what they fetch, and
 * so does an atomic: it comes after a READ before it (IBA table 79).
 */
static bool vrdma_send_held(const struct vrdma_qp *qp)
{
	const struct vrdma_sq *sq = &qp->sq;
	bool fetches = vrdma_opcode_fetches(sq->wqe.opcode);

	if (sq->flying == VRDMA_FLIGHTS)
		return true;
	if (!sq->fetching)
		return false;
	return sq->wqe.flags & VRDMA_SEND_FENCE || vrdma_opcode_is_atomic(sq->wqe.opcode) ||
	       (fetches && sq->fetching >= min_t(u32, qp->attr.max_rd_atomic, VRDMA_FETCHES));
}

/* ---- waiting ---- */

static void vrdma_sq_wait_for(struct vrdma_sq *sq, enum vrdma_sq_wait what, u64 usecs)
{
	sq->wait = what;
	sq->deadline = jiffies + max(1UL, usecs_to_jiffies(min_t(u64, usecs, UINT_MAX)));
	mod_timer(&sq->timer, sq->deadline);
}

static bool vrdma_sq_waits_for(const struct vrdma_sq *sq, enum vrdma_sq_wait what)
{
	return sq->wait == what && time_before(jiffies, sq->deadline);
}

/*
 * 4.096 us * 2^timeout, for each of retry_cnt + 1 attempts (IBA 9.9.2.1.1); but
 * before the first contact no less than the network is asked for.
 */
static u64 vrdma_qp_patience_us(const struct vrdma_qp *qp)
{
	u64 usecs = (4096ULL << qp->attr.timeout) * (qp->attr.retry_cnt + 1) / NSEC_PER_USEC;

	if (!qp->binding->met)
		usecs = max_t(u64, usecs, VRDMA_ANSWER_MIN_MS * USEC_PER_MSEC);
	return usecs;
}

/* It began when the far side was last heard, though the path has noticed only now. */
static u64 vrdma_qp_patience_left_us(const struct vrdma_qp *qp)
{
	u64 usecs = vrdma_qp_patience_us(qp);
	u64 silent = 0;

	if (qp->sq.repeats)
		silent = (u64)jiffies_to_msecs(jiffies - qp->sq.since) * USEC_PER_MSEC;
	return usecs - min(usecs, silent);
}

/* The far side does not answer, or not yet. */
static enum vrdma_step vrdma_send_lost(struct vrdma_qp *qp)
{
	struct vrdma_sq *sq = &qp->sq;
	bool uc = qp->ibqp.qp_type == IB_QPT_UC;

	if (sq->flying || vrdma_sq_waits_for(sq, VRDMA_WAIT_ANSWER))
		return VRDMA_STEP_PARK;

	if (sq->wait == VRDMA_WAIT_ANSWER || (uc && qp->binding->met)) {
		if (uc)	/* nobody tells an UC requester */
			return vrdma_send_done(qp);
		vrdma_stat_inc(vrdma_send_dev(qp), tx_retry_exceeded);
		return vrdma_send_failed(qp, IB_WC_RETRY_EXC_ERR);
	}

	vrdma_binding_retry(qp->binding);
	if (uc)
		vrdma_sq_wait_for(sq, VRDMA_WAIT_ANSWER,
				  VRDMA_UD_PENDING_MS * USEC_PER_MSEC);
	else if (qp->attr.timeout)	/* 0: for ever */
		vrdma_sq_wait_for(sq, VRDMA_WAIT_ANSWER, vrdma_qp_patience_left_us(qp));
	return VRDMA_STEP_PARK;
}

#define VRDMA_RNR_FOR_EVER	7

/*
 * No receive.  A wake that comes before the timer means that one was posted;
 * it costs no retry.
 */
static enum vrdma_step vrdma_send_rnr(struct vrdma_qp *qp, u8 rnr_timer)
{
	struct vrdma_sq *sq = &qp->sq;

	if (sq->flying)
		return VRDMA_STEP_PARK;
	sq->begun = sq->mseq + 1;	/* what was sent behind it was not executed */
	if (vrdma_sq_waits_for(sq, VRDMA_WAIT_RECEIVE))
		return VRDMA_STEP_PARK;
	vrdma_stat_inc(vrdma_send_dev(qp), rx_rnr_nak);
	if (!sq->rnr_left)
		return vrdma_send_failed(qp, IB_WC_RNR_RETRY_EXC_ERR);
	if (sq->rnr_left != VRDMA_RNR_FOR_EVER)
		sq->rnr_left--;
	vrdma_sq_wait_for(sq, VRDMA_WAIT_RECEIVE, vrdma_rnr_usecs(rnr_timer));
	return VRDMA_STEP_PARK;
}

/* See to it that what flies is looked after, also once a deadline has passed. */
static void vrdma_sq_watch(struct vrdma_sq *sq)
{
	bool waits = sq->wait && time_before(jiffies, sq->deadline);
	bool expects = vrdma_sq_expects(sq);
	unsigned long at = sq->again_at + 1;

	if (waits && (!expects || time_before(sq->deadline, at)))
		at = sq->deadline;
	if ((waits || expects) &&
	    (!timer_pending(&sq->timer) || time_before(at, sq->timer.expires)))
		mod_timer(&sq->timer, at);
}

/* Nobody will wake the queue: have it look again at the next tick. */
static enum vrdma_step vrdma_send_soon(struct vrdma_qp *qp)
{
	mod_timer(&qp->sq.timer, jiffies + 1);
	return VRDMA_STEP_PARK;
}

/* ---- running ---- */

static enum vrdma_step vrdma_send_connected(struct vrdma_qp *qp, struct vrdma_budget *budget)
{
	struct vrdma_binding *binding = qp->binding;
	enum vrdma_verdict verdict = VRDMA_LOST;
	struct vrdma_outcome out = {};
	struct vrdma_sq *sq = &qp->sq;

	if (vrdma_send_held(qp))
		return VRDMA_STEP_PARK;
	if (vrdma_binding_bound(binding))
		verdict = binding->path->advance(binding, &sq->op, budget, &out);

	sq->crowded = verdict == VRDMA_BUSY;
	if (verdict != VRDMA_LOST && sq->wait == VRDMA_WAIT_ANSWER)
		vrdma_sq_wait_over(sq);	/* patience begins anew */
	if (verdict != VRDMA_LOST && !sq->flying && !sq->repeats)
		sq->since = jiffies;
	switch (verdict) {
	case VRDMA_DONE:
		vrdma_stat_inc(vrdma_send_dev(qp), tx_local_msgs);
		vrdma_stat_add(vrdma_send_dev(qp), tx_local_bytes, qp->sq.op.length);
		return vrdma_send_done(qp);
	case VRDMA_SENT:
		return vrdma_send_sent(qp);
	case VRDMA_MORE:
		return VRDMA_STEP_YIELD;
	case VRDMA_BUSY:
		return VRDMA_STEP_PARK;
	case VRDMA_LATER:
		return vrdma_send_soon(qp);
	case VRDMA_RNR:
		return vrdma_send_rnr(qp, out.rnr_timer);
	case VRDMA_LOST:
		return vrdma_send_lost(qp);
	case VRDMA_FAILED:
		break;
	}
	return vrdma_send_failed(qp, out.status);
}

static enum vrdma_step vrdma_send_datagram(struct vrdma_qp *qp, struct vrdma_budget *budget)
{
	enum ib_wc_status status;

	budget->bytes -= vrdma_ud_cost(&qp->sq.wqe, &qp->sq.op);
	status = vrdma_ud_send(qp, &qp->sq.wqe, &qp->sq.op);
	return status == IB_WC_SUCCESS ? vrdma_send_done(qp) : vrdma_send_failed(qp, status);
}

/* A key is changed, once, whatever is sent again before it; it completes in its turn. */
static enum vrdma_step vrdma_send_changed(struct vrdma_qp *qp)
{
	struct vrdma_sq *sq = &qp->sq;
	u32 next = sq->consumer + sq->flying + 1;

	if (vrdma_sq_after(next, sq->changed))
		sq->changed = next;
	return sq->flying ? vrdma_send_sent(qp) : vrdma_send_done(qp);
}

/*
 * A key ends behind all before it, which may have to be sent again from the memory it leads
 * to.  One that is made is for those behind it.
 */
static enum vrdma_step vrdma_send_change(struct vrdma_qp *qp)
{
	const struct vrdma_opcode *code = vrdma_opcode(qp->sq.wqe.opcode);
	struct vrdma_outcome out = {};
	struct vrdma_sq *sq = &qp->sq;

	if (code->early ? vrdma_send_held(qp) : sq->flying || vrdma_send_is_shown(qp))
		return VRDMA_STEP_PARK;
	if (vrdma_sq_after(sq->changed, sq->consumer + sq->flying))
		return vrdma_send_changed(qp);
	switch (vrdma_send_local(qp, &out)) {
	case VRDMA_DONE:
		return vrdma_send_changed(qp);
	case VRDMA_LATER:
		return vrdma_send_soon(qp);
	default:
		return vrdma_send_failed(qp, out.status);
	}
}

/* Complete what waits in the ring with WR_FLUSH_ERR. */
static enum vrdma_step vrdma_send_flush_ring(struct vrdma_qp *qp, struct vrdma_budget *budget)
{
	struct vrdma_wqe_sge sge[VRDMA_MAX_SGE];

	while (vrdma_sq_avail(qp)) {
		if (budget->wqes-- <= 0)
			return VRDMA_STEP_YIELD;
		vrdma_sq_fetch(&qp->sq, sge);
		vrdma_send_complete(qp, IB_WC_WR_FLUSH_ERR);
	}
	return VRDMA_STEP_REST;
}

/* In error: end the connection, then complete everything with WR_FLUSH_ERR. */
static enum vrdma_step vrdma_send_flush(struct vrdma_qp *qp, struct vrdma_budget *budget)
{
	if (qp->binding) {
		vrdma_binding_stop(qp->binding);
		if (!vrdma_binding_is_quiet(qp->binding))
			return VRDMA_STEP_PARK;
		vrdma_binding_end(qp->binding);
	}
	if (!vrdma_ending_over(&qp->sq.ending) || !vrdma_ending_over(&qp->rx.ending))
		return vrdma_send_soon(qp);
	while (qp->sq.flying)
		vrdma_send_land(qp, IB_WC_WR_FLUSH_ERR);
	if (qp->sq.busy)
		vrdma_send_complete(qp, IB_WC_WR_FLUSH_ERR);
	if (vrdma_send_flush_ring(qp, budget) == VRDMA_STEP_YIELD)
		return VRDMA_STEP_YIELD;
	return vrdma_recv_flush(qp, budget) ? VRDMA_STEP_REST : VRDMA_STEP_YIELD;
}

static enum vrdma_step vrdma_send_head(struct vrdma_qp *qp, struct vrdma_budget *budget)
{
	enum ib_wc_status status;

	if (!qp->sq.busy) {
		if (!vrdma_sq_avail(qp))
			return qp->sq.broken ? VRDMA_STEP_NEXT : VRDMA_STEP_REST;
		status = vrdma_sq_accept(qp);
		if (status != IB_WC_SUCCESS)
			return vrdma_send_failed(qp, status);
	}
	if (qp->sq.failed != IB_WC_SUCCESS)
		return vrdma_send_failed(qp, qp->sq.failed);
	if (vrdma_opcode_is_local(qp->sq.wqe.opcode))
		return vrdma_send_change(qp);
	if (qp->binding)
		return vrdma_send_connected(qp, budget);
	return vrdma_send_datagram(qp, budget);
}

static enum vrdma_step vrdma_send_step(struct vrdma_qp *qp, struct vrdma_budget *budget)
{
	enum ib_qp_state state = vrdma_qp_state(qp);

	qp->sq.crowded = false;
	if (qp->binding && (state == IB_QPS_RTS || state == IB_QPS_SQD))
		vrdma_send_settle(qp);
	switch (state) {
	case IB_QPS_RTS:
		return vrdma_send_head(qp, budget);
	case IB_QPS_SQD:	/* what was sent, and is to be sent again, has begun */
		if (qp->sq.busy || qp->sq.begun != vrdma_sq_number(&qp->sq))
			return vrdma_send_head(qp, budget);
		if (!qp->sq.flying)
			vrdma_qp_drained(qp);
		return VRDMA_STEP_PARK;
	case IB_QPS_SQE:	/* nothing flies, and nothing is half sent */
		return vrdma_send_flush_ring(qp, budget);
	case IB_QPS_ERR:
		return vrdma_send_flush(qp, budget);
	default:
		return VRDMA_STEP_PARK;
	}
}

/* The owner is about to leave: room that the path has set aside is for others. */
static void vrdma_send_rest(struct vrdma_qp *qp)
{
	struct vrdma_binding *binding = qp->binding;

	vrdma_sq_watch(&qp->sq);
	if (binding && !qp->sq.crowded && binding->path && binding->path->rest)
		binding->path->rest(binding);
}

/*
 * Run the queue as its owner.
 * Return: true when the budget is used up and the caller still owns it.
 */
static bool vrdma_send_run(struct vrdma_qp *qp, struct vrdma_budget *budget)
{
	struct vrdma_sq *sq = &qp->sq;

	if (READ_ONCE(sq->ring->hdr->flags))
		WRITE_ONCE(sq->ring->hdr->flags, 0);
	for (;;) {
		switch (vrdma_send_step(qp, budget)) {
		case VRDMA_STEP_NEXT:
			if (--budget->wqes > 0 && budget->bytes > 0 &&
			    !fatal_signal_pending(current))
				break;
			fallthrough;
		case VRDMA_STEP_YIELD:
			return true;
		case VRDMA_STEP_PARK:
			vrdma_send_rest(qp);
			if (vrdma_sq_release(sq, VRDMA_SQ_PARKED))
				return false;
			break;
		case VRDMA_STEP_REST:
			vrdma_send_rest(qp);
			if (vrdma_sq_rest(qp) && vrdma_sq_release(sq, VRDMA_SQ_IDLE))
				return false;
			break;
		}
	}
}

/**
 * vrdma_send_doorbell - run a send queue in the caller's context
 * @qp: held by the caller
 *
 * Process context.  What the budget leaves is the worker's (rule R7).
 */
int vrdma_send_doorbell(struct vrdma_qp *qp)
{
	struct vrdma_budget budget = {
		.bytes = VRDMA_DRAIN_BYTES,
		.wqes = VRDMA_DRAIN_WQES,
	};

	if (!vrdma_sq_claim(&qp->sq))
		return 0;
	if (vrdma_send_run(qp, &budget)) {
		vrdma_stat_inc(vrdma_send_dev(qp), to_worker);
		vrdma_send_hand_over(qp);
	}
	return 0;
}

/**
 * vrdma_send_nudge - run a send queue a little, in a context that serves others
 * @qp: held by the caller
 *
 * Process context.
 */
void vrdma_send_nudge(struct vrdma_qp *qp)
{
	struct vrdma_budget budget = {
		.bytes = VRDMA_CHUNK,
		.wqes = VRDMA_DRAIN_WQES,
		.hurry = true,
	};

	if (vrdma_sq_claim(&qp->sq) && vrdma_send_run(qp, &budget))
		vrdma_send_hand_over(qp);
}

static struct vrdma_qp *vrdma_send_ready(struct vrdma_device *dev)
{
	struct vrdma_qp *qp;

	spin_lock_irq(&dev->ready_lock);
	qp = list_first_entry_or_null(&dev->ready, struct vrdma_qp, sq.ready);
	if (qp)
		list_del_init(&qp->sq.ready);
	spin_unlock_irq(&dev->ready_lock);
	return qp;
}

/**
 * vrdma_send_worker - run the send queues that were handed over, in turn
 * @work: of the device
 *
 * One per device, so that a container's copies keep one processor busy at most.
 */
void vrdma_send_worker(struct work_struct *work)
{
	struct vrdma_device *dev = container_of(work, struct vrdma_device, work);
	struct vrdma_qp *qp;

	while ((qp = vrdma_send_ready(dev))) {
		struct vrdma_budget budget = {
			.bytes = VRDMA_DRAIN_BYTES,
			.wqes = VRDMA_DRAIN_WQES,
		};

		if (vrdma_send_run(qp, &budget))
			vrdma_send_hand_over(qp);
		vrdma_qp_put(qp);
		cond_resched();
	}
}

/* ---- life ---- */

void vrdma_sq_stop(struct vrdma_qp *qp)
{
	struct vrdma_sq *sq = &qp->sq;

	WRITE_ONCE(sq->stopping, true);
	wait_var_event(&sq->owner, vrdma_sq_claim(sq));
	WRITE_ONCE(sq->stopping, false);
	timer_delete_sync(&sq->timer);
}

void vrdma_sq_reset(struct vrdma_qp *qp)
{
	struct vrdma_sq *sq = &qp->sq;

	vrdma_ending_wait(&sq->ending);
	sq->op.begun = false;
	vrdma_sq_rewind(sq);
	sq->mseq = 1;
	sq->begun = 1;
	sq->repeats = false;
	sq->counted = 0;
	sq->wait = VRDMA_WAIT_NOTHING;
	sq->broken = false;
	sq->consumer = READ_ONCE(sq->ring->hdr->producer);
	sq->changed = sq->consumer;
	/* pairs with the poster's acquire */
	smp_store_release(&sq->ring->hdr->consumer, sq->consumer);
	atomic_set(&sq->owner, VRDMA_SQ_PARKED);
}

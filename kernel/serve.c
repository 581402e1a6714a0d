// SPDX-License-Identifier: GPL-2.0
/*
 * The owner's half of the path to other hosts: put operations together again and
 * have recv.c execute them in order, each once.
 */
#include <linux/slab.h>

#include "binding.h"
#include "qp.h"
#include "recv.h"
#include "remote.h"
#include "serve.h"
#include "vdev.h"
#include "wqe.h"

void vrdma_serve_fill(struct vrdma_op *op, const struct vrdma_msg *msg)
{
	memset(op, 0, sizeof(*op));
	op->opcode = msg->request.opcode;
	op->flags = msg->request.flags;
	op->imm_data = msg->request.imm;
	op->length = msg->request.total;
	op->rkey = msg->request.rkey;
	op->remote_addr = msg->request.remote_addr;
	op->compare_add = msg->request.compare_add;
	op->swap = msg->request.swap;
	op->range = msg->request.compare_add;
	op->placement = msg->request.placement;
	op->level = msg->request.level;
	op->mseq = msg->mseq;
}

static struct vrdma_fetch *vrdma_fetch_alloc(const struct vrdma_msg *msg)
{
	struct vrdma_fetch *fetch = kmalloc(sizeof(*fetch), GFP_KERNEL);

	if (!fetch)
		return NULL;
	vrdma_serve_fill(&fetch->op, msg);
	fetch->done = msg->mseq + 1;
	return fetch;
}

/* ---- executing ---- */

void vrdma_serve_next(struct vrdma_serve *serve)
{
	serve->expected++;
	serve->offset = 0;
	serve->op.begun = false;
	serve->dropped = false;
	serve->missed = false;
}

/* What a verdict of recv.c that ends an attempt means to the far side. */
void vrdma_serve_verdict(struct vrdma_remote *remote, enum vrdma_verdict verdict,
			 const struct vrdma_outcome *out)
{
	struct vrdma_serve *serve = &remote->serve;

	switch (verdict) {
	case VRDMA_DONE:
		if (!serve->dropped)
			vrdma_stat_inc(remote->binding->dev, rx_remote_msgs);
		vrdma_serve_executed(remote, serve->expected);
		vrdma_serve_next(serve);
		break;
	case VRDMA_RNR:
		vrdma_serve_answer(remote, VRDMA_ANSWER_RNR, out);
		break;
	case VRDMA_FAILED:
		vrdma_serve_answer(remote, VRDMA_ANSWER_FAILED, out);
		break;
	default:	/* LOST: the QP is in no state to answer */
		break;
	}
}

/* What an atomic found travels like the bytes of a READ. */
static void vrdma_fetch_value(struct vrdma_fetch *fetch, u64 value)
{
	fetch->op.original = value;
	vrdma_cursor_add_buffer(&fetch->op.mem, &fetch->op.original, sizeof(value));
}

/* A READ's bytes, or what an atomic found, wait to be sent. */
static void vrdma_serve_fetch(struct vrdma_remote *remote, struct vrdma_fetch **fetch)
{
	struct vrdma_serve *serve = &remote->serve;
	struct vrdma_cursor *target = &remote->binding->qp->rx.target;

	if (serve->op.opcode == IB_UVERBS_WR_RDMA_READ) {
		(*fetch)->op.mem = *target;
		vrdma_cursor_init(target);
	} else {
		serve->results[serve->op.mseq % VRDMA_FETCHES] = (struct vrdma_result) {
			.mseq = serve->op.mseq,
			.value = serve->op.original,
		};
		vrdma_cursor_exit(target);
		vrdma_fetch_value(*fetch, serve->op.original);
	}
	if (vrdma_serve_add_fetch(remote, *fetch))
		*fetch = NULL;
	vrdma_stat_inc(remote->binding->dev, rx_remote_msgs);
	vrdma_serve_next(serve);
}

static void vrdma_serve_begin(struct vrdma_remote *remote, const struct vrdma_msg *msg,
			      struct vrdma_fetch **fetch)
{
	struct vrdma_binding *binding = remote->binding;
	struct vrdma_serve *serve = &remote->serve;
	struct vrdma_outcome out = {};
	enum vrdma_verdict verdict;

	vrdma_serve_fill(&serve->op, msg);
	verdict = vrdma_recv_begin(binding, &serve->op, &out);
	if (verdict == VRDMA_DONE) {
		serve->dropped = true;
		serve->op.begun = true;
	} else if (verdict != VRDMA_MORE) {
		vrdma_serve_verdict(remote, verdict, &out);
	} else if (*fetch) {
		vrdma_serve_fetch(remote, fetch);
	} else {
		serve->op.begun = true;
	}
}

/* The bytes of @msg from @skip on.  False: that was the end of the operation. */
static bool vrdma_serve_move(struct vrdma_remote *remote, const struct vrdma_msg *msg,
			     void *payload, u32 skip)
{
	struct vrdma_serve *serve = &remote->serve;
	u32 length = msg->payload - skip;
	struct vrdma_outcome out = {};
	enum vrdma_verdict verdict;

	serve->offset += length;
	if (serve->dropped || !length)
		return true;

	vrdma_cursor_init(&serve->op.mem);
	vrdma_cursor_add_buffer(&serve->op.mem, payload + skip, length);
	verdict = vrdma_recv_move(remote->binding, &serve->op, length, &out);
	if (verdict == VRDMA_MORE) {
		vrdma_stat_add(remote->binding->dev, rx_remote_bytes, length);
		return true;
	}
	if (verdict == VRDMA_DONE) {	/* UC: the rest is passed over */
		serve->dropped = true;
		return true;
	}
	vrdma_serve_verdict(remote, verdict, &out);
	return false;
}

void vrdma_serve_finish(struct vrdma_remote *remote)
{
	struct vrdma_serve *serve = &remote->serve;
	struct vrdma_outcome out = {};
	enum vrdma_verdict verdict = VRDMA_DONE;

	if (!serve->dropped)
		verdict = vrdma_recv_finish(remote->binding, &serve->op, &out);
	serve->unfinished = verdict == VRDMA_LATER;
	if (serve->unfinished)
		vrdma_serve_queue(remote, 1);
	else
		vrdma_serve_verdict(remote, verdict, &out);
}

/*
 * What comes behind the operation that is due is behind one that was refused, or is lost, and
 * comes again by itself; or that one is not finished.
 */
void vrdma_serve_miss(struct vrdma_serve *serve)
{
	serve->missed |= serve->unfinished;
}

/* The work looks again at what could not be finished. */
static void vrdma_serve_finish_late(struct vrdma_remote *remote)
{
	struct vrdma_live *live = &remote->binding->live;
	bool missed = remote->serve.missed;
	struct vrdma_outcome out = {};

	if (!remote->serve.unfinished)
		return;
	preempt_disable();
	if (vrdma_live_enter(live)) {
		vrdma_serve_finish(remote);
		if (missed && !remote->serve.unfinished)
			vrdma_serve_answer(remote, VRDMA_ANSWER_READY, &out);
		vrdma_live_exit(live);
	}
	preempt_enable();
}

bool vrdma_serve_fits(const struct vrdma_op *op, const struct vrdma_msg *msg)
{
	return op->opcode == msg->request.opcode && op->length == msg->request.total;
}

static bool vrdma_serve_is_last(const struct vrdma_msg *msg)
{
	return msg->request.offset + msg->payload == msg->request.total;
}

/* UC: those before @mseq were given up by the requester, who never sends anything again. */
static void vrdma_serve_skip_to(struct vrdma_serve *serve, u32 mseq)
{
	serve->expected = mseq - 1;
	vrdma_serve_next(serve);
}

/* UC: parts of the operation are lost, and so is all of it; that is its end. */
static void vrdma_serve_pass(struct vrdma_remote *remote, const struct vrdma_msg *msg)
{
	if (remote->binding->type != IB_QPT_UC || !vrdma_serve_is_last(msg))
		return;
	vrdma_serve_skip_to(&remote->serve, msg->mseq);
	vrdma_serve_executed(remote, msg->mseq);
	vrdma_serve_next(&remote->serve);
}

/* The operation that is due: the whole of it, or a part. */
static void vrdma_serve_expected(struct vrdma_remote *remote, const struct vrdma_msg *msg,
				 void *payload, struct vrdma_fetch **fetch)
{
	struct vrdma_serve *serve = &remote->serve;
	u32 end = msg->request.offset + msg->payload;

	if (msg->request.offset > serve->offset) {
		vrdma_serve_pass(remote, msg);
		return;
	}
	if (!serve->op.begun) {
		vrdma_serve_begin(remote, msg, fetch);
		if (!serve->op.begun)
			return;
	} else if (!vrdma_serve_fits(&serve->op, msg)) {
		return;
	}
	if (end >= serve->offset &&
	    !vrdma_serve_move(remote, msg, payload, serve->offset - msg->request.offset))
		return;
	if (end == serve->op.length)
		vrdma_serve_finish(remote);
}

/* Asked again because its answer was lost with a lane. */
static bool vrdma_serve_refetch(struct vrdma_remote *remote, struct vrdma_fetch *fetch)
{
	u32 mseq = fetch->op.mseq;
	struct vrdma_result *result = &remote->serve.results[mseq % VRDMA_FETCHES];
	struct vrdma_outcome out = {};
	enum vrdma_verdict verdict;

	if (fetch->op.opcode != IB_UVERBS_WR_RDMA_READ) {
		if (result->mseq == mseq)
			vrdma_fetch_value(fetch, result->value);
		return result->mseq == mseq;
	}
	verdict = vrdma_recv_read_again(remote->binding, &fetch->op, &out);
	if (verdict == VRDMA_MORE)
		return true;
	vrdma_serve_verdict(remote, verdict, &out);
	return false;
}

static void vrdma_serve_repeated(struct vrdma_remote *remote, const struct vrdma_msg *msg,
				 struct vrdma_fetch **fetch)
{
	vrdma_stat_inc(remote->binding->dev, rx_remote_again);
	if (!*fetch) {
		if (vrdma_serve_is_last(msg))
			vrdma_serve_executed(remote, msg->mseq);
	} else if (vrdma_serve_refetch(remote, *fetch) &&
		   vrdma_serve_add_fetch(remote, *fetch)) {
		*fetch = NULL;
	}
}

static void vrdma_serve_execute(struct vrdma_remote *remote, const struct vrdma_msg *msg,
				void *payload, struct vrdma_fetch **fetch)
{
	s32 ahead = msg->mseq - remote->serve.expected;

	/* Behind what the HCA moves an honest requester sends nothing else. */
	if (vrdma_serve_hauls(&remote->serve))
		return;
	if (!vrdma_binding_bound(remote->binding)) {
		if (ahead >= 0 && vrdma_binding_is_cut(remote->binding))
			vrdma_serve_pass(remote, msg);
		return;
	}
	if (ahead > 0 && remote->binding->type == IB_QPT_UC) {
		vrdma_serve_skip_to(&remote->serve, msg->mseq);
		ahead = 0;
	}
	if (ahead < 0)
		vrdma_serve_repeated(remote, msg, fetch);
	else if (!ahead)
		vrdma_serve_expected(remote, msg, payload, fetch);
	else
		vrdma_serve_miss(&remote->serve);
}

/**
 * vrdma_serve_request - execute what a REQUEST asks for
 * @remote: the binding it is for
 * @msg: the message
 * @payload: its bytes
 *
 * From the lane's receiver.  The lock is not for an honest far side, which keeps to
 * one lane.
 */
void vrdma_serve_request(struct vrdma_remote *remote, const struct vrdma_msg *msg,
			 void *payload)
{
	struct vrdma_live *live = &remote->binding->live;
	struct vrdma_fetch *fetch = NULL;

	if (vrdma_opcode_fetches(msg->request.opcode)) {
		fetch = vrdma_fetch_alloc(msg);
		if (!fetch)
			return;	/* as if lost; the requester's patience decides */
	}
	mutex_lock(&remote->serve.lock);
	preempt_disable();
	if (vrdma_live_enter(live)) {
		vrdma_serve_execute(remote, msg, payload, &fetch);
		vrdma_live_exit(live);
	}
	preempt_enable();
	vrdma_serve_reply(remote);
	mutex_unlock(&remote->serve.lock);
	vrdma_fetch_free(fetch);
}

/* ---- life ---- */

/**
 * vrdma_serve_down - the lane is gone
 * @remote: the binding
 *
 * What was refused on it comes again on the next one, where it may be under way when a refusal
 * of the first time would come.
 */
void vrdma_serve_down(struct vrdma_remote *remote)
{
	struct vrdma_serve *serve = &remote->serve;

	spin_lock_irq(&remote->lock);
	if (serve->answer == VRDMA_ANSWER_RNR)
		serve->answer = VRDMA_ANSWER_DONE;
	spin_unlock_irq(&remote->lock);
}

/**
 * vrdma_serve_again - the lane came back: what was sent may be lost
 * @remote: the binding
 *
 * Data is asked for again; an answer is said again.  So is who we are: the far side may have
 * said farewell, or have ended before it knew whom to say it to.
 */
void vrdma_serve_again(struct vrdma_remote *remote)
{
	struct vrdma_serve *serve = &remote->serve;

	vrdma_serve_forget(remote);
	spin_lock_irq(&remote->lock);
	if (!serve->ended)
		serve->answer = serve->status ? VRDMA_ANSWER_FAILED : VRDMA_ANSWER_DONE;
	serve->hello = !serve->ended && READ_ONCE(remote->far_id);
	serve->recall &= remote->request.recalled;
	serve->later = false;
	spin_unlock_irq(&remote->lock);
	vrdma_serve_run(remote);
}

/**
 * vrdma_serve_end - the binding is over: say so when the last answer is sent
 * @remote: nobody is in the binding's sections
 *
 * A farewell may have to wait for room, longer than the binding lives.
 */
void vrdma_serve_end(struct vrdma_remote *remote)
{
	struct vrdma_serve *serve = &remote->serve;

	vrdma_serve_forget(remote);
	mutex_lock(&serve->lock);
	vrdma_serve_drop_pieces(remote);
	mutex_unlock(&serve->lock);
	spin_lock_irq(&remote->lock);
	serve->ended = true;
	serve->farewell = remote->far_id;
	if (serve->farewell)
		refcount_inc(&remote->ref); /* put when it is sent, or cannot be */
	spin_unlock_irq(&remote->lock);
	vrdma_serve_run(remote);
}

static void vrdma_serve_work(struct work_struct *work)
{
	struct vrdma_remote *remote = container_of(to_delayed_work(work), struct vrdma_remote,
						   serve.work);

	mutex_lock(&remote->serve.lock);
	vrdma_serve_finish_late(remote);
	vrdma_serve_run_locked(remote);
	mutex_unlock(&remote->serve.lock);
	vrdma_remote_put(remote);
}

static void vrdma_serve_room(struct vrdma_lane_waiter *room)
{
	vrdma_serve_queue(container_of(room, struct vrdma_remote, serve.room), 0);
}

void vrdma_serve_init(struct vrdma_remote *remote)
{
	struct vrdma_serve *serve = &remote->serve;

	serve->expected = 1;
	serve->done = 1;
	INIT_LIST_HEAD(&serve->fetches);
	INIT_LIST_HEAD(&serve->pieces);
	INIT_LIST_HEAD(&serve->room.node);
	serve->room.ready = vrdma_serve_room;
	INIT_DELAYED_WORK(&serve->work, vrdma_serve_work);
	mutex_init(&serve->lock);
}

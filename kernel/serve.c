// SPDX-License-Identifier: GPL-2.0
/*
 * The owner's half of the path to other hosts: put operations together again and
 * have recv.c execute them in order, each once; send back what they fetch and
 * what became of them.
 */
#include <linux/slab.h>

#include "binding.h"
#include "qp.h"
#include "recv.h"
#include "remote.h"
#include "serve.h"
#include "vdev.h"
#include "wqe.h"

/**
 * struct vrdma_fetch - a READ or an atomic whose data is to be sent back
 * @node: in vrdma_serve::fetches
 * @done: vrdma_serve::done once it is answered: what came after it is executed, too
 * @op: what was asked; its memory is where the bytes are
 */
struct vrdma_fetch {
	struct list_head node;
	u32 done;
	struct vrdma_op op;
};

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
	op->mseq = msg->mseq;
}

static void vrdma_fetch_free(struct vrdma_fetch *fetch)
{
	if (!fetch)
		return;
	vrdma_cursor_exit(&fetch->op.mem);
	kfree(fetch);
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

/* ---- what is to be answered ---- */

/* Can DONE wait?  In a conversation our side's reply can carry it. */
static void vrdma_serve_put_off(struct vrdma_serve *serve)
{
	bool later;

	serve->unsaid++;
	later = serve->answer == VRDMA_ANSWER_DONE && serve->chats == VRDMA_ANSWER_CHATS &&
		serve->unsaid < VRDMA_ANSWER_BATCH;
	if (later && !serve->later)
		serve->until = jiffies + msecs_to_jiffies(VRDMA_ANSWER_LATER_MS);
	serve->later = later;
}

/* The far side is told of all before vrdma_serve::done. */
static void vrdma_serve_told(struct vrdma_serve *serve)
{
	serve->answer = 0;
	serve->later = false;
	serve->unsaid = 0;
}

/**
 * vrdma_serve_ride - let a REQUEST of ours carry what is to be answered
 * @serve: under vrdma_remote::lock
 *
 * Return: all operations of the far side before this one are executed.
 */
u32 vrdma_serve_ride(struct vrdma_serve *serve)
{
	if (serve->answer == VRDMA_ANSWER_DONE && list_empty(&serve->fetches))
		vrdma_serve_told(serve);
	else if (serve->alone && serve->chats < VRDMA_ANSWER_CHATS &&
		 time_before_eq(jiffies, serve->alone_at + 1))
		serve->chats++;
	serve->alone = false;
	return serve->done;
}

/* Operation @mseq is executed; nothing of it is to be sent back. */
void vrdma_serve_executed(struct vrdma_remote *remote, u32 mseq)
{
	struct vrdma_serve *serve = &remote->serve;
	u32 *done = &serve->done;

	spin_lock_irq(&remote->lock);
	if (!list_empty(&serve->fetches))
		done = &list_last_entry(&serve->fetches, struct vrdma_fetch, node)->done;
	if ((s32)(mseq + 1 - *done) > 0)
		*done = mseq + 1;
	/* One that came twice changes nothing about a refusal of a later one. */
	if (!serve->answer || mseq == serve->expected)
		serve->answer = VRDMA_ANSWER_DONE;
	vrdma_serve_put_off(serve);
	spin_unlock_irq(&remote->lock);
}

/* Lock held. */
static bool vrdma_serve_waits(const struct vrdma_serve *serve)
{
	return serve->later && time_before(jiffies, serve->until);
}

static bool vrdma_serve_add_fetch(struct vrdma_remote *remote, struct vrdma_fetch *fetch)
{
	struct vrdma_serve *serve = &remote->serve;
	bool room;

	spin_lock_irq(&remote->lock);
	room = serve->nr_fetches < VRDMA_FETCHES;
	if (room) {
		list_add_tail(&fetch->node, &serve->fetches);
		serve->nr_fetches++;
	}
	spin_unlock_irq(&remote->lock);
	return room;
}

static void vrdma_serve_answer(struct vrdma_remote *remote, enum vrdma_msg_answer answer,
			       const struct vrdma_outcome *out)
{
	struct vrdma_serve *serve = &remote->serve;
	unsigned long flags;

	spin_lock_irqsave(&remote->lock, flags);
	if (!serve->ended && serve->answer != VRDMA_ANSWER_FAILED) {
		serve->answer = answer;
		serve->later = false;
		serve->rnr_timer = out->rnr_timer;
		serve->status = out->status;
	}
	spin_unlock_irqrestore(&remote->lock, flags);
}

/* ---- executing ---- */

void vrdma_serve_next(struct vrdma_serve *serve)
{
	serve->expected++;
	serve->offset = 0;
	serve->op.begun = false;
	serve->dropped = false;
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

/* The work looks again at what could not be finished. */
static void vrdma_serve_finish_late(struct vrdma_remote *remote)
{
	struct vrdma_live *live = &remote->binding->live;

	if (!remote->serve.unfinished)
		return;
	preempt_disable();
	if (vrdma_live_enter(live)) {
		vrdma_serve_finish(remote);
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
	/* else: behind one that was refused, or lost; it comes again */
}

/*
 * Send what is due, or have it sent behind what else the lane has received by now: one
 * answer does for all of that.
 */
static void vrdma_serve_reply(struct vrdma_remote *remote)
{
	struct vrdma_serve *serve = &remote->serve;
	bool at_once, say;

	spin_lock_irq(&remote->lock);
	say = serve->answer && !vrdma_serve_waits(serve);
	at_once = !list_empty(&serve->fetches) || serve->unsaid >= VRDMA_ANSWER_BATCH ||
		  serve->answer != VRDMA_ANSWER_DONE;
	spin_unlock_irq(&remote->lock);
	if (at_once || !say)
		vrdma_serve_run_locked(remote);
	else
		vrdma_serve_queue(remote, 0);
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

/* ---- sending ---- */

/* The first fetch is answered, or nobody wants it any more. */
static void vrdma_serve_fetched(struct vrdma_remote *remote, struct vrdma_fetch *fetch,
				bool answered)
{
	struct vrdma_serve *serve = &remote->serve;

	spin_lock_irq(&remote->lock);
	list_del(&fetch->node);
	serve->nr_fetches--;
	if (answered && (s32)(fetch->done - serve->done) > 0)
		serve->done = fetch->done;
	spin_unlock_irq(&remote->lock);
	vrdma_fetch_free(fetch);
}

static enum vrdma_verdict vrdma_serve_gather(struct vrdma_remote *remote,
					     struct vrdma_fetch *fetch, void *payload,
					     u32 length, struct vrdma_outcome *out)
{
	struct vrdma_live *live = &remote->binding->live;
	enum vrdma_verdict verdict = VRDMA_LOST;

	preempt_disable();
	if (vrdma_live_enter(live)) {
		verdict = vrdma_recv_fetch(remote->binding, payload, &fetch->op.mem, length, out);
		vrdma_live_exit(live);
	}
	preempt_enable();
	return verdict;
}

/* One message of the first fetch. */
static void vrdma_serve_respond(struct vrdma_remote *remote, struct vrdma_fetch *fetch,
				struct vrdma_lane_buf *buf)
{
	struct vrdma_msg msg = {
		.type = VRDMA_MSG_RESPONSE,
		.mseq = fetch->op.mseq,
		.response.total = fetch->op.length,
		.response.offset = fetch->op.length - fetch->op.mem.left,
		.payload = min_t(u64, fetch->op.mem.left, VRDMA_MSG_PAYLOAD),
	};
	struct vrdma_outcome out = {};
	enum vrdma_verdict verdict;

	verdict = vrdma_serve_gather(remote, fetch, vrdma_lane_payload(buf, msg.type),
				     msg.payload, &out);
	if (verdict != VRDMA_MORE) {
		vrdma_lane_put_buf(buf);
		if (verdict == VRDMA_FAILED)
			vrdma_serve_answer(remote, VRDMA_ANSWER_FAILED, &out);
		vrdma_serve_fetched(remote, fetch, false);
		return;
	}
	vrdma_stat_add(remote->binding->dev, rx_remote_bytes, msg.payload);
	vrdma_remote_send(remote, buf, &msg);
	if (!fetch->op.mem.left)
		vrdma_serve_fetched(remote, fetch, true);
}

/* Who was to carry it has not come in time, or may be just behind. */
static void vrdma_serve_note_alone(struct vrdma_serve *serve)
{
	if (vrdma_serve_waits(serve))
		return;
	if (serve->later)
		serve->chats = 0;
	serve->alone = true;
	serve->alone_at = jiffies;
}

/*
 * What there is to say when no fetch waits; false: nothing.  With a farewell the
 * reference for it becomes the caller's.
 */
static bool vrdma_serve_say(struct vrdma_remote *remote, struct vrdma_msg *msg)
{
	struct vrdma_serve *serve = &remote->serve;
	bool say;

	spin_lock_irq(&remote->lock);
	say = serve->hello || serve->recall || serve->answer || serve->farewell;
	if (serve->hello || serve->recall) {
		msg->type = serve->hello ? VRDMA_MSG_BOUND : VRDMA_MSG_RECALL;
		msg->bound.id = remote->id;
		msg->bound.check = remote->check;
		serve->recall &= serve->hello;
		serve->hello = false;
	} else if (vrdma_serve_say_placed(serve, msg)) {
		say = true;
	} else if (vrdma_serve_holds_back(serve)) {
		say = false;
	} else if (serve->answer) {
		vrdma_serve_note_alone(serve);
		msg->type = VRDMA_MSG_ANSWER;
		msg->mseq = serve->done;
		msg->result.kind = serve->answer;
		if (serve->answer == VRDMA_ANSWER_RNR)
			msg->result.rnr_timer = serve->rnr_timer;
		if (serve->answer == VRDMA_ANSWER_FAILED)
			msg->result.status = serve->status;
		vrdma_serve_told(serve);
	} else if (vrdma_serve_say_dropped(serve, msg)) {
		say = true;
	} else if (serve->farewell) {
		msg->type = VRDMA_MSG_UNBIND;
		serve->farewell = false;
	}
	spin_unlock_irq(&remote->lock);
	return say;
}

/* Is there something to send now?  If there will be, have it sent then. */
static bool vrdma_serve_due(struct vrdma_remote *remote)
{
	struct vrdma_serve *serve = &remote->serve;
	bool due, waits;

	spin_lock_irq(&remote->lock);
	waits = vrdma_serve_waits(serve);
	due = vrdma_serve_is_urgent(serve) || !list_empty(&serve->fetches);
	if (!vrdma_serve_holds_back(serve))
		due |= (serve->answer && !waits) || (serve->drop_lane && !serve->haul) ||
		       serve->farewell;
	spin_unlock_irq(&remote->lock);
	if (waits && !due)
		vrdma_serve_queue(remote, msecs_to_jiffies(VRDMA_ANSWER_LATER_MS));
	return due && remote->far_id;
}

/* Nobody can be told of room on a lane that has closed: nor is there a far side. */
static void vrdma_serve_stuck(struct vrdma_remote *remote)
{
	bool farewell;

	if (!vrdma_lane_is_closed(remote->lane))
		return;
	/* The lane may be about to tell us; what follows may be our end. */
	vrdma_lane_unwait(remote->lane, &remote->serve.room);
	spin_lock_irq(&remote->lock);
	farewell = remote->serve.farewell;
	remote->serve.farewell = false;
	spin_unlock_irq(&remote->lock);
	if (farewell)
		vrdma_remote_put(remote);
}

/* The oldest, when it is its turn. */
static struct vrdma_fetch *vrdma_serve_first(struct vrdma_remote *remote)
{
	struct vrdma_serve *serve = &remote->serve;
	struct vrdma_fetch *fetch = NULL;

	spin_lock_irq(&remote->lock);
	if (!vrdma_serve_is_urgent(serve))
		fetch = list_first_entry_or_null(&serve->fetches, struct vrdma_fetch, node);
	spin_unlock_irq(&remote->lock);
	return fetch;
}

/* The oldest data that waits, or else what there is to say. */
static void vrdma_serve_send(struct vrdma_remote *remote, struct vrdma_lane_buf *buf)
{
	struct vrdma_fetch *fetch = vrdma_serve_first(remote);
	struct vrdma_msg msg = {};

	if (fetch) {
		vrdma_serve_respond(remote, fetch, buf);
	} else if (vrdma_serve_say(remote, &msg)) {
		vrdma_remote_send(remote, buf, &msg);
		if (msg.type == VRDMA_MSG_UNBIND)
			vrdma_remote_put(remote);
	} else {
		vrdma_lane_put_buf(buf);
	}
}

/* Send one message.  False: nothing is due, or the lane has no room now. */
static bool vrdma_serve_step(struct vrdma_remote *remote)
{
	struct vrdma_lane_buf *buf;

	if (!vrdma_serve_due(remote)) {
		vrdma_lane_decline(remote->lane, &remote->serve.room);
		return false;
	}
	buf = vrdma_lane_get_buf(remote->lane, &remote->serve.room);
	if (buf)
		vrdma_serve_send(remote, buf);
	else
		vrdma_serve_stuck(remote);
	return buf;
}

/* Send what is due, as far as the lane has room.  The caller holds a reference. */
void vrdma_serve_run_locked(struct vrdma_remote *remote)
{
	lockdep_assert_held(&remote->serve.lock);
	while (vrdma_serve_step(remote))
		cond_resched();
}

static void vrdma_serve_run(struct vrdma_remote *remote)
{
	mutex_lock(&remote->serve.lock);
	vrdma_serve_run_locked(remote);
	mutex_unlock(&remote->serve.lock);
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

/* Have the work run, with a reference of its own: at once, or at last after @delay. */
void vrdma_serve_queue(struct vrdma_remote *remote, unsigned long delay)
{
	struct delayed_work *work = &remote->serve.work;
	bool pending;

	if (!refcount_inc_not_zero(&remote->ref))
		return;
	pending = delay ? !queue_delayed_work(vrdma_answer_wq, work, delay) :
			  mod_delayed_work(vrdma_answer_wq, work, 0);
	if (pending)
		vrdma_remote_put(remote);
}

static void vrdma_serve_room(struct vrdma_lane_waiter *room)
{
	vrdma_serve_queue(container_of(room, struct vrdma_remote, serve.room), 0);
}

/**
 * vrdma_serve_hello - tell the far side that it is bound, and by which id we go
 * @remote: the binding
 */
void vrdma_serve_hello(struct vrdma_remote *remote)
{
	spin_lock_irq(&remote->lock);
	remote->serve.hello = !remote->serve.ended;
	spin_unlock_irq(&remote->lock);
	vrdma_serve_run(remote);
}

void vrdma_remote_ready(struct vrdma_remote *remote)
{
	struct vrdma_outcome out = {};

	vrdma_serve_answer(remote, VRDMA_ANSWER_READY, &out);
	vrdma_serve_queue(remote, 0);
}

/* ---- life ---- */

static void vrdma_serve_forget(struct vrdma_remote *remote)
{
	struct vrdma_serve *serve = &remote->serve;
	struct vrdma_fetch *fetch, *next;
	LIST_HEAD(fetches);

	mutex_lock(&serve->lock);
	spin_lock_irq(&remote->lock);
	list_splice_init(&serve->fetches, &fetches);
	serve->nr_fetches = 0;
	spin_unlock_irq(&remote->lock);
	mutex_unlock(&serve->lock);
	list_for_each_entry_safe(fetch, next, &fetches, node)
		vrdma_fetch_free(fetch);
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

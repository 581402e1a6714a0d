// SPDX-License-Identifier: GPL-2.0
/*
 * What the owner owes the requester: the data of READs and atomics, answers, and what is
 * said of the binding and of windows; in which order, and what can wait for company.
 */
#include <linux/slab.h>

#include "binding.h"
#include "qp.h"
#include "recv.h"
#include "remote.h"
#include "serve.h"
#include "vdev.h"

void vrdma_fetch_free(struct vrdma_fetch *fetch)
{
	if (!fetch)
		return;
	vrdma_cursor_exit(&fetch->op.mem);
	kfree(fetch);
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

bool vrdma_serve_add_fetch(struct vrdma_remote *remote, struct vrdma_fetch *fetch)
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

void vrdma_serve_answer(struct vrdma_remote *remote, enum vrdma_msg_answer answer,
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

/* The oldest fetch, when it is its turn; lock held. */
static struct vrdma_fetch *vrdma_serve_peek(struct vrdma_serve *serve)
{
	if (vrdma_serve_is_urgent(serve))
		return NULL;
	return list_first_entry_or_null(&serve->fetches, struct vrdma_fetch, node);
}

/* Is there something to send now, and is it large?  If there will be, have it sent then. */
static bool vrdma_serve_due(struct vrdma_remote *remote)
{
	struct vrdma_serve *serve = &remote->serve;
	const struct vrdma_fetch *fetch;
	bool due, waits;

	spin_lock_irq(&remote->lock);
	fetch = vrdma_serve_peek(serve);
	serve->room.large = fetch && fetch->op.mem.left > VRDMA_SMALL;
	waits = vrdma_serve_waits(serve);
	due = vrdma_serve_is_urgent(serve) || !list_empty(&serve->fetches);
	if (!vrdma_serve_holds_back(serve))
		due |= (serve->answer && !waits) || (serve->drop_lane && !serve->haul) ||
		       serve->farewell;
	if (serve->ended && !serve->farewell)	/* that was the last */
		due = false;
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
	struct vrdma_fetch *fetch;

	spin_lock_irq(&remote->lock);
	fetch = vrdma_serve_peek(&remote->serve);
	spin_unlock_irq(&remote->lock);
	return fetch;
}

/* The oldest data that waits, or else what there is to say. */
static void vrdma_serve_send(struct vrdma_remote *remote, struct vrdma_lane_buf *buf)
{
	struct vrdma_fetch *fetch = vrdma_serve_first(remote);
	struct vrdma_serve *serve = &remote->serve;
	struct vrdma_msg msg = {};

	if (fetch) {
		vrdma_serve_respond(remote, fetch, buf);
	} else if (vrdma_serve_say(remote, &msg)) {
		vrdma_remote_send(remote, buf, &msg);
		if (msg.type == VRDMA_MSG_UNBIND) {
			vrdma_lane_unwait(remote->lane, &serve->room);
			vrdma_remote_put(remote);
		}
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

void vrdma_serve_run(struct vrdma_remote *remote)
{
	mutex_lock(&remote->serve.lock);
	vrdma_serve_run_locked(remote);
	mutex_unlock(&remote->serve.lock);
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

/*
 * Send what is due, or have it sent behind what else the lane has received by now: one
 * answer does for all of that.
 */
void vrdma_serve_reply(struct vrdma_remote *remote)
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

/* What was fetched and not sent is no more wanted, or is asked for again. */
void vrdma_serve_forget(struct vrdma_remote *remote)
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

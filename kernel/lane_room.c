// SPDX-License-Identifier: GPL-2.0
/* Who may send on a lane, and when: buffers, credit, and those who wait for them. */
#include "lane_room.h"

#include "conn.h"
#include "repair.h"

/* ---- what is large ---- */

/* Is it all of an operation, or what that fetched, and small?  Somebody may wait for it. */
static bool vrdma_msg_is_small(const struct vrdma_msg *msg)
{
	switch (msg->type) {
	case VRDMA_MSG_REQUEST:
		return msg->request.total <= VRDMA_SMALL;
	case VRDMA_MSG_RESPONSE:
		return msg->response.total <= VRDMA_SMALL;
	default:
		return msg->type == VRDMA_MSG_DATAGRAM;
	}
}

/* From now on large work is not to stand in the way, in either direction. */
void vrdma_lane_heed(struct vrdma_lane *lane, const struct vrdma_msg *msg)
{
	if (vrdma_msg_is_small(msg))
		WRITE_ONCE(lane->large.shared, jiffies + msecs_to_jiffies(VRDMA_SHARED_MS));
}

void vrdma_lane_heed_sent(struct vrdma_lane *lane, const struct vrdma_msg *msg)
{
	if (!vrdma_msg_is_small(msg))
		return;
	vrdma_lane_heed(lane, msg);
	lane->counts.small++;
	lane->counts.behind += lane->large.drain.under_way + lane->bulk.drain.under_way;
}

/*
 * A quarter of what the peer has room for is for the small.  Where nothing is under way those
 * who have been told and do not come do not count, for one of the others.
 */
static bool vrdma_lane_has_room_for_large(struct vrdma_lane *lane)
{
	struct vrdma_lane_large *large = &lane->large;
	u32 held = large->drain.under_way || !large->spare ? large->held * VRDMA_MSG_MAX : 0;

	return lane->tx_number + lane->held + lane->conn->hello.credit / 4 < lane->tx_credit &&
	       vrdma_drain_has_room(&large->drain, large->held, held);
}

/* What was posted while there were no others is not known to be gone before it is told of. */
static void vrdma_lane_note_shared(struct vrdma_lane *lane)
{
	struct vrdma_drain *drain = &lane->large.drain;
	bool shared = vrdma_lane_is_shared(lane);

	if (shared && !drain->shared)
		lane->large.since = lane->tx_number + lane->held;
	drain->shared = shared;
	drain->crowded = lane->acked < lane->large.since;
}

/* ---- buffers ---- */

/* A buffer, of those that are free and that the peer has room for; lock held. */
static struct vrdma_lane_buf *vrdma_lane_take(struct vrdma_lane *lane, bool large)
{
	struct vrdma_lane_buf *buf;

	lockdep_assert_held(&lane->lock);
	if (!lane->up || lane->tx_number + lane->held >= lane->tx_credit)
		return NULL;
	vrdma_lane_note_shared(lane);
	large = large && lane->large.drain.shared;
	if (large && !vrdma_lane_has_room_for_large(lane))
		return NULL;
	buf = list_first_entry_or_null(&lane->free, struct vrdma_lane_buf, node);
	if (!buf)
		return NULL;
	list_del(&buf->node);
	buf->large = large;
	lane->held++;
	lane->large.held += large;
	lane->large.spare &= !large;
	return buf;
}

void vrdma_lane_unhold(struct vrdma_lane *lane, const struct vrdma_lane_buf *buf)
{
	lockdep_assert_held(&lane->lock);
	lane->held--;
	lane->large.held -= buf->large;
}

void vrdma_lane_unlarge(struct vrdma_lane *lane, struct vrdma_lane_buf *buf)
{
	lockdep_assert_held(&lane->lock);
	lane->large.held -= buf->large;
	buf->large = false;
}

void vrdma_lane_untake(struct vrdma_lane *lane, struct vrdma_lane_buf *buf)
{
	list_add(&buf->node, &lane->free);
	vrdma_lane_unhold(lane, buf);
}

/* Where nobody else is the large wait as all others do. */
static struct list_head *vrdma_lane_waiters(struct vrdma_lane *lane, bool large)
{
	return large ? &lane->large.waiters : &lane->waiters;
}

/* He may wait already, for something of the other size: then he does no longer. */
static void vrdma_lane_wait(struct vrdma_lane *lane, struct vrdma_lane_waiter *waiter, bool large)
{
	if (list_empty(&waiter->node))
		lane->counts.stalls++;
	else if (waiter->as_large == large)
		return;
	waiter->as_large = large;
	list_move_tail(&waiter->node, vrdma_lane_waiters(lane, large));
}

/**
 * vrdma_lane_get_buf - get room for a message
 * @lane: its channel is held
 * @waiter: to be told if there is none; NULL: nobody
 *
 * Return: the buffer, or NULL; on a lane that has closed nobody is told either.
 */
struct vrdma_lane_buf *vrdma_lane_get_buf(struct vrdma_lane *lane,
					  struct vrdma_lane_waiter *waiter)
{
	struct vrdma_lane_buf *buf = NULL;
	unsigned long flags;
	bool large;

	spin_lock_irqsave(&lane->lock, flags);
	large = waiter && waiter->large && vrdma_lane_is_shared(lane);
	if (waiter)
		swap(buf, waiter->buf);
	if (!buf && list_empty(vrdma_lane_waiters(lane, large)))
		buf = vrdma_lane_take(lane, large);
	if (buf && waiter)
		list_del_init(&waiter->node);
	else if (waiter && !lane->closed)
		vrdma_lane_wait(lane, waiter, large);
	spin_unlock_irqrestore(&lane->lock, flags);
	return buf;
}

static struct vrdma_lane_waiter *vrdma_lane_next_of(struct vrdma_lane *lane, bool large)
{
	struct vrdma_lane_waiter *waiter;

	waiter = list_first_entry_or_null(vrdma_lane_waiters(lane, large),
					  struct vrdma_lane_waiter, node);
	if (!waiter)
		return NULL;
	waiter->buf = vrdma_lane_take(lane, large);
	if (!waiter->buf && !lane->closed)
		return NULL;
	list_del_init(&waiter->node);
	return waiter;
}

/*
 * The next one to be told, with his buffer.  The large have no more than half of the buffers,
 * and leave some of the peer's: while they may have one, they come first, or the small would
 * leave them none.  On a lane that is no longer shared, those who still wait are the last of
 * their kind.
 */
static struct vrdma_lane_waiter *vrdma_lane_next_waiter(struct vrdma_lane *lane)
{
	return vrdma_lane_next_of(lane, true) ?: vrdma_lane_next_of(lane, false);
}

/**
 * vrdma_lane_wake - tell waiters that there is room
 * @lane: has got some, or has closed
 *
 * Process context.  Who comes here while another one is at it leaves it to him.
 */
void vrdma_lane_wake(struct vrdma_lane *lane)
{
	struct vrdma_lane_waiter *waiter;

	spin_lock_irq(&lane->lock);
	if (lane->waking) {
		spin_unlock_irq(&lane->lock);
		return;
	}
	lane->waking = true;
	lane->large.spare = true;
	while ((waiter = vrdma_lane_next_waiter(lane))) {
		lane->calling = waiter;
		spin_unlock_irq(&lane->lock);
		waiter->ready(waiter);
		spin_lock_irq(&lane->lock);
		lane->calling = NULL;
		wake_up_all(&lane->called);
	}
	lane->waking = false;
	spin_unlock_irq(&lane->lock);
}

/* Is @waiter done with?  If not it is being told, and may come to wait again. */
static bool vrdma_lane_forget(struct vrdma_lane *lane, struct vrdma_lane_waiter *waiter)
{
	bool done;

	spin_lock_irq(&lane->lock);
	list_del_init(&waiter->node);
	if (waiter->buf)
		vrdma_lane_untake(lane, waiter->buf);
	waiter->buf = NULL;
	done = lane->calling != waiter;
	spin_unlock_irq(&lane->lock);
	return done;
}

void vrdma_lane_unwait(struct vrdma_lane *lane, struct vrdma_lane_waiter *waiter)
{
	might_sleep();
	wait_event(lane->called, vrdma_lane_forget(lane, waiter));
	vrdma_repair_kick(lane);
}

/**
 * vrdma_lane_put_buf - give back a buffer unsent
 * @buf: from vrdma_lane_get_buf()
 */
void vrdma_lane_put_buf(struct vrdma_lane_buf *buf)
{
	struct vrdma_lane *lane = buf->lane;
	unsigned long flags;

	spin_lock_irqsave(&lane->lock, flags);
	vrdma_lane_untake(lane, buf);
	spin_unlock_irqrestore(&lane->lock, flags);
	vrdma_repair_kick(lane);
}

/**
 * vrdma_lane_decline - leave to others what was set aside for a waiter
 * @lane: its channel is held
 * @waiter: need not have got anything; where he waits he goes on waiting
 */
void vrdma_lane_decline(struct vrdma_lane *lane, struct vrdma_lane_waiter *waiter)
{
	struct vrdma_lane_buf *buf = NULL;
	unsigned long flags;

	spin_lock_irqsave(&lane->lock, flags);
	swap(buf, waiter->buf);
	if (buf)
		vrdma_lane_untake(lane, buf);
	spin_unlock_irqrestore(&lane->lock, flags);
	if (buf)
		vrdma_repair_kick(lane);
}

/* ---- what nobody waits for ---- */

/* One that waits; false: none does. */
static bool vrdma_lane_next_note(struct vrdma_lane *lane, struct vrdma_msg *msg)
{
	const struct vrdma_lane_note *note;
	bool any;

	spin_lock_irq(&lane->lock);
	any = lane->notes.number;
	if (any) {
		note = &lane->notes.list[--lane->notes.number];
		*msg = (struct vrdma_msg) {
			.type = note->type,
			.binding = note->binding,
			.check = note->check,
		};
	}
	spin_unlock_irq(&lane->lock);
	return any;
}

static void vrdma_lane_send_notes(struct vrdma_lane_waiter *room)
{
	struct vrdma_lane *lane = container_of(room, struct vrdma_lane, notes.room);
	struct vrdma_lane_buf *buf;
	struct vrdma_msg msg;

	while (READ_ONCE(lane->notes.number)) {
		buf = vrdma_lane_get_buf(lane, room);
		if (!buf)
			return;
		if (vrdma_lane_next_note(lane, &msg))
			vrdma_lane_send(buf, &msg);
		else
			vrdma_lane_put_buf(buf);
	}
	vrdma_lane_decline(lane, room);
}

/**
 * vrdma_lane_note - send a message that is all header, when there is room
 * @lane: its channel is held
 * @type: of the message
 * @binding: for which
 * @check: of the same
 *
 * Lost where VRDMA_LANE_NOTES wait already, and with the connection.  Process context.
 */
void vrdma_lane_note(struct vrdma_lane *lane, u8 type, u32 binding, u32 check)
{
	spin_lock_irq(&lane->lock);
	if (lane->notes.number < VRDMA_LANE_NOTES)
		lane->notes.list[lane->notes.number++] = (struct vrdma_lane_note) {
			.type = type,
			.binding = binding,
			.check = check,
		};
	spin_unlock_irq(&lane->lock);
	vrdma_lane_send_notes(&lane->notes.room);
}

void vrdma_lane_init_room(struct vrdma_lane *lane)
{
	INIT_LIST_HEAD(&lane->free);
	INIT_LIST_HEAD(&lane->waiters);
	INIT_LIST_HEAD(&lane->large.waiters);
	lane->large.shared = jiffies;
	init_waitqueue_head(&lane->called);
	INIT_LIST_HEAD(&lane->notes.room.node);
	lane->notes.room.ready = vrdma_lane_send_notes;
}

void vrdma_lane_start_room(struct vrdma_lane *lane)
{
	lane->notes.number = 0;
	lane->large.since = 0;
	vrdma_drain_start(&lane->large.drain, VRDMA_LARGE_MIN, VRDMA_LANE_PARTS);
	/* With more READs than the HCA has at once its queue pair would stand still for all. */
	vrdma_drain_start(&lane->bulk.drain, VRDMA_MOVE_MIN, lane->conn->reads_out);
}

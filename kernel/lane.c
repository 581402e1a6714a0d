// SPDX-License-Identifier: GPL-2.0
/* The traffic of lanes: messages, out and in. */
#include "lane.h"

#include <linux/gfp.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "channel.h"
#include "conn.h"
#include "hca.h"
#include "lane_room.h"
#include "repair.h"

/* A new connection counts from 1 again, long before numbers run out. */
#define VRDMA_LANE_LAST		(U32_MAX - 2 * VRDMA_LANE_DEPTH)

static void vrdma_lane_nobody(struct vrdma_lane *lane)
{
}

static void vrdma_lane_nothing(struct vrdma_lane *lane, const struct vrdma_msg *msg,
			       void *payload)
{
}

static const struct vrdma_lane_ops vrdma_lane_no_ops = {
	.receive = vrdma_lane_nothing,
	.up = vrdma_lane_nobody,
	.down = vrdma_lane_nobody,
	.closed = vrdma_lane_nobody,
};

static const struct vrdma_lane_ops *vrdma_lane_ops = &vrdma_lane_no_ops;

void vrdma_lane_set_ops(const struct vrdma_lane_ops *ops)
{
	WRITE_ONCE(vrdma_lane_ops, ops ?: &vrdma_lane_no_ops);
}

const struct vrdma_lane_ops *vrdma_lane_upper(void)
{
	return READ_ONCE(vrdma_lane_ops);
}

/*
 * Must the HCA say when the next one is sent?  That says it of all before it.  Whoever
 * waits for the last buffer is not to wait in vain.
 */
static bool vrdma_lane_must_ask(const struct vrdma_lane *lane)
{
	return lane->silent >= VRDMA_LANE_SILENT || list_empty(&lane->free);
}

/* A large one tells, too, but nobody waits for that with company.  Lock held. */
static int vrdma_lane_post(struct vrdma_lane *lane, struct vrdma_lane_buf *buf, bool asks)
{
	bool tells = asks || buf->large;
	struct vrdma_conn *conn = lane->conn;
	struct ib_sge sge = {
		.addr = buf->dma,
		.length = buf->len,
		.lkey = conn->regqp->pd->local_dma_lkey,
	};
	struct ib_send_wr wr = {
		.wr_cqe = &buf->cqe,
		.sg_list = &sge,
		.num_sge = 1,
		.opcode = IB_WR_SEND,
		.send_flags = tells ? IB_SEND_SIGNALED : 0,
	};

	buf->asks = asks;
	lane->silent = tells ? 0 : lane->silent + 1;
	lane->asking += asks;
	ib_dma_sync_single_for_device(conn->hca->ibdev, buf->dma, buf->len, DMA_TO_DEVICE);
	return ib_post_send(conn->id->qp, &wr, NULL);
}

/* Lock held. */
bool vrdma_lane_is_good(const struct vrdma_lane *lane)
{
	lockdep_assert_held(&lane->lock);
	return lane->up && !vrdma_conn_is(lane->conn, VRDMA_CONN_BROKEN);
}

/*
 * Number and post @buf: the order of numbers is that of the queue pair; lock held.  @asks:
 * the HCA is to say when it is sent, in any case.
 */
static bool vrdma_lane_number(struct vrdma_lane *lane, struct vrdma_lane_buf *buf, bool asks)
{
	if (!vrdma_lane_is_good(lane))
		return false;
	buf->number = ++lane->tx_number;
	/* Of buffers that were given back to the HCA alone: the peer needs no luck. */
	lane->told = lane->rx_number + VRDMA_LANE_DEPTH;
	vrdma_msg_number(buf->data, buf->number, lane->rx_number, lane->told);
	if (vrdma_lane_post(lane, buf, asks || vrdma_lane_must_ask(lane))) {
		vrdma_conn_break(lane->conn, "post");
		return false;
	}
	list_add_tail(&buf->node, &lane->posted);
	if (buf->large)
		vrdma_drain_posted(&lane->large.drain, buf->len, vrdma_lane_ticks());
	if (buf->number == VRDMA_LANE_LAST)
		vrdma_conn_break(lane->conn, "last number");
	return true;
}

/* Post a buffer that somebody held, or lose what is in it. */
static void vrdma_lane_post_held(struct vrdma_lane *lane, struct vrdma_lane_buf *buf, bool asks)
{
	if (!vrdma_lane_number(lane, buf, asks)) {
		vrdma_lane_untake(lane, buf);
		return;
	}
	vrdma_lane_unhold(lane, buf);
	lane->counts.sends++;
	lane->counts.tx += buf->msgs;
}

/* ---- company ---- */

/* @msg is the one to follow what is in @buf. */
static void vrdma_lane_write(struct vrdma_lane *lane, struct vrdma_lane_buf *buf, u32 at,
			     struct vrdma_msg *msg)
{
	vrdma_lane_heed_sent(lane, msg);
	msg->lane = lane->index;
	msg->cookie = lane->cookie;
	vrdma_msg_build(buf->data + at, msg);
	buf->len = at + vrdma_msg_header(msg->type) + msg->payload;
	buf->msgs++;
}

static void vrdma_lane_write_first(struct vrdma_lane *lane, struct vrdma_lane_buf *buf,
				   struct vrdma_msg *msg)
{
	buf->msgs = 0;
	vrdma_lane_write(lane, buf, 0, msg);
}

/* Copy the message in @buf behind those that wait for company, if there is room. */
static bool vrdma_lane_join(struct vrdma_lane *lane, struct vrdma_lane_buf *buf,
			    struct vrdma_msg *msg)
{
	u32 header = vrdma_msg_header(msg->type);
	struct vrdma_lane_buf *open = lane->open;
	u32 at;

	if (!open)
		return false;
	at = vrdma_msg_align(open->len);
	if (at + header + msg->payload > VRDMA_MSG_MAX)
		return false;
	memset(open->data + open->len, 0, at - open->len);
	vrdma_lane_write(lane, open, at, msg);
	memcpy(open->data + at + header, buf->data + header, msg->payload);
	vrdma_lane_untake(lane, buf);
	return true;
}

/* Send what has waited for company.  What comes next waits until the HCA has sent this. */
static void vrdma_lane_flush(struct vrdma_lane *lane)
{
	struct vrdma_lane_buf *open = lane->open;

	lane->open = NULL;
	if (open)
		vrdma_lane_post_held(lane, open, !lane->asking);
}

/*
 * A small message goes at once while few are under way.  Then the HCA is asked to say when
 * it has sent one, and until it has, all that come are put together.
 */
static void vrdma_lane_send_small(struct vrdma_lane *lane, struct vrdma_lane_buf *buf,
				  struct vrdma_msg *msg)
{
	if (vrdma_lane_join(lane, buf, msg))
		return;
	vrdma_lane_flush(lane);
	vrdma_lane_write_first(lane, buf, msg);
	if (lane->asking)
		lane->open = buf;
	else
		vrdma_lane_post_held(lane, buf,
				     lane->tx_number - lane->acked >= VRDMA_LANE_AHEAD);
}

static bool vrdma_lane_is_small(const struct vrdma_msg *msg)
{
	return vrdma_msg_header(msg->type) + msg->payload <= VRDMA_LANE_SMALL;
}

/* ---- sending ---- */

/**
 * vrdma_lane_send - send a message
 * @buf: from vrdma_lane_get_buf(), of the lane that it goes over; its payload is written
 * @msg: the rest of the message
 */
void vrdma_lane_send(struct vrdma_lane_buf *buf, struct vrdma_msg *msg)
{
	struct vrdma_lane *lane = buf->lane;
	unsigned long flags;

	spin_lock_irqsave(&lane->lock, flags);
	if (!vrdma_lane_is_good(lane)) {
		vrdma_lane_untake(lane, buf);
	} else if (vrdma_lane_is_small(msg)) {
		vrdma_lane_unlarge(lane, buf);
		vrdma_lane_send_small(lane, buf, msg);
	} else {
		vrdma_lane_flush(lane);
		vrdma_lane_write_first(lane, buf, msg);
		vrdma_lane_post_held(lane, buf, false);
	}
	spin_unlock_irqrestore(&lane->lock, flags);
}

/* Half of what the peer may send is spent, as far as it knows. */
static bool vrdma_lane_owes_credit(const struct vrdma_lane *lane)
{
	return lane->rx_number + VRDMA_LANE_DEPTH - lane->told >= VRDMA_LANE_DEPTH / 2;
}

/**
 * vrdma_lane_tell_credit - tell the peer of room, unless messages do it
 * @lane: may be down
 * @always: also if it is not much
 *
 * The peer has buffers in reserve for it; those that somebody holds will use up
 * the credit first.  At most one is under way, so that a slow HCA gets no queue.
 */
void vrdma_lane_tell_credit(struct vrdma_lane *lane, bool always)
{
	struct vrdma_msg msg = { .type = VRDMA_MSG_CREDIT };
	struct vrdma_lane_buf *buf;
	unsigned long flags;

	spin_lock_irqsave(&lane->lock, flags);
	if (lane->up && !lane->credit_sent && (always || vrdma_lane_owes_credit(lane)) &&
	    lane->tx_number + lane->held < lane->tx_credit + VRDMA_LANE_RESERVE) {
		buf = &lane->bufs[VRDMA_LANE_CREDIT];
		vrdma_lane_write_first(lane, buf, &msg);
		lane->credit_sent = vrdma_lane_number(lane, buf, true);
		lane->counts.credits += lane->credit_sent;
	}
	spin_unlock_irqrestore(&lane->lock, flags);
}

/* The oldest that is under way is ours again; lock held. */
static struct vrdma_lane_buf *vrdma_lane_unpost(struct vrdma_lane *lane)
{
	struct vrdma_lane_buf *buf;

	lockdep_assert_held(&lane->lock);
	buf = list_first_entry_or_null(&lane->posted, struct vrdma_lane_buf, node);
	if (!buf)
		return NULL;
	list_del(&buf->node);
	if (buf == &lane->bufs[VRDMA_LANE_CREDIT])
		lane->credit_sent = false;
	else
		list_add_tail(&buf->node, &lane->free);
	return buf;
}

/**
 * vrdma_lane_reclaim - take back what was under way on a queue pair that is no more
 * @lane: its completions are no longer looked at
 */
void vrdma_lane_reclaim(struct vrdma_lane *lane)
{
	spin_lock_irq(&lane->lock);
	while (vrdma_lane_unpost(lane))
		;
	spin_unlock_irq(&lane->lock);
}

/* @wc's message is sent, and so are those before it.  What failed is reclaimed later. */
static void vrdma_lane_sent(struct ib_cq *cq, struct ib_wc *wc)
{
	struct vrdma_lane_buf *buf = container_of(wc->wr_cqe, struct vrdma_lane_buf, cqe);
	struct vrdma_lane *lane = buf->lane;
	struct vrdma_lane_buf *freed;

	if (wc->status != IB_WC_SUCCESS) {
		vrdma_conn_break(lane->conn, ib_wc_status_msg(wc->status));
		return;
	}
	spin_lock_irq(&lane->lock);
	do
		freed = vrdma_lane_unpost(lane);
	while (freed && freed != buf);
	lane->asking -= buf->asks;
	if (buf->large)
		vrdma_drain_done(&lane->large.drain, vrdma_lane_ticks());
	lane->acked = max(lane->acked, buf->number);
	vrdma_lane_flush(lane);
	spin_unlock_irq(&lane->lock);
	vrdma_lane_wake(lane);
	vrdma_lane_tell_credit(lane, false);
}

enum vrdma_lane_verdict {
	VRDMA_LANE_GOOD,
	VRDMA_LANE_AGAIN,
	VRDMA_LANE_BAD,
};

/*
 * A queue pair that dies may deliver a packet of application data where a header is
 * expected, or a SEND twice.  @msg: its first message; NULL if it is none of ours.
 */
static enum vrdma_lane_verdict vrdma_lane_judge(struct vrdma_lane *lane,
						const struct vrdma_msg *msg)
{
	enum vrdma_lane_verdict verdict = VRDMA_LANE_BAD;

	spin_lock_irq(&lane->lock);
	if (msg && msg->cookie == lane->conn->cookie && msg->lane == lane->index &&
	    msg->ack <= lane->tx_number && msg->number <= lane->rx_number + 1) {
		verdict = msg->number > lane->rx_number ? VRDMA_LANE_GOOD : VRDMA_LANE_AGAIN;
		lane->tx_credit = max(lane->tx_credit, msg->credit);
		lane->acked = max(lane->acked, msg->ack);
	}
	lane->counts.duplicates += verdict == VRDMA_LANE_AGAIN;
	lane->counts.bad += verdict == VRDMA_LANE_BAD;
	spin_unlock_irq(&lane->lock);
	return verdict;
}

/* @buf is the HCA's again: now the peer can be told. */
static void vrdma_lane_give_back(struct vrdma_lane *lane, struct vrdma_lane_buf *buf,
				 u32 number, enum vrdma_lane_verdict verdict)
{
	bool given;

	spin_lock_irq(&lane->lock);
	given = !vrdma_conn_is(lane->conn, VRDMA_CONN_BROKEN) &&
		!vrdma_conn_post_recv(lane->conn, buf - lane->bufs);
	if (given && verdict == VRDMA_LANE_GOOD)
		lane->rx_number = number;
	spin_unlock_irq(&lane->lock);
	if (!given) {
		vrdma_conn_break(lane->conn, "post");
		return;
	}
	if (verdict != VRDMA_LANE_GOOD)
		return;
	vrdma_lane_wake(lane);
	vrdma_lane_tell_credit(lane, false);
}

/* Hand over the messages of a good SEND, of which @msg is the first. */
static void vrdma_lane_deliver(struct vrdma_lane *lane, void *data, u32 len,
			       struct vrdma_msg *msg)
{
	unsigned int msgs = 0;
	u32 at = 0;

	if (msg->type == VRDMA_MSG_CREDIT)
		return;
	vrdma_channel_used(lane->channel);
	do {
		if (msgs++)
			cond_resched();
		vrdma_lane_heed(lane, msg);
		vrdma_lane_upper()->receive(lane, msg, data + at + vrdma_msg_header(msg->type));
	} while (!vrdma_msg_next(msg, data, len, &at));
	spin_lock_irq(&lane->lock);
	lane->counts.rx += msgs;
	spin_unlock_irq(&lane->lock);
}

static void vrdma_lane_look_at(struct vrdma_lane *lane, struct vrdma_lane_buf *buf, u32 len)
{
	enum vrdma_lane_verdict verdict;
	struct vrdma_msg msg;
	u32 number;
	int err;

	err = vrdma_msg_parse(&msg, buf->data, len);
	verdict = vrdma_lane_judge(lane, err ? NULL : &msg);
	if (verdict == VRDMA_LANE_BAD) {
		vrdma_conn_break(lane->conn, "bad message");
		return;
	}
	number = msg.number;
	if (verdict == VRDMA_LANE_GOOD)
		vrdma_lane_deliver(lane, buf->data, len, &msg);
	vrdma_lane_give_back(lane, buf, number, verdict);
}

/*
 * The first message may be here before the lane is up: to who accepts it says that
 * the opener has had the reply, which otherwise only an unreliable datagram says.
 */
static void vrdma_lane_received(struct ib_cq *cq, struct ib_wc *wc)
{
	struct vrdma_lane_buf *buf = container_of(wc->wr_cqe, struct vrdma_lane_buf, cqe);
	struct vrdma_lane *lane = buf->lane;
	struct vrdma_conn *conn = lane->conn;

	if (wc->status != IB_WC_SUCCESS) {
		vrdma_conn_break(conn, ib_wc_status_msg(wc->status));
		return;
	}
	if (!completion_done(&conn->opened)) {
		if (conn->accepts)
			vrdma_conn_happened(conn, VRDMA_CONN_ESTABLISHED);
		wait_for_completion(&conn->opened);
	}
	/* A queue pair that is given up may say anything. */
	if (vrdma_conn_is(conn, VRDMA_CONN_BROKEN))
		return;
	ib_dma_sync_single_for_cpu(conn->hca->ibdev, buf->dma, VRDMA_MSG_MAX, DMA_FROM_DEVICE);
	vrdma_lane_look_at(lane, buf, wc->byte_len);
	cond_resched();
}

/* Let messages flow, from number 1. */
void vrdma_lane_start(struct vrdma_lane *lane)
{
	spin_lock_irq(&lane->lock);
	lane->cookie = lane->conn->hello.cookie;
	lane->tx_number = 0;
	lane->tx_credit = lane->conn->hello.credit;
	lane->rx_number = 0;
	lane->told = VRDMA_LANE_DEPTH;
	lane->credit_sent = false;
	lane->silent = 0;
	lane->asking = 0;
	lane->acked = 0;
	vrdma_lane_start_room(lane);
	lane->bulk.on = lane->conn->sges && lane->conn->reads_out;
	lane->bulk.shows = lane->conn->regqp->qp && lane->conn->reads_in;
	WRITE_ONCE(lane->up, true);
	spin_unlock_irq(&lane->lock);
}

/* Post nothing any more, nor what waits for company.  Returns whether the lane was up. */
bool vrdma_lane_stop(struct vrdma_lane *lane)
{
	bool was_up;

	spin_lock_irq(&lane->lock);
	was_up = lane->up;
	WRITE_ONCE(lane->up, false);
	vrdma_lane_flush(lane);	/* is lost */
	spin_unlock_irq(&lane->lock);
	return was_up;
}

/* It will never be up again: nobody need wait. */
void vrdma_lane_close(struct vrdma_lane *lane)
{
	spin_lock_irq(&lane->lock);
	WRITE_ONCE(lane->closed, true);
	spin_unlock_irq(&lane->lock);
	vrdma_lane_wake(lane);
}

void vrdma_lane_init(struct vrdma_lane *lane)
{
	spin_lock_init(&lane->lock);
	INIT_LIST_HEAD(&lane->posted);
	vrdma_lane_init_room(lane);
	vrdma_bulk_init(lane);
}

static int vrdma_lane_init_buf(struct vrdma_lane *lane, unsigned int i)
{
	struct vrdma_lane_buf *buf = &lane->bufs[i];

	buf->data = (void *)__get_free_pages(GFP_KERNEL, get_order(VRDMA_MSG_MAX));
	if (!buf->data)
		return -ENOMEM;
	buf->lane = lane;
	buf->cqe.done = i < VRDMA_LANE_RECVS ? vrdma_lane_received : vrdma_lane_sent;
	if (i >= VRDMA_LANE_RECVS && i != VRDMA_LANE_CREDIT)
		list_add_tail(&buf->node, &lane->free);
	return 0;
}

void vrdma_lane_free(struct vrdma_lane *lane)
{
	unsigned int i;

	for (i = 0; lane->bufs && i < VRDMA_LANE_BUFS; i++)
		free_pages((unsigned long)lane->bufs[i].data, get_order(VRDMA_MSG_MAX));
	kvfree(lane->bufs);
	lane->bufs = NULL;
	INIT_LIST_HEAD(&lane->free);
}

/* Its buffers, unless it has them.  Pages, for rxe takes no other memory. */
int vrdma_lane_alloc(struct vrdma_lane *lane)
{
	unsigned int i;

	if (lane->bufs)
		return 0;
	lane->bufs = kvcalloc(VRDMA_LANE_BUFS, sizeof(*lane->bufs), GFP_KERNEL);
	if (!lane->bufs)
		return -ENOMEM;
	for (i = 0; i < VRDMA_LANE_BUFS; i++)
		if (vrdma_lane_init_buf(lane, i)) {
			vrdma_lane_free(lane);
			return -ENOMEM;
		}
	return 0;
}

const u8 *vrdma_lane_host(const struct vrdma_lane *lane)
{
	return vrdma_channel_host(lane->channel);
}

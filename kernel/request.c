// SPDX-License-Identifier: GPL-2.0
/*
 * The requester's half of the path to other hosts: cut operations into messages,
 * remember who waits for data, take answers.
 */
#include <linux/jiffies.h>
#include <linux/slab.h>

#include "binding.h"
#include "qp.h"
#include "remote.h"
#include "repair.h"
#include "request.h"
#include "send.h"
#include "wqe.h"

/**
 * struct vrdma_sink - a READ or an atomic on its way
 * @node: in vrdma_request::sinks
 * @mseq: its number
 * @total: bytes it fetches
 * @offset: bytes that have come
 * @bulk: the owner's HCA puts them there
 * @mem: where they go, else
 */
struct vrdma_sink {
	struct list_head node;
	u32 mseq;
	u32 total;
	u32 offset;
	bool bulk;
	struct vrdma_cursor mem;
};

static void vrdma_sink_free(struct vrdma_sink *sink)
{
	vrdma_cursor_exit(&sink->mem);
	kfree(sink);
}

static void vrdma_sinks_free(struct list_head *sinks)
{
	struct vrdma_sink *sink, *next;

	list_for_each_entry_safe(sink, next, sinks, node)
		vrdma_sink_free(sink);
}

/* ---- sending ---- */

/*
 * May @op begin?  RNR: it is still refused for want of a receive; BUSY: not before
 * others are answered; MORE: it may.
 */
static enum vrdma_verdict vrdma_request_begin(struct vrdma_remote *remote,
					      const struct vrdma_op *op,
					      struct vrdma_outcome *out)
{
	struct vrdma_request *req = &remote->request;
	enum vrdma_verdict verdict = VRDMA_MORE;

	spin_lock_irq(&remote->lock);
	if (req->refused && !time_before(jiffies, req->until))
		req->refused = false;
	out->rnr_timer = req->rnr_timer;
	if (req->refused)
		verdict = VRDMA_RNR;
	else if (op->mseq - req->answered >= req->window ||
		 (!op->bulk && (s32)(req->answered - req->bulk_end) < 0))
		verdict = VRDMA_BUSY;
	spin_unlock_irq(&remote->lock);
	return verdict;
}

static struct vrdma_sink *vrdma_sink_alloc(const struct vrdma_op *op)
{
	struct vrdma_sink *sink = kmalloc(sizeof(*sink), GFP_KERNEL_ACCOUNT);

	if (!sink)
		return NULL;
	sink->mseq = op->mseq;
	sink->total = op->length;
	sink->offset = 0;
	sink->bulk = op->bulk;
	vrdma_cursor_init(&sink->mem);
	return sink;
}

static void vrdma_request_add_sink(struct vrdma_remote *remote, struct vrdma_sink *sink)
{
	spin_lock_irq(&remote->lock);
	list_add_tail(&sink->node, &remote->request.sinks);
	spin_unlock_irq(&remote->lock);
}

/* What comes back goes where @op says: the sink takes that over. */
static int vrdma_request_sink(struct vrdma_remote *remote, struct vrdma_op *op)
{
	struct vrdma_sink *sink = vrdma_sink_alloc(op);

	if (!sink)
		return -ENOMEM;
	sink->mem = op->mem;
	vrdma_cursor_init(&op->mem);
	vrdma_request_add_sink(remote, sink);
	return 0;
}

/* The owner's HCA puts it there: all that is left to do is to hear of it. */
int vrdma_request_bulk_sink(struct vrdma_remote *remote, const struct vrdma_op *op)
{
	struct vrdma_sink *sink = vrdma_sink_alloc(op);

	if (!sink)
		return -ENOMEM;
	vrdma_request_add_sink(remote, sink);
	return 0;
}

void vrdma_request_fill(struct vrdma_msg *msg, const struct vrdma_op *op)
{
	memset(msg, 0, sizeof(*msg));
	msg->type = VRDMA_MSG_REQUEST;
	msg->mseq = op->mseq;
	msg->request.opcode = op->opcode;
	msg->request.flags = op->flags & VRDMA_SEND_SOLICITED;
	msg->request.total = op->length;
	switch (op->opcode) {
	case IB_UVERBS_WR_ATOMIC_CMP_AND_SWP:
		msg->request.swap = op->swap;
		fallthrough;
	case IB_UVERBS_WR_ATOMIC_FETCH_AND_ADD:
		msg->request.compare_add = op->compare_add;
		fallthrough;
	case IB_UVERBS_WR_RDMA_READ:
	case IB_UVERBS_WR_RDMA_WRITE:
	case IB_UVERBS_WR_RDMA_WRITE_WITH_IMM:
	case VRDMA_WR_ATOMIC_WRITE:
		msg->request.rkey = op->rkey;
		msg->request.remote_addr = op->remote_addr;
		break;
	case IB_UVERBS_WR_SEND_WITH_INV:
		msg->request.rkey = op->rkey;
		break;
	case VRDMA_WR_FLUSH:
		msg->request.rkey = op->rkey;
		msg->request.remote_addr = op->remote_addr;
		msg->request.compare_add = op->range;
		msg->request.placement = op->placement;
		msg->request.level = op->level;
		break;
	default:
		break;
	}
	if (op->opcode == IB_UVERBS_WR_SEND_WITH_IMM ||
	    op->opcode == IB_UVERBS_WR_RDMA_WRITE_WITH_IMM)
		msg->request.imm = op->imm_data;
}

/*
 * A message of operation @op goes out.  It takes along what there is to answer; after the
 * last the operation may itself be answered.
 */
void vrdma_request_going(struct vrdma_remote *remote, const struct vrdma_op *op,
			 struct vrdma_msg *msg)
{
	spin_lock_irq(&remote->lock);
	msg->request.done = vrdma_serve_ride(&remote->serve);
	if (!op->mem.left)
		remote->request.sent = op->mseq + 1;
	spin_unlock_irq(&remote->lock);
}

/* One message of @op.  MORE: there are more to come. */
static enum vrdma_verdict vrdma_request_part(struct vrdma_remote *remote, struct vrdma_op *op,
					     struct vrdma_budget *budget,
					     struct vrdma_outcome *out)
{
	bool fetch = vrdma_opcode_fetches(op->opcode);
	struct vrdma_lane_buf *buf;
	struct vrdma_msg msg;

	remote->request.room.large = !fetch && op->mem.left > VRDMA_SMALL;
	buf = vrdma_lane_get_buf(remote->lane, &remote->request.room);
	if (!buf)
		return VRDMA_BUSY;

	vrdma_request_fill(&msg, op);
	if (fetch) {
		if (vrdma_request_sink(remote, op)) {
			vrdma_lane_put_buf(buf);
			out->status = IB_WC_LOC_QP_OP_ERR;
			return VRDMA_FAILED;
		}
	} else {
		msg.request.offset = op->length - op->mem.left;
		msg.payload = min_t(u64, op->mem.left, VRDMA_MSG_PAYLOAD);
		if (vrdma_cursor_gather(&op->mem, vrdma_lane_payload(buf, msg.type),
					msg.payload) != VRDMA_FAULT_NONE) {
			vrdma_lane_put_buf(buf);
			out->status = IB_WC_LOC_PROT_ERR;
			return VRDMA_FAILED;
		}
	}
	budget->bytes -= msg.payload;
	vrdma_request_going(remote, op, &msg);
	vrdma_remote_send(remote, buf, &msg);
	return op->mem.left ? VRDMA_MORE : VRDMA_SENT;
}

/* An UC requester does not retry: the message that it gives up would leave a gap. */
static enum vrdma_verdict vrdma_request_down(struct vrdma_remote *remote)
{
	if (remote->binding->type == IB_QPT_UC && !vrdma_lane_is_closed(remote->lane))
		return VRDMA_BUSY;
	return VRDMA_LOST;
}

static enum vrdma_verdict vrdma_remote_advance(struct vrdma_binding *binding,
					       struct vrdma_op *op,
					       struct vrdma_budget *budget,
					       struct vrdma_outcome *out)
{
	struct vrdma_remote *remote = binding->remote;
	enum vrdma_verdict verdict;

	if (!vrdma_lane_is_up(remote->lane))
		return vrdma_request_down(remote);
	if (!op->begun) {
		op->bulk = vrdma_request_goes_bulk(remote, op);
		verdict = vrdma_request_begin(remote, op, out);
		if (verdict != VRDMA_MORE || !op->bulk)
			vrdma_request_decline_window(remote);
		if (verdict != VRDMA_MORE) {
			/* That may last: the room is for others. */
			vrdma_lane_decline(remote->lane, &remote->request.room);
			return verdict;
		}
		op->begun = true;
		if (op->bulk)
			remote->request.bulk_end = op->mseq + 1;
	}
	if (op->bulk && budget->hurry) {
		budget->bytes = 0;	/* a window takes a while: the worker's */
		return VRDMA_MORE;
	}
	do {
		verdict = op->bulk ? vrdma_request_piece(remote, op, budget, out) :
				     vrdma_request_part(remote, op, budget, out);
	} while (verdict == VRDMA_MORE && budget->bytes > 0);
	return verdict;
}

/* UC: the send queue has given up all before @mseq, and told nobody. */
static void vrdma_request_given_up(struct vrdma_request *req, u32 mseq)
{
	if ((s32)(mseq - req->answered) <= 0)
		return;
	req->answered = mseq;
	if ((s32)(mseq - req->sent) > 0)
		req->sent = mseq;
}

static void vrdma_remote_settle(struct vrdma_binding *binding, struct vrdma_settlement *news)
{
	struct vrdma_remote *remote = binding->remote;
	struct vrdma_request *req = &remote->request;
	bool stuck = false;
	bool close, mute;
	LIST_HEAD(sinks);

	spin_lock_irq(&remote->lock);
	vrdma_request_given_up(req, news->answered);
	if (news->late && !req->heard && news->answered == req->answered) {
		req->again = true;
		stuck = true;
	}
	news->heard = req->heard;
	req->heard = false;
	close = !list_empty(&req->windows) && (req->failed || req->again);
	mute = stuck && req->recalled &&
	       time_after(jiffies, req->recalled_at + msecs_to_jiffies(VRDMA_RECALL_MS));
	news->asked = stuck && close && !mute;
	news->answered = vrdma_request_shown(req, req->answered);
	if (close) {
		;	/* tell when they are closed */
	} else if (req->failed) {
		news->news = VRDMA_NEWS_FAILED;
		news->status = req->status;
	} else if (req->again) {
		news->news = VRDMA_NEWS_AGAIN;
		req->again = false;
		req->dropped = false;
		req->recalled = false;
		req->round++;
		req->sent = req->answered;
		req->bulk_end = req->answered;
		list_splice_init(&req->sinks, &sinks);
	}
	spin_unlock_irq(&remote->lock);
	vrdma_sinks_free(&sinks);
	/* However late it is, the owner's HCA may be at them. */
	if (close && mute)
		vrdma_repair_break(remote->lane, "no answer to a RECALL");
	else if (close)
		vrdma_request_recall(remote);
	else if (stuck)
		vrdma_serve_hello(remote);	/* is there anybody? */
}

/* What was set aside for a queue that then had no use for it is for others. */
static void vrdma_remote_rest(struct vrdma_binding *binding)
{
	vrdma_lane_decline(binding->remote->lane, &binding->remote->request.room);
	vrdma_request_decline_window(binding->remote);
}

const struct vrdma_path_ops vrdma_remote_path = {
	.advance = vrdma_remote_advance,
	.settle = vrdma_remote_settle,
	.rest = vrdma_remote_rest,
};

/* ---- hearing ---- */

/* The QP of a binding, held; NULL: it has ended. */
static struct vrdma_qp *vrdma_request_qp(struct vrdma_remote *remote)
{
	struct vrdma_binding *binding = remote->binding;
	struct vrdma_qp *qp = NULL;

	preempt_disable();
	if (vrdma_live_enter(&binding->live)) {
		qp = binding->qp;
		refcount_inc(&qp->ref);
		vrdma_live_exit(&binding->live);
	}
	preempt_enable();
	return qp;
}

/* Let the send queue see what came; from the lane's receiver. */
void vrdma_request_nudge(struct vrdma_remote *remote)
{
	struct vrdma_qp *qp = vrdma_request_qp(remote);

	if (!qp)
		return;
	vrdma_send_nudge(qp);
	vrdma_qp_put(qp);
}

/**
 * vrdma_request_wake - there is a way to the far side (again)
 * @remote: it is bound, or its lane is up
 */
void vrdma_request_wake(struct vrdma_remote *remote)
{
	struct vrdma_qp *qp = vrdma_request_qp(remote);

	if (!qp)
		return;
	vrdma_send_wake(qp);
	vrdma_qp_put(qp);
}

static void vrdma_request_room(struct vrdma_lane_waiter *room)
{
	vrdma_request_wake(container_of(room, struct vrdma_remote, request.room));
}

/**
 * vrdma_request_again - what was sent may be lost
 * @remote: its lane broke, or the binding has ended
 */
void vrdma_request_again(struct vrdma_remote *remote)
{
	spin_lock_irq(&remote->lock);
	remote->request.again = true;
	remote->request.dropped = true;
	remote->request.recalled = false;
	remote->request.refused = false;
	spin_unlock_irq(&remote->lock);
	vrdma_request_close(remote, 0, 0);
	vrdma_request_wake(remote);
}

static void vrdma_request_note(struct vrdma_request *req, const struct vrdma_msg *msg)
{
	switch (msg->result.kind) {
	case VRDMA_ANSWER_RNR:
		if (msg->mseq != req->answered)
			break;
		req->refused = true;
		req->again = true;
		req->dropped = true;
		req->window = 1;	/* the others would all be refused, too */
		req->rnr_timer = msg->result.rnr_timer;
		req->until = jiffies +
			     usecs_to_jiffies(vrdma_rnr_usecs(msg->result.rnr_timer));
		break;
	case VRDMA_ANSWER_READY:
		if (msg->mseq != req->answered)
			break;
		req->refused = false;
		req->again = true;	/* its RNR may never have been sent, or is long forgotten */
		break;
	case VRDMA_ANSWER_FAILED:
		if (msg->mseq != req->answered)
			break;
		req->failed = true;
		req->dropped = true;
		req->status = msg->result.status;
		break;
	default:
		break;
	}
}

/*
 * Up to where an answer can be good.  The owner has done with a READ when it sends what
 * the READ fetched, and that may be lost with a lane: only data says that it came.
 */
static u32 vrdma_request_bound(struct vrdma_request *req, u32 mseq)
{
	const struct vrdma_sink *sink;
	u32 bound = req->sent;

	sink = list_first_entry_or_null(&req->sinks, struct vrdma_sink, node);
	if (sink)
		bound = sink->mseq;
	return (s32)(mseq - bound) > 0 ? bound : mseq;
}

/* All before @mseq are executed, as far as that can be. */
static void vrdma_request_progress(struct vrdma_request *req, u32 mseq)
{
	u32 answered = vrdma_request_bound(req, mseq);

	/* What fails here has failed, though the owner knows nothing of it. */
	if (req->failed || (s32)(answered - req->answered) <= 0)
		return;
	req->answered = answered;
	req->refused = false;
	req->window = min_t(u32, req->window * 2, VRDMA_FLIGHTS);
}

/**
 * vrdma_request_answered - take an ANSWER
 * @remote: whose operations
 * @msg: the message
 */
void vrdma_request_answered(struct vrdma_remote *remote, const struct vrdma_msg *msg)
{
	struct vrdma_request *req = &remote->request;
	u32 answered;

	spin_lock_irq(&remote->lock);
	req->heard = true;
	vrdma_request_progress(req, msg->mseq);
	vrdma_request_note(req, msg);
	answered = req->answered;
	spin_unlock_irq(&remote->lock);
	vrdma_request_close(remote, answered, 0);
	vrdma_request_nudge(remote);
}

/**
 * vrdma_request_done - take what a REQUEST says of our own operations
 * @remote: whose operations
 * @mseq: all before it are executed
 */
void vrdma_request_done(struct vrdma_remote *remote, u32 mseq)
{
	struct vrdma_request *req = &remote->request;
	u32 answered;
	bool moved;

	spin_lock_irq(&remote->lock);
	answered = req->answered;
	vrdma_request_progress(req, mseq);
	moved = answered != req->answered;
	answered = req->answered;
	spin_unlock_irq(&remote->lock);
	if (!moved)
		return;
	vrdma_request_close(remote, answered, 0);
	vrdma_request_nudge(remote);
}

/* The first operations whose data the owner's HCA has put where it belongs. */
static void vrdma_request_land_bulk(struct vrdma_request *req)
{
	struct vrdma_sink *sink;

	for (;;) {
		sink = list_first_entry_or_null(&req->sinks, struct vrdma_sink, node);
		if (!sink || !sink->bulk || sink->offset < sink->total)
			break;
		list_del(&sink->node);
		vrdma_request_progress(req, sink->mseq + 1);
		kfree(sink);
	}
}

/**
 * vrdma_request_placed - take a PLACED
 * @remote: whose operations
 * @msg: the message
 */
void vrdma_request_placed(struct vrdma_remote *remote, const struct vrdma_msg *msg)
{
	struct vrdma_request *req = &remote->request;
	struct vrdma_sink *sink;

	spin_lock_irq(&remote->lock);
	req->heard = true;
	if (!req->again) {
		list_for_each_entry(sink, &req->sinks, node)
			if (sink->bulk && (s32)(sink->mseq - msg->mseq) < 0)
				sink->offset = sink->total;
			else if (sink->bulk && sink->mseq == msg->mseq)
				sink->offset = max(sink->offset, msg->placed.offset);
		vrdma_request_land_bulk(req);
	}
	spin_unlock_irq(&remote->lock);
	vrdma_request_close(remote, msg->mseq, msg->placed.offset);
}

/* The sink that @msg belongs to, taken off the list. */
static struct vrdma_sink *vrdma_request_take(struct vrdma_remote *remote,
					     const struct vrdma_msg *msg, u32 *round)
{
	struct vrdma_sink *sink;

	spin_lock_irq(&remote->lock);
	*round = remote->request.round;
	sink = list_first_entry_or_null(&remote->request.sinks, struct vrdma_sink, node);
	if (sink && !sink->bulk && sink->mseq == msg->mseq && sink->total == msg->response.total &&
	    sink->offset == msg->response.offset && !remote->request.again)
		list_del_init(&sink->node);
	else
		sink = NULL;
	spin_unlock_irq(&remote->lock);
	return sink;
}

static bool vrdma_request_scatter(struct vrdma_remote *remote, struct vrdma_sink *sink,
				  const struct vrdma_msg *msg, void *payload)
{
	enum vrdma_fault fault = VRDMA_FAULT_NONE;

	preempt_disable();
	if (vrdma_live_enter(&remote->binding->live)) {
		fault = vrdma_cursor_scatter(&sink->mem, payload, msg->payload);
		vrdma_live_exit(&remote->binding->live);
	}
	preempt_enable();
	sink->offset += msg->payload;
	return fault == VRDMA_FAULT_NONE;
}

/* Put a sink back unless all has come, or it was sent again meanwhile. */
static bool vrdma_request_untake(struct vrdma_remote *remote, struct vrdma_sink *sink,
				 u32 round, bool good)
{
	struct vrdma_request *req = &remote->request;
	bool free = true;

	spin_lock_irq(&remote->lock);
	req->heard = true;
	if (round != req->round) {
		;
	} else if (!good) {
		req->failed = true;
		req->status = IB_WC_LOC_PROT_ERR;
	} else if (sink->offset < sink->total) {
		list_add(&sink->node, &req->sinks);
		free = false;
	} else {
		vrdma_request_progress(req, sink->mseq + 1);
		vrdma_request_land_bulk(req);
	}
	spin_unlock_irq(&remote->lock);
	return free;
}

/**
 * vrdma_request_fetched - take a RESPONSE
 * @remote: whose READ or atomic
 * @msg: the message
 * @payload: its bytes
 *
 * All before the READ have been executed, or its answer would not be the next.
 */
void vrdma_request_fetched(struct vrdma_remote *remote, const struct vrdma_msg *msg,
			   void *payload)
{
	struct vrdma_sink *sink;
	bool good;
	u32 round;

	sink = vrdma_request_take(remote, msg, &round);
	if (!sink)
		return;
	good = vrdma_request_scatter(remote, sink, msg, payload);
	if (!vrdma_request_untake(remote, sink, round, good))
		return;
	vrdma_sink_free(sink);
	vrdma_request_nudge(remote);
}

void vrdma_request_init(struct vrdma_remote *remote)
{
	struct vrdma_request *req = &remote->request;

	req->answered = 1;
	req->sent = 1;
	req->bulk_end = 1;
	req->window = VRDMA_FLIGHTS;
	INIT_LIST_HEAD(&req->sinks);
	INIT_LIST_HEAD(&req->room.node);
	req->room.ready = vrdma_request_room;
	vrdma_request_init_bulk(req);
}

/* The binding has ended: nobody sends, nobody is in its sections. */
void vrdma_request_exit(struct vrdma_remote *remote)
{
	LIST_HEAD(sinks);

	vrdma_lane_unwait(remote->lane, &remote->request.room);
	vrdma_request_decline_window(remote);
	spin_lock_irq(&remote->lock);
	remote->request.round++;
	list_splice_init(&remote->request.sinks, &sinks);
	spin_unlock_irq(&remote->lock);
	vrdma_sinks_free(&sinks);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * The requester's half of bulk transfers: show the owner's HCA the memory of an operation,
 * piece after piece, and see that it has left before anybody is told that it is done.
 */
#include <linux/moduleparam.h>
#include <linux/slab.h>

#include "binding.h"
#include "channel.h"
#include "qp.h"
#include "remote.h"
#include "request.h"
#include "span.h"
#include "wqe.h"

static unsigned int vrdma_bulk_above = VRDMA_BULK_ABOVE;
module_param_named(bulk, vrdma_bulk_above, uint, 0644);
MODULE_PARM_DESC(bulk, "have HCAs move operations of more bytes between hosts (default 65536, 0: none)");

/**
 * struct vrdma_exposure - a piece of an operation that the owner's HCA may touch
 * @node: in vrdma_request::windows
 * @window: the way to it
 * @remote: whose operation; referenced
 * @mseq: its number
 * @end: offset behind the piece in the operation
 * @closed: it is, or is about to be; under vrdma_remote::lock
 * @recalled: a region of it is going; under the same
 * @span: the memory
 */
struct vrdma_exposure {
	struct list_head node;
	struct vrdma_window window;
	struct vrdma_remote *remote;
	u32 mseq;
	u32 end;
	bool closed;
	bool recalled;
	struct vrdma_span span;
};

/**
 * vrdma_request_goes_bulk - is an operation for the owner's HCA to move?
 * @remote: to where
 * @op: not begun
 *
 * From the size on that root says (parameter bulk).  Where it is scattered so that a window
 * holds less than a message would, it is not.
 */
bool vrdma_request_goes_bulk(const struct vrdma_remote *remote, const struct vrdma_op *op)
{
	unsigned int above = READ_ONCE(vrdma_bulk_above);

	return above && op->length > above &&
	       remote->binding->type == IB_QPT_RC && !vrdma_opcode_is_atomic(op->opcode) &&
	       op->length / op->mem.nr >= VRDMA_MSG_PAYLOAD &&
	       READ_ONCE(remote->lane->bulk.shows) && vrdma_span_fits(&op->mem);
}

/* ---- the end of windows ---- */

static void vrdma_exposure_done(struct vrdma_touch *touch, bool good)
{
	struct vrdma_exposure *exposure = container_of(touch, struct vrdma_exposure,
						       window.touch);
	struct vrdma_remote *remote = exposure->remote;

	vrdma_span_release(&exposure->span);
	spin_lock_irq(&remote->lock);
	list_del(&exposure->node);
	remote->request.nr_windows--;
	spin_unlock_irq(&remote->lock);
	kfree(exposure);
	vrdma_request_wake(remote);
	vrdma_remote_calm(remote);
	vrdma_remote_put(remote);
}

/* Locks of the lane and the remote held. */
static void vrdma_exposure_close(struct vrdma_exposure *exposure)
{
	exposure->closed = true;
	vrdma_window_close(&exposure->window);
}

/**
 * vrdma_request_close - close windows that the owner has done with
 * @remote: whose
 * @mseq: those of operations before this one
 * @offset: and those of this one up to here
 */
void vrdma_request_close(struct vrdma_remote *remote, u32 mseq, u32 offset)
{
	struct vrdma_request *req = &remote->request;
	struct vrdma_exposure *exposure;
	struct vrdma_lane *lane;

	if (!READ_ONCE(req->nr_windows))
		return;
	lane = remote->lane;
	spin_lock_irq(&lane->lock);
	spin_lock(&remote->lock);
	list_for_each_entry(exposure, &req->windows, node)
		if (req->dropped || (s32)(exposure->mseq - mseq) < 0 ||
		    (exposure->mseq == mseq && exposure->end <= offset))
			vrdma_exposure_close(exposure);
	spin_unlock(&remote->lock);
	spin_unlock_irq(&lane->lock);
}

/* Up to the one with @key the owner has dropped; false: it is closed already. */
static bool vrdma_request_close_to(struct vrdma_request *req, u32 key)
{
	struct vrdma_exposure *exposure, *last = NULL;

	list_for_each_entry(exposure, &req->windows, node)
		if (vrdma_window_key(&exposure->window) == key)
			last = exposure;
	if (!last)
		return false;
	list_for_each_entry(exposure, &req->windows, node) {
		vrdma_exposure_close(exposure);
		if (exposure == last)
			break;
	}
	return true;
}

/* Is the owner to be asked for windows that are open?  Lock held. */
static bool vrdma_request_ask_back(struct vrdma_request *req)
{
	const struct vrdma_exposure *exposure;

	if (req->dropped || req->recalled)
		return false;
	list_for_each_entry(exposure, &req->windows, node)
		req->recalled |= !exposure->closed;
	req->recalled_at = jiffies;
	return req->recalled;
}

/**
 * vrdma_request_dropped - take a DROPPED
 * @remote: whose operations
 * @key: of the last piece that the owner has dropped, with all before it
 */
void vrdma_request_dropped(struct vrdma_remote *remote, u32 key)
{
	struct vrdma_request *req = &remote->request;
	struct vrdma_lane *lane = remote->lane;
	bool recalled, ask;

	spin_lock_irq(&lane->lock);
	spin_lock(&remote->lock);
	req->heard = true;
	recalled = req->recalled;
	req->recalled = false;
	if (vrdma_request_close_to(req, key))
		req->again = true;
	/* One that was just being sent has come after the RECALL. */
	ask = recalled && vrdma_request_ask_back(req);
	spin_unlock(&remote->lock);
	spin_unlock_irq(&lane->lock);
	if (ask)
		vrdma_serve_recall(remote);
	vrdma_request_wake(remote);
}

/**
 * vrdma_request_recall - have the owner let go of our windows
 * @remote: whose operations are to be sent again, or to end
 *
 * Those that it has dropped are closed at once.  Process context.
 */
void vrdma_request_recall(struct vrdma_remote *remote)
{
	bool ask;

	spin_lock_irq(&remote->lock);
	ask = vrdma_request_ask_back(&remote->request);
	spin_unlock_irq(&remote->lock);
	if (ask)
		vrdma_serve_recall(remote);
	else
		vrdma_request_close(remote, remote->request.answered, 0);
}

/* A region goes whose memory the owner may be at, or is about to hear of. */
static void vrdma_exposure_recall(void *owner)
{
	struct vrdma_exposure *exposure = owner;
	struct vrdma_remote *remote = exposure->remote;
	bool ask;

	spin_lock_irq(&remote->lock);
	exposure->recalled = true;
	ask = vrdma_request_ask_back(&remote->request);
	spin_unlock_irq(&remote->lock);
	if (ask)
		vrdma_serve_recall(remote);
}

/* The first operation that the owner's HCA may still be at; lock held. */
u32 vrdma_request_shown(const struct vrdma_request *req, u32 mseq)
{
	const struct vrdma_exposure *exposure;

	list_for_each_entry(exposure, &req->windows, node)
		if ((s32)(exposure->mseq - mseq) < 0)
			mseq = exposure->mseq;
	return mseq;
}

/* ---- sending ---- */

/* What was set aside for an operation that is not sent now. */
void vrdma_request_decline_window(struct vrdma_remote *remote)
{
	if (!remote->request.asked)
		return;
	vrdma_window_unwait(remote->lane, &remote->request.window_room);
	remote->request.asked = false;
}

/* Is there room for one more?  Then a buffer of the lane and a window are ours. */
static struct vrdma_lane_buf *vrdma_request_room_for_piece(struct vrdma_remote *remote)
{
	struct vrdma_request *req = &remote->request;
	struct vrdma_lane_buf *buf;

	if (READ_ONCE(req->nr_windows) >= VRDMA_BULK_WINDOWS || READ_ONCE(req->recalled)) {
		/* That may last: the room is for others, and so is a window. */
		vrdma_lane_decline(remote->lane, &req->room);
		vrdma_request_decline_window(remote);
		return NULL;
	}
	req->room.large = false;
	buf = vrdma_lane_get_buf(remote->lane, &req->room);
	if (!buf)
		return NULL;
	req->asked = true;
	if (vrdma_window_get(remote->lane, &req->window_room)) {
		req->asked = false;
		return buf;
	}
	vrdma_lane_put_buf(buf);
	return NULL;
}

static void vrdma_exposure_free(struct vrdma_exposure *exposure)
{
	vrdma_span_release(&exposure->span);
	kfree(exposure);
}

static struct vrdma_exposure *vrdma_exposure_alloc(struct vrdma_remote *remote,
						   const struct vrdma_op *op)
{
	struct vrdma_exposure *exposure = kmalloc(sizeof(*exposure), GFP_KERNEL_ACCOUNT);
	u32 length = min_t(u64, op->mem.left, VRDMA_PIECE_BYTES);
	struct vrdma_touch *touch;

	if (!exposure)
		return ERR_PTR(-ENOMEM);
	exposure->remote = remote;
	exposure->mseq = op->mseq;
	exposure->closed = false;
	exposure->recalled = false;
	exposure->span.recall = vrdma_exposure_recall;
	exposure->span.owner = exposure;
	if (vrdma_span_take(&exposure->span, &op->mem, length, remote->lane)) {
		vrdma_exposure_free(exposure);
		return ERR_PTR(-EFAULT);
	}
	touch = &exposure->window.touch;
	touch->lane = remote->lane;
	touch->sg = exposure->span.sg;
	touch->nents = exposure->span.nents;
	touch->dir = vrdma_opcode_fetches(op->opcode) ? DMA_FROM_DEVICE : DMA_TO_DEVICE;
	touch->done = vrdma_exposure_done;
	return exposure;
}

static int vrdma_exposure_open(struct vrdma_exposure *exposure, const struct vrdma_op *op)
{
	struct vrdma_window *window = &exposure->window;
	int ret;

	ret = vrdma_window_open(window, vrdma_opcode_fetches(op->opcode) ?
				IB_ACCESS_LOCAL_WRITE | IB_ACCESS_REMOTE_WRITE :
				IB_ACCESS_REMOTE_READ);
	exposure->end = op->length - op->mem.left + window->length;
	return ret;
}

/*
 * List it before anybody can answer.  False: what is sent before this is to be sent again, or
 * its memory goes: the owner does not hear of it.
 */
static bool vrdma_exposure_list(struct vrdma_exposure *exposure)
{
	struct vrdma_remote *remote = exposure->remote;
	struct vrdma_request *req = &remote->request;
	struct vrdma_lane *lane = remote->lane;
	bool good;

	refcount_inc(&remote->ref);	/* put in vrdma_exposure_done() */
	spin_lock_irq(&lane->lock);
	spin_lock(&remote->lock);
	list_add_tail(&exposure->node, &req->windows);
	req->nr_windows++;
	good = !req->again && !req->failed && !req->recalled && !exposure->recalled;
	if (!good) {
		req->again = true;
		vrdma_exposure_close(exposure);
	}
	spin_unlock(&remote->lock);
	spin_unlock_irq(&lane->lock);
	return good;
}

/* Between enter and leave.  On a lane that breaks the message is lost, and the window ends. */
static void vrdma_exposure_send(struct vrdma_exposure *exposure, struct vrdma_op *op,
				struct vrdma_lane_buf *buf)
{
	struct vrdma_remote *remote = exposure->remote;
	struct vrdma_msg msg;

	vrdma_request_fill(&msg, op);
	msg.type = VRDMA_MSG_PIECE;
	msg.request.offset = op->length - op->mem.left;
	msg.piece.length = exposure->window.length;
	msg.piece.key = vrdma_window_key(&exposure->window);
	msg.piece.addr = vrdma_window_addr(&exposure->window);
	vrdma_cursor_skip(&op->mem, exposure->window.length);
	if (vrdma_exposure_list(exposure)) {
		vrdma_request_going(remote, op, &msg);
		vrdma_remote_send(remote, buf, &msg);
	} else {
		vrdma_lane_put_buf(buf);
	}
	vrdma_window_shown(&exposure->window);
}

static int vrdma_request_show(struct vrdma_remote *remote, struct vrdma_op *op,
			      struct vrdma_lane_buf *buf)
{
	struct vrdma_lane *lane = remote->lane;
	struct vrdma_exposure *exposure;
	int ret = -ENOTCONN;

	exposure = vrdma_exposure_alloc(remote, op);
	if (IS_ERR(exposure))
		return PTR_ERR(exposure);
	if (vrdma_bulk_enter(lane, vrdma_bulk_epoch(lane))) {
		ret = vrdma_exposure_open(exposure, op);
		if (!ret)
			vrdma_exposure_send(exposure, op, buf);
		vrdma_bulk_leave(lane);
	}
	if (ret)
		vrdma_exposure_free(exposure);
	return ret;
}

/* Nothing of @op was sent with @ret, its window and its buffer are not used. */
static enum vrdma_verdict vrdma_request_not_shown(struct vrdma_remote *remote,
						  struct vrdma_op *op, int ret,
						  struct vrdma_outcome *out)
{
	if (ret == -ENOTCONN)
		return VRDMA_LOST;
	if (ret == -EFAULT) {
		out->status = IB_WC_LOC_PROT_ERR;
		return VRDMA_FAILED;
	}
	if (op->mem.left < op->length || vrdma_opcode_fetches(op->opcode)) {
		out->status = IB_WC_LOC_QP_OP_ERR;
		return VRDMA_FAILED;
	}
	op->bulk = false;	/* the HCA has no room for windows */
	return VRDMA_MORE;
}

/**
 * vrdma_request_piece - send the next piece of a bulk operation
 * @remote: to where
 * @op: begun
 * @budget: of the caller
 * @out: details of a verdict
 *
 * Return: MORE when there are more to come, SENT, BUSY, LOST or FAILED.
 */
enum vrdma_verdict vrdma_request_piece(struct vrdma_remote *remote, struct vrdma_op *op,
				       struct vrdma_budget *budget, struct vrdma_outcome *out)
{
	bool first = op->mem.left == op->length;
	struct vrdma_lane_buf *buf;
	int ret = 0;

	buf = vrdma_request_room_for_piece(remote);
	if (!buf)
		return VRDMA_BUSY;
	if (first && vrdma_opcode_fetches(op->opcode))
		ret = vrdma_request_bulk_sink(remote, op);
	if (!ret)
		ret = vrdma_request_show(remote, op, buf);
	if (ret) {
		vrdma_window_put(remote->lane);
		vrdma_lane_put_buf(buf);
		return vrdma_request_not_shown(remote, op, ret, out);
	}
	budget->bytes -= VRDMA_MSG_PAYLOAD;	/* what it costs us is about a message */
	return op->mem.left ? VRDMA_MORE : VRDMA_SENT;
}

static void vrdma_request_window_ready(struct vrdma_bulk_waiter *waiter)
{
	vrdma_request_wake(container_of(waiter, struct vrdma_remote, request.window_room));
}

void vrdma_request_init_bulk(struct vrdma_request *req)
{
	INIT_LIST_HEAD(&req->windows);
	INIT_LIST_HEAD(&req->window_room.node);
	req->window_room.ready = vrdma_request_window_ready;
}

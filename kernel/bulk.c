// SPDX-License-Identifier: GPL-2.0
/* Windows and moves: memory of operations, touched by HCAs. */
#include "bulk.h"

#include <linux/random.h>

#include "conn.h"
#include "hca.h"
#include "lane_room.h"
#include "regqp.h"

/* ---- the connection ---- */

bool vrdma_bulk_enter(struct vrdma_lane *lane, u32 epoch)
{
	struct vrdma_bulk *bulk = &lane->bulk;
	bool entered;

	spin_lock_irq(&lane->lock);
	entered = vrdma_lane_is_good(lane) && bulk->on && bulk->epoch == epoch;
	bulk->users += entered;
	spin_unlock_irq(&lane->lock);
	return entered;
}

void vrdma_bulk_leave(struct vrdma_lane *lane)
{
	struct vrdma_bulk *bulk = &lane->bulk;

	spin_lock_irq(&lane->lock);
	if (!--bulk->users)
		wake_up_all(&bulk->idle);
	spin_unlock_irq(&lane->lock);
}

u32 vrdma_bulk_epoch(struct vrdma_lane *lane)
{
	return READ_ONCE(lane->bulk.epoch);
}

static bool vrdma_bulk_idle(struct vrdma_lane *lane)
{
	bool idle;

	spin_lock_irq(&lane->lock);
	idle = !lane->bulk.users;
	spin_unlock_irq(&lane->lock);
	return idle;
}

/**
 * vrdma_bulk_quiesce - wait for those who use a connection that is given up
 * @lane: down, so that nobody enters
 */
void vrdma_bulk_quiesce(struct vrdma_lane *lane)
{
	might_sleep();
	wait_event(lane->bulk.idle, vrdma_bulk_idle(lane));
}

/* ---- touching ---- */

static int vrdma_touch_map(struct vrdma_touch *touch)
{
	int nents = ib_dma_map_sg(touch->lane->conn->hca->ibdev, touch->sg, touch->nents,
				  touch->dir);

	touch->state = VRDMA_TOUCH_MAPPED;
	return nents ?: -ENOMEM;
}

static void vrdma_touch_unmap(struct vrdma_touch *touch)
{
	if (touch->nents)
		ib_dma_unmap_sg(touch->lane->conn->hca->ibdev, touch->sg, touch->nents,
				touch->dir);
}

/* A window that is no more makes room for another one; lock held. */
static void vrdma_window_free(struct vrdma_lane *lane)
{
	struct vrdma_bulk *bulk = &lane->bulk;
	struct vrdma_bulk_waiter *waiter;

	lockdep_assert_held(&lane->lock);
	bulk->windows++;
	waiter = list_first_entry_or_null(&bulk->waiters, struct vrdma_bulk_waiter, node);
	if (!waiter || bulk->granted == bulk->windows)
		return;
	list_del_init(&waiter->node);
	waiter->granted = true;
	bulk->granted++;
	waiter->ready(waiter);
}

/* Nothing touches it any more. */
static void vrdma_touch_end(struct vrdma_touch *touch, bool good)
{
	struct vrdma_lane *lane = touch->lane;

	vrdma_touch_unmap(touch);
	spin_lock_irq(&lane->lock);
	list_del(&touch->node);
	if (touch->mr)
		vrdma_window_free(lane);
	else
		lane->bulk.moves++;
	lane->counts.moved += !touch->mr && good ? touch->length : 0;
	if (list_empty(&lane->bulk.touches))
		wake_up_all(&lane->bulk.idle);
	spin_unlock_irq(&lane->lock);
	touch->done(touch, good);
}

/* ---- windows ---- */

bool vrdma_window_get(struct vrdma_lane *lane, struct vrdma_bulk_waiter *waiter)
{
	struct vrdma_bulk *bulk = &lane->bulk;
	unsigned long flags;
	bool got;

	spin_lock_irqsave(&lane->lock, flags);
	got = waiter->granted ||
	      (list_empty(&bulk->waiters) && bulk->windows > bulk->granted);
	if (got) {
		bulk->granted -= waiter->granted;
		waiter->granted = false;
		bulk->windows--;
	} else if (list_empty(&waiter->node)) {
		list_add_tail(&waiter->node, &bulk->waiters);
	}
	spin_unlock_irqrestore(&lane->lock, flags);
	return got;
}

void vrdma_window_put(struct vrdma_lane *lane)
{
	unsigned long flags;

	spin_lock_irqsave(&lane->lock, flags);
	vrdma_window_free(lane);
	spin_unlock_irqrestore(&lane->lock, flags);
}

void vrdma_window_unwait(struct vrdma_lane *lane, struct vrdma_bulk_waiter *waiter)
{
	struct vrdma_bulk *bulk = &lane->bulk;
	unsigned long flags;

	spin_lock_irqsave(&lane->lock, flags);
	list_del_init(&waiter->node);
	if (waiter->granted) {
		waiter->granted = false;
		bulk->granted--;
		bulk->windows--;
		vrdma_window_free(lane);
	}
	spin_unlock_irqrestore(&lane->lock, flags);
}

/*
 * When the HCA says that its MR is free that is another window's.  Otherwise it may be in any
 * state: the peer's HCA may still be at it until its lane has ended.
 */
static void vrdma_window_closed(struct ib_cq *cq, struct ib_wc *wc)
{
	struct vrdma_touch *touch = container_of(wc->wr_cqe, struct vrdma_touch, cqe);
	struct vrdma_lane *lane = touch->lane;
	struct vrdma_conn *conn = lane->conn;

	if (wc->status == IB_WC_SUCCESS) {
		vrdma_regqp_put_mr(conn->regqp, touch->mr);
		vrdma_touch_end(touch, true);
		return;
	}
	vrdma_regqp_break(conn->regqp);
	vrdma_conn_break(conn, "invalidation");
	spin_lock_irq(&lane->lock);
	touch->state = VRDMA_TOUCH_POSTED;
	wake_up_all(&lane->bulk.idle);
	spin_unlock_irq(&lane->lock);
}

/*
 * A key that its last holder cannot know, and addresses that tell nothing of ours: only
 * the place in a page is the memory's.
 */
static int vrdma_window_fill(struct vrdma_window *window, unsigned int nents)
{
	struct ib_mr *mr = window->touch.mr;
	int ret;

	ret = ib_map_mr_sg(mr, window->touch.sg, nents, NULL, PAGE_SIZE);
	if (ret <= 0)
		return ret ?: -EINVAL;
	ib_update_fast_reg_key(mr, mr->rkey + 1 + get_random_u32() % 255);
	mr->iova = offset_in_page(mr->iova);
	window->length = mr->length;
	return 0;
}

/* When it is registered, nothing is as it was before, whatever comes of it. */
static int vrdma_window_register(struct vrdma_window *window, int access)
{
	struct vrdma_touch *touch = &window->touch;
	struct vrdma_lane *lane = touch->lane;

	if (vrdma_regqp_register(lane->conn->regqp, touch->mr, access)) {
		vrdma_conn_break(lane->conn, "registration");
		ib_dereg_mr(touch->mr);
		vrdma_touch_unmap(touch);
		return -ENOTCONN;
	}
	touch->cqe.done = vrdma_window_closed;
	window->over = false;
	spin_lock_irq(&lane->lock);
	list_add_tail(&touch->node, &lane->bulk.touches);
	lane->counts.windows++;
	spin_unlock_irq(&lane->lock);
	return 0;
}

/**
 * vrdma_window_open - make a window
 * @window: its touch is filled in
 * @access: what the peer's HCA may do
 *
 * Return: 0; -ENOTCONN: the connection is of no use any more; or a negative error when the
 * HCA has no room for it.
 */
int vrdma_window_open(struct vrdma_window *window, int access)
{
	struct vrdma_touch *touch = &window->touch;
	struct vrdma_regqp *regqp = touch->lane->conn->regqp;
	int ret;

	touch->mr = vrdma_regqp_get_mr(regqp);
	if (IS_ERR(touch->mr))
		return PTR_ERR(touch->mr);
	ret = vrdma_touch_map(touch);
	if (ret < 0)
		goto err_put_mr;
	ret = vrdma_window_fill(window, ret);
	if (ret)
		goto err_unmap;
	return vrdma_window_register(window, access);

err_unmap:
	vrdma_touch_unmap(touch);
err_put_mr:
	vrdma_regqp_put_mr(regqp, touch->mr);
	return ret;
}

/* Lock held. */
static void vrdma_window_invalidate(struct vrdma_window *window)
{
	struct vrdma_touch *touch = &window->touch;
	struct vrdma_conn *conn = touch->lane->conn;

	if (vrdma_regqp_invalidate(conn->regqp, touch->mr->rkey, &touch->cqe))
		vrdma_conn_break(conn, "invalidation");	/* and is closed when that ends */
	else
		touch->state = VRDMA_TOUCH_CLOSING;
}

/**
 * vrdma_window_close - end a window
 * @window: the peer's HCA has done with it, or that is the peer's mistake
 *
 * The lane's lock is held.  done() tells when it is closed.
 */
void vrdma_window_close(struct vrdma_window *window)
{
	lockdep_assert_held(&window->touch.lane->lock);
	if (window->touch.state == VRDMA_TOUCH_MAPPED)
		window->over = true;
	else if (window->touch.state == VRDMA_TOUCH_POSTED)
		vrdma_window_invalidate(window);
}

/**
 * vrdma_window_shown - the peer has been told of a window, or the message is lost
 * @window: open; somebody may have closed it already
 */
void vrdma_window_shown(struct vrdma_window *window)
{
	struct vrdma_lane *lane = window->touch.lane;

	spin_lock_irq(&lane->lock);
	window->touch.state = VRDMA_TOUCH_POSTED;
	if (window->over)
		vrdma_window_invalidate(window);
	spin_unlock_irq(&lane->lock);
}

u32 vrdma_window_key(const struct vrdma_window *window)
{
	return window->touch.mr->rkey;
}

u64 vrdma_window_addr(const struct vrdma_window *window)
{
	return window->touch.mr->iova;
}

/* ---- moves ---- */

static struct vrdma_move *vrdma_touch_move(struct vrdma_touch *touch)
{
	return container_of(touch, struct vrdma_move, touch);
}

static bool vrdma_move_reads(const struct vrdma_move *move)
{
	return move->touch.dir == DMA_FROM_DEVICE;
}

static int vrdma_move_map_tail(struct vrdma_move *move)
{
	struct ib_device *ibdev = move->touch.lane->conn->hca->ibdev;

	if (!move->tail_length)
		return 0;
	move->tail_dma = ib_dma_map_single(ibdev, move->tail, move->tail_length,
					   DMA_FROM_DEVICE);
	return ib_dma_mapping_error(ibdev, move->tail_dma) ? -ENOMEM : 0;
}

static void vrdma_move_unmap_tail(struct vrdma_move *move)
{
	if (move->tail_length)
		ib_dma_unmap_single(move->touch.lane->conn->hca->ibdev, move->tail_dma,
				    move->tail_length, DMA_FROM_DEVICE);
}

static void vrdma_move_completed(struct ib_cq *cq, struct ib_wc *wc);

static void vrdma_move_fill(struct vrdma_move *move, unsigned int nents)
{
	u32 lkey = move->touch.lane->conn->regqp->pd->local_dma_lkey;
	struct scatterlist *sg;
	unsigned int i;

	for_each_sg(move->touch.sg, sg, nents, i)
		move->sges[i] = (struct ib_sge) {
			.addr = sg_dma_address(sg),
			.length = sg_dma_len(sg),
			.lkey = lkey,
		};
	if (move->tail_length)
		move->sges[nents++] = (struct ib_sge) {
			.addr = move->tail_dma,
			.length = move->tail_length,
			.lkey = lkey,
		};
	move->nr_sges = nents;
	move->touch.length = 0;
	while (nents--)
		move->touch.length += move->sges[nents].length;
	move->touch.cqe.done = vrdma_move_completed;
}

/*
 * A part: at most @most bytes and what entries the HCA takes at once (fewer for a READ).
 * Return: how much of its last entry is left for the next one.
 */
static u32 vrdma_move_cut(struct vrdma_move *move, u32 most, struct ib_send_wr *wr, u32 *length)
{
	unsigned int left = move->nr_sges - move->next;
	unsigned int width = min(left, move->touch.lane->conn->sges);
	struct ib_sge *sges = &move->sges[move->next];
	u32 rest;

	*length = 0;
	wr->sg_list = sges;
	for (wr->num_sge = 0; wr->num_sge < width && *length < most; wr->num_sge++)
		*length += sges[wr->num_sge].length;
	rest = *length > most ? *length - most : 0;
	sges[wr->num_sge - 1].length -= rest;
	*length -= rest;
	return rest;
}

/* What follows the part @wr, of whose last entry @rest is left. */
static void vrdma_move_advance(struct vrdma_move *move, const struct ib_send_wr *wr, u32 length,
			       u32 rest)
{
	struct ib_sge *last = &wr->sg_list[wr->num_sge - 1];

	move->addr += length;
	move->next += wr->num_sge;
	move->parts++;
	if (!rest)
		return;
	move->next--;
	last->addr += last->length;
	last->length = rest;
}

static bool vrdma_move_post_part(struct vrdma_lane *lane, struct vrdma_move *move)
{
	struct ib_rdma_wr wr = {
		.wr.wr_cqe = &move->touch.cqe,
		.wr.opcode = vrdma_move_reads(move) ? IB_WR_RDMA_READ : IB_WR_RDMA_WRITE,
		.wr.send_flags = IB_SEND_SIGNALED,
		.remote_addr = move->addr,
		.rkey = move->key,
	};
	struct vrdma_drain *drain = &lane->bulk.drain;
	u32 length, rest;

	rest = vrdma_move_cut(move, vrdma_drain_part(drain), &wr.wr, &length);
	if (ib_post_send(lane->conn->id->qp, &wr.wr, NULL)) {
		vrdma_conn_break(lane->conn, "post");
		return false;
	}
	vrdma_drain_posted(drain, length, vrdma_lane_ticks());
	vrdma_move_advance(move, &wr.wr, length, rest);
	lane->counts.parts++;
	return true;
}

/*
 * Each move in turn posts a part, as long as there is room.  On a connection that breaks
 * none is posted, and all moves are ended with it.
 */
static void vrdma_moves_run(struct vrdma_lane *lane)
{
	struct vrdma_bulk *bulk = &lane->bulk;
	struct vrdma_move *move;

	lockdep_assert_held(&lane->lock);
	bulk->drain.shared = vrdma_lane_is_shared(lane);
	while (vrdma_lane_is_good(lane) && vrdma_drain_has_room(&bulk->drain, 0, 0)) {
		move = list_first_entry_or_null(&bulk->turns, struct vrdma_move, turn);
		if (!move || !vrdma_move_post_part(lane, move))
			return;
		if (move->next < move->nr_sges)
			list_move_tail(&move->turn, &bulk->turns);
		else
			list_del_init(&move->turn);
	}
}

/* A part of a move.  What failed is ended when its queue pair is gone. */
static void vrdma_move_completed(struct ib_cq *cq, struct ib_wc *wc)
{
	struct vrdma_move *move = container_of(wc->wr_cqe, struct vrdma_move, touch.cqe);
	struct vrdma_lane *lane = move->touch.lane;
	bool over;

	if (wc->status != IB_WC_SUCCESS) {
		vrdma_conn_break(lane->conn, ib_wc_status_msg(wc->status));
		return;
	}
	spin_lock_irq(&lane->lock);
	vrdma_drain_done(&lane->bulk.drain, vrdma_lane_ticks());
	over = !--move->parts && list_empty(&move->turn);
	vrdma_moves_run(lane);
	spin_unlock_irq(&lane->lock);
	if (!over)
		return;
	vrdma_move_unmap_tail(move);
	vrdma_touch_end(&move->touch, true);
}

/* False: none of it is posted, nor will be. */
static bool vrdma_move_begin(struct vrdma_move *move)
{
	struct vrdma_lane *lane = move->touch.lane;
	struct vrdma_bulk *bulk = &lane->bulk;
	bool begun;

	spin_lock_irq(&lane->lock);
	begun = bulk->moves && vrdma_lane_is_good(lane);
	if (begun) {
		bulk->moves--;
		lane->counts.moves++;
		move->touch.state = VRDMA_TOUCH_POSTED;
		list_add_tail(&move->touch.node, &bulk->touches);
		list_add_tail(&move->turn, &bulk->turns);
		vrdma_moves_run(lane);
	}
	spin_unlock_irq(&lane->lock);
	return begun;
}

/**
 * vrdma_move_post - have the HCA move bytes
 * @move: its touch, tail, addr and key are filled in
 *
 * Return: false when it cannot; more than a peer has windows for never can.
 */
bool vrdma_move_post(struct vrdma_move *move)
{
	int nents = 0;

	if (vrdma_move_map_tail(move))
		return false;
	if (move->touch.nents)
		nents = vrdma_touch_map(&move->touch);
	if (nents < 0)
		goto err_unmap_tail;
	vrdma_move_fill(move, nents);
	if (vrdma_move_begin(move))
		return true;
	vrdma_touch_unmap(&move->touch);
err_unmap_tail:
	vrdma_move_unmap_tail(move);
	return false;
}

/* ---- the end of a connection ---- */

/*
 * One that nobody is at any more, for the queue pair is gone that could: a move, or a window
 * that is not about to be closed.
 */
static struct vrdma_touch *vrdma_bulk_left(struct vrdma_lane *lane)
{
	struct vrdma_touch *touch, *left = NULL;

	spin_lock_irq(&lane->lock);
	list_for_each_entry(touch, &lane->bulk.touches, node)
		if (touch->state == VRDMA_TOUCH_POSTED)
			left = touch;
	if (left) {
		left->state = VRDMA_TOUCH_CLOSING;
		if (!left->mr)
			list_del_init(&vrdma_touch_move(left)->turn);
	}
	spin_unlock_irq(&lane->lock);
	return left;
}

static void vrdma_bulk_end_left(struct vrdma_lane *lane)
{
	struct vrdma_touch *touch;

	while ((touch = vrdma_bulk_left(lane))) {
		if (touch->mr)
			ib_dereg_mr(touch->mr);
		else
			vrdma_move_unmap_tail(vrdma_touch_move(touch));
		vrdma_touch_end(touch, false);
	}
}

/* Nothing is closing any more: what is left has not closed. */
static bool vrdma_bulk_settled(struct vrdma_lane *lane)
{
	struct vrdma_touch *touch;
	bool settled = true;

	spin_lock_irq(&lane->lock);
	list_for_each_entry(touch, &lane->bulk.touches, node)
		settled &= touch->state != VRDMA_TOUCH_CLOSING;
	spin_unlock_irq(&lane->lock);
	return settled;
}

/**
 * vrdma_bulk_reclaim - end what was begun on a queue pair that is no more
 * @lane: down; its completions are no longer looked at
 *
 * Those of windows that are being closed are, and come in any case: an HCA that does not
 * answer has to say so when its queue pair is put into error.
 */
void vrdma_bulk_reclaim(struct vrdma_lane *lane)
{
	wait_queue_head_t *idle = &lane->bulk.idle;

	might_sleep();
	vrdma_bulk_end_left(lane);
	if (!wait_event_timeout(*idle, vrdma_bulk_settled(lane), vrdma_conn_patience())) {
		vrdma_regqp_fail(lane->conn->regqp);
		wait_event(*idle, vrdma_bulk_settled(lane));
	}
	vrdma_bulk_end_left(lane);
	WRITE_ONCE(lane->bulk.epoch, lane->bulk.epoch + 1);
}

void vrdma_bulk_init(struct vrdma_lane *lane)
{
	struct vrdma_bulk *bulk = &lane->bulk;

	init_waitqueue_head(&bulk->idle);
	INIT_LIST_HEAD(&bulk->touches);
	INIT_LIST_HEAD(&bulk->waiters);
	bulk->windows = VRDMA_LANE_WINDOWS;
	bulk->moves = VRDMA_LANE_MOVES;
	INIT_LIST_HEAD(&bulk->turns);
}

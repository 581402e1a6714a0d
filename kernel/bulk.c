// SPDX-License-Identifier: GPL-2.0
/* Windows and moves: memory of operations, touched by HCAs. */
#include "bulk.h"

#include <linux/random.h>

#include "conn.h"
#include "hca.h"
#include "lane.h"

/* ---- the connection ---- */

bool vrdma_bulk_enter(struct vrdma_lane *lane, u32 epoch)
{
	struct vrdma_bulk *bulk = &lane->bulk;
	bool entered;

	spin_lock_irq(&lane->lock);
	entered = lane->up && bulk->on && bulk->epoch == epoch &&
		  !vrdma_conn_is(lane->conn, VRDMA_CONN_BROKEN);
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

/* Lock held.  False: not posted, and what was posted before it is lost. */
bool vrdma_bulk_post(struct vrdma_touch *touch, struct ib_send_wr *wr)
{
	struct vrdma_lane *lane = touch->lane;

	lockdep_assert_held(&lane->lock);
	if (!lane->up || vrdma_conn_is(lane->conn, VRDMA_CONN_BROKEN))
		return false;
	if (ib_post_send(lane->conn->id->qp, wr, NULL)) {
		vrdma_conn_break(lane->conn);
		return false;
	}
	lane->counts.windows += !!touch->mr;
	lane->counts.moves += !touch->mr;
	touch->state = VRDMA_TOUCH_POSTED;
	list_add_tail(&touch->node, &lane->bulk.touches);
	return true;
}

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

/*
 * Nothing touches it any more.  Its MR is another window's when the HCA has said that it
 * is free; that of a connection that has ended may be in any state.
 */
static void vrdma_touch_end(struct vrdma_touch *touch, bool good)
{
	struct vrdma_lane *lane = touch->lane;
	struct ib_mr *mr = touch->mr;

	vrdma_touch_unmap(touch);
	if (mr && !good)
		ib_dereg_mr(mr);
	spin_lock_irq(&lane->lock);
	list_del(&touch->node);
	if (mr && good)
		list_add(&mr->qp_entry, &lane->bulk.mrs);
	if (mr)
		vrdma_window_free(lane);
	else
		lane->bulk.moves++;
	lane->counts.moved += !mr && good ? touch->length : 0;
	spin_unlock_irq(&lane->lock);
	touch->done(touch, good);
}

/* What failed is ended when its queue pair is gone. */
static void vrdma_touch_completed(struct ib_cq *cq, struct ib_wc *wc)
{
	struct vrdma_touch *touch = container_of(wc->wr_cqe, struct vrdma_touch, cqe);

	if (wc->status != IB_WC_SUCCESS)
		vrdma_conn_break(touch->lane->conn);
	else
		vrdma_touch_end(touch, true);
}

static struct vrdma_touch *vrdma_bulk_first(struct vrdma_lane *lane)
{
	struct vrdma_touch *touch;

	spin_lock_irq(&lane->lock);
	touch = list_first_entry_or_null(&lane->bulk.touches, struct vrdma_touch, node);
	spin_unlock_irq(&lane->lock);
	return touch;
}

static void vrdma_move_unmap_tail(struct vrdma_move *move);

/**
 * vrdma_bulk_reclaim - end what was posted on a queue pair that is no more
 * @lane: down; its completions are no longer looked at
 */
void vrdma_bulk_reclaim(struct vrdma_lane *lane)
{
	struct vrdma_touch *touch;
	struct ib_mr *mr, *next;

	while ((touch = vrdma_bulk_first(lane))) {
		if (!touch->mr)
			vrdma_move_unmap_tail(container_of(touch, struct vrdma_move, touch));
		vrdma_touch_end(touch, false);
	}
	list_for_each_entry_safe(mr, next, &lane->bulk.mrs, qp_entry)
		ib_dereg_mr(mr);
	INIT_LIST_HEAD(&lane->bulk.mrs);
	WRITE_ONCE(lane->bulk.epoch, lane->bulk.epoch + 1);
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

/* An MR of the connection: one that is free, or a new one. */
static struct ib_mr *vrdma_window_mr(struct vrdma_lane *lane)
{
	struct ib_mr *mr;

	spin_lock_irq(&lane->lock);
	mr = list_first_entry_or_null(&lane->bulk.mrs, struct ib_mr, qp_entry);
	if (mr)
		list_del(&mr->qp_entry);
	spin_unlock_irq(&lane->lock);
	if (!mr)
		mr = ib_alloc_mr(lane->conn->pd, IB_MR_TYPE_MEM_REG, VRDMA_PIECE_PAGES);
	return mr;
}

static void vrdma_window_put_mr(struct vrdma_window *window)
{
	struct vrdma_lane *lane = window->touch.lane;

	spin_lock_irq(&lane->lock);
	list_add(&window->touch.mr->qp_entry, &lane->bulk.mrs);
	spin_unlock_irq(&lane->lock);
	window->touch.mr = NULL;
}

/*
 * A key that its last holder cannot know, and addresses that tell nothing of ours: only
 * the place in a page is the memory's.
 */
static void vrdma_window_fill(struct vrdma_window *window, int access)
{
	struct ib_mr *mr = window->touch.mr;

	ib_update_fast_reg_key(mr, mr->rkey + 1 + get_random_u32() % 255);
	mr->iova = offset_in_page(mr->iova);
	window->length = mr->length;
	window->touch.cqe.done = vrdma_touch_completed;
	window->reg = (struct ib_reg_wr) {
		.wr.opcode = IB_WR_REG_MR,
		.mr = mr,
		.key = mr->rkey,
		.access = access,
	};
	window->inv = (struct ib_send_wr) {
		.wr_cqe = &window->touch.cqe,
		.opcode = IB_WR_LOCAL_INV,
		.send_flags = IB_SEND_SIGNALED,
		.ex.invalidate_rkey = mr->rkey,
	};
}

/**
 * vrdma_window_open - make a window
 * @window: its touch is filled in
 * @access: what the peer's HCA may do
 *
 * Return: 0, or a negative error when the HCA has no room for it.
 */
int vrdma_window_open(struct vrdma_window *window, int access)
{
	struct vrdma_touch *touch = &window->touch;
	int nents, ret;

	touch->mr = vrdma_window_mr(touch->lane);
	if (IS_ERR(touch->mr))
		return PTR_ERR(touch->mr);
	nents = vrdma_touch_map(touch);
	if (nents < 0) {
		vrdma_window_put_mr(window);
		return nents;
	}
	ret = ib_map_mr_sg(touch->mr, touch->sg, nents, NULL, PAGE_SIZE);
	if (ret <= 0) {
		vrdma_window_discard(window);
		return ret ?: -EINVAL;
	}
	vrdma_window_fill(window, access);
	return 0;
}

void vrdma_window_discard(struct vrdma_window *window)
{
	vrdma_touch_unmap(&window->touch);
	vrdma_window_put_mr(window);
}

bool vrdma_window_send(struct vrdma_window *window, struct vrdma_lane_buf *buf,
		       struct vrdma_msg *msg)
{
	return vrdma_lane_send_behind(buf, msg, &window->touch, &window->reg.wr);
}

/**
 * vrdma_window_close - end a window
 * @window: the peer's HCA has done with it, or that is the peer's mistake
 *
 * The lane's lock is held.  done() tells when it is closed.
 */
void vrdma_window_close(struct vrdma_window *window)
{
	struct vrdma_touch *touch = &window->touch;
	struct vrdma_lane *lane = touch->lane;

	lockdep_assert_held(&lane->lock);
	if (touch->state != VRDMA_TOUCH_POSTED)
		return;
	touch->state = VRDMA_TOUCH_CLOSING;
	if (!lane->up || vrdma_conn_is(lane->conn, VRDMA_CONN_BROKEN))
		return;
	if (ib_post_send(lane->conn->id->qp, &window->inv, NULL))
		vrdma_conn_break(lane->conn);
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

static bool vrdma_move_reads(const struct vrdma_move *move)
{
	return move->touch.dir == DMA_FROM_DEVICE;
}

/* Entries of one work request; the HCA may take fewer for a READ. */
static unsigned int vrdma_move_width(const struct vrdma_lane *lane)
{
	return lane->conn->sges;
}

unsigned int vrdma_move_entries(struct vrdma_lane *lane)
{
	return min_t(unsigned int, VRDMA_PIECE_PAGES,
		     vrdma_move_width(lane) * VRDMA_PIECE_WRS - 1);
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

static void vrdma_move_completed(struct ib_cq *cq, struct ib_wc *wc)
{
	struct vrdma_touch *touch = container_of(wc->wr_cqe, struct vrdma_touch, cqe);

	if (wc->status == IB_WC_SUCCESS)
		vrdma_move_unmap_tail(container_of(touch, struct vrdma_move, touch));
	vrdma_touch_completed(cq, wc);
}

static unsigned int vrdma_move_fill_sges(struct vrdma_move *move, unsigned int nents)
{
	u32 lkey = move->touch.lane->conn->pd->local_dma_lkey;
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
	return nents;
}

/* As many work requests as the entries need; the last one tells. */
static void vrdma_move_fill(struct vrdma_move *move, unsigned int nents)
{
	unsigned int width = vrdma_move_width(move->touch.lane);
	struct ib_sge *sge = move->sges;
	struct ib_rdma_wr *wr = NULL;
	u64 addr = move->addr;
	unsigned int i;

	move->touch.cqe.done = vrdma_move_completed;
	nents = vrdma_move_fill_sges(move, nents);
	for (i = 0; nents; i++) {
		if (wr)
			wr->wr.next = &move->wrs[i].wr;
		wr = &move->wrs[i];
		*wr = (struct ib_rdma_wr) {
			.wr.opcode = vrdma_move_reads(move) ? IB_WR_RDMA_READ :
							      IB_WR_RDMA_WRITE,
			.wr.sg_list = sge,
			.wr.num_sge = min(nents, width),
			.remote_addr = addr,
			.rkey = move->key,
		};
		for (nents -= wr->wr.num_sge; sge < wr->wr.sg_list + wr->wr.num_sge; sge++)
			addr += sge->length;
	}
	move->touch.length = addr - move->addr;
	wr->wr.wr_cqe = &move->touch.cqe;
	wr->wr.send_flags = IB_SEND_SIGNALED;
}

static bool vrdma_move_begin(struct vrdma_move *move)
{
	struct vrdma_lane *lane = move->touch.lane;
	bool begun;

	spin_lock_irq(&lane->lock);
	begun = lane->bulk.moves && vrdma_bulk_post(&move->touch, &move->wrs[0].wr);
	lane->bulk.moves -= begun;
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

void vrdma_bulk_init(struct vrdma_lane *lane)
{
	struct vrdma_bulk *bulk = &lane->bulk;

	init_waitqueue_head(&bulk->idle);
	INIT_LIST_HEAD(&bulk->touches);
	INIT_LIST_HEAD(&bulk->mrs);
	INIT_LIST_HEAD(&bulk->waiters);
	bulk->windows = VRDMA_LANE_WINDOWS;
	bulk->moves = VRDMA_LANE_MOVES;
}

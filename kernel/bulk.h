/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What HCAs may touch on behalf of a lane, beside its messages: windows, in which the
 * peer's HCA reads or writes, and moves, which ours does in windows of the peer.  Knows
 * no verbs object; all memory is the caller's, who is told when it has been let go.
 */
#ifndef _VRDMA_BULK_H
#define _VRDMA_BULK_H

#include <linux/list.h>
#include <linux/scatterlist.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <rdma/ib_verbs.h>

#include "drain.h"
#include "limits.h"

struct vrdma_conn;
struct vrdma_lane;

/**
 * struct vrdma_bulk - of a lane
 * @on: its connection can make moves
 * @shows: and windows
 * @epoch: of the connection; what was begun on another one is over
 * @users: who are about to post, and need the connection's objects
 * @idle: to wait for none, of them or of @touches
 * @touches: windows and moves that were posted
 * @windows: there may be so many more
 * @granted: of those, set aside for waiters that were told
 * @waiters: for windows, first come first served
 * @moves: there may be so many more
 * @turns: moves that are not posted whole: each posts a part in turn
 * @drain: parts under way
 *
 * All under the lane's lock.
 */
struct vrdma_bulk {
	bool on;
	bool shows;
	u32 epoch;
	unsigned int users;
	wait_queue_head_t idle;
	struct list_head touches;
	unsigned int windows;
	unsigned int granted;
	struct list_head waiters;
	unsigned int moves;
	struct list_head turns;
	struct vrdma_drain drain;
};

/**
 * struct vrdma_bulk_waiter - somebody who found no window
 * @node: in the lane's list; empty when not waiting (INIT_LIST_HEAD() once)
 * @granted: a window is set aside for him
 * @ready: called under the lane's lock when that comes true
 */
struct vrdma_bulk_waiter {
	struct list_head node;
	bool granted;
	void (*ready)(struct vrdma_bulk_waiter *waiter);
};

/* How far a window or a move is. */
enum vrdma_touch_state {
	VRDMA_TOUCH_MAPPED,	/* not posted, or a window that the peer has not been told of */
	VRDMA_TOUCH_POSTED,	/* an HCA may be at it */
	VRDMA_TOUCH_CLOSING,	/* a window that is being invalidated */
};

/**
 * struct vrdma_touch - memory that an HCA may touch
 * @node: in vrdma_bulk::touches once posted
 * @cqe: of what closes a window, or of each part of a move
 * @lane: which; held by the caller until @done
 * @state: enum vrdma_touch_state; under the lane's lock
 * @sg: the memory, mapped for the HCA
 * @nents: of @sg
 * @dir: of the mapping
 * @length: bytes that a move moves
 * @mr: a window's; NULL: a move
 * @done: posted, and no HCA touches it any more; @good: by itself, not because the
 *	  connection has ended.  Process context, no locks; frees it
 */
struct vrdma_touch {
	struct list_head node;
	struct ib_cqe cqe;
	struct vrdma_lane *lane;
	enum vrdma_touch_state state;
	struct scatterlist *sg;
	unsigned int nents;
	enum dma_data_direction dir;
	u32 length;
	struct ib_mr *mr;
	void (*done)(struct vrdma_touch *touch, bool good);
};

/**
 * struct vrdma_window - memory shown to the peer's HCA
 * @touch: the memory
 * @length: bytes of it that the window has; from the first on
 * @over: closed before the peer was told; under the lane's lock
 */
struct vrdma_window {
	struct vrdma_touch touch;
	u32 length;
	bool over;
};

/**
 * struct vrdma_move - bytes that our HCA reads from, or writes to, a window of the peer
 * @touch: our memory
 * @tail: of a READ, its last bytes go here instead of memory that somebody may look at
 * @tail_length: how many, or 0
 * @tail_dma: @tail, for the HCA
 * @addr: in the peer's window; of the bytes that are not posted
 * @key: of the window
 * @turn: in vrdma_bulk::turns, while there are such
 * @parts: posted and not completed
 * @next: the first of @sges that is not posted, or not all of it
 * @nr_sges: of @sges
 * @sges: @touch and @tail once more
 */
struct vrdma_move {
	struct vrdma_touch touch;
	u8 *tail;
	u32 tail_length;
	u64 tail_dma;
	u64 addr;
	u32 key;
	struct list_head turn;
	unsigned int parts;
	unsigned int next;
	unsigned int nr_sges;
	struct ib_sge sges[VRDMA_PIECE_PAGES + 1];
};

void vrdma_bulk_init(struct vrdma_lane *lane);

/*
 * Between enter and leave the lane's connection is there, whatever becomes of it; not
 * for long.  enter: false when there is none, or not the one of @epoch.
 */
bool vrdma_bulk_enter(struct vrdma_lane *lane, u32 epoch);
void vrdma_bulk_leave(struct vrdma_lane *lane);

/* The connection there is, for vrdma_bulk_enter(). */
u32 vrdma_bulk_epoch(struct vrdma_lane *lane);

/*
 * One of the windows that there may be.  get: false when there is none; @waiter is told
 * then.  Who has got one opens it or puts it back.  unwait: and give back what was set
 * aside.  Any context.
 */
bool vrdma_window_get(struct vrdma_lane *lane, struct vrdma_bulk_waiter *waiter);
void vrdma_window_put(struct vrdma_lane *lane);
void vrdma_window_unwait(struct vrdma_lane *lane, struct vrdma_bulk_waiter *waiter);

/*
 * open: between enter and leave: map window->touch, whose lane, sg, nents, dir and done
 * are set, and make the window from what @access says (IB_ACCESS_REMOTE_*); sets length.
 * 0: it is the caller's until he has said vrdma_window_shown(), which he does before leave;
 * then done() will be called.
 */
int vrdma_window_open(struct vrdma_window *window, int access);
void vrdma_window_shown(struct vrdma_window *window);
/* Under the lane's lock, any number of times: the peer has done with it. */
void vrdma_window_close(struct vrdma_window *window);
u32 vrdma_window_key(const struct vrdma_window *window);
u64 vrdma_window_addr(const struct vrdma_window *window);

/* Between enter and leave; true: done() will be called; false: nothing has happened. */
bool vrdma_move_post(struct vrdma_move *move);

/* For conn.c: wait until nobody posts; end what was posted, the queue pair being gone. */
void vrdma_bulk_quiesce(struct vrdma_lane *lane);
void vrdma_bulk_reclaim(struct vrdma_lane *lane);

#endif /* _VRDMA_BULK_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lanes: the physical queue pairs of a channel.  A lane carries whole messages in
 * order, or breaks and loses what was under way; who sent that finds out (up() is
 * called after each connect) and sends again.  A lane knows no verbs object.
 */
#ifndef _VRDMA_LANE_H
#define _VRDMA_LANE_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <rdma/ib_verbs.h>

#include "bulk.h"
#include "lane_buf.h"
#include "lane_counts.h"
#include "message.h"

struct vrdma_channel;
struct vrdma_conn;

/**
 * struct vrdma_lane_ops - the layer above all lanes, registered once
 * @receive: a good message came, its payload behind @payload until the return.
 *	     Process context, one message of a lane at a time, in order; what it
 *	     waits for must not wait for @down
 * @up: the lane is connected (again): what was sent before may be lost
 * @down: the lane is gone, for now: nothing that was sent or received on it is
 *	  touched by the HCA any more, nothing is received until @up
 * @closed: the channel has given up or ends: no @up will follow.  Also for lanes
 *	    that never were up; let go of the channel
 *
 * @up, @down and @closed: process context, in turn, never beside @receive.
 */
struct vrdma_lane_ops {
	void (*receive)(struct vrdma_lane *lane, const struct vrdma_msg *msg, void *payload);
	void (*up)(struct vrdma_lane *lane);
	void (*down)(struct vrdma_lane *lane);
	void (*closed)(struct vrdma_lane *lane);
};

/* Bits of vrdma_lane::flags. */
enum vrdma_lane_flag {
	VRDMA_LANE_POKED,	/* the peer says that it is down */
	VRDMA_LANE_BREAK,	/* root wants it broken */
};

/**
 * struct vrdma_lane - one of a channel's
 * @channel: whose
 * @index: which
 * @bufs: all its buffers, from the first connection on
 *
 * @lock: protects what follows up to @counts; irq safe, over locks of the HCA's driver
 * @up: messages can be sent
 * @closed: for ever down
 * @cookie: that the peer wants in messages
 * @tx_number: of the last SEND on this connection
 * @tx_credit: last number that the peer has room for
 * @rx_number: of the last SEND received, and its buffer given back
 * @told: the credit that the peer was last told of
 * @held: buffers that somebody has got and will send
 * @credit_sent: the CREDIT buffer is under way
 * @silent: sent since the last that asked for a completion
 * @asking: sent, and their completion has not come
 * @acked: last number that has arrived, as far as we know
 * @open: messages that wait for company while some are @asking; held
 * @free: buffers to send
 * @posted: buffers under way, in order
 * @waiters: for buffers, first come first served
 * @large: large messages, and who waits to send some
 * @waking: somebody tells the waiters
 * @calling: the one who is being told
 * @called: to wait for that
 * @notes: to be sent when there is room
 * @bulk: windows and moves
 * @counts: for debugfs
 *
 * @work: makes, watches and repairs the connection; all that follows is its own
 * @conn: the connection, or the attempt; others read it while there is a queue pair
 * @request: from the peer, to replace @conn; exchanged
 * @flags: VRDMA_LANE_* bits, set by anybody
 * @wanted: why it is to be broken, for VRDMA_LANE_BREAK: a text that lasts
 * @why: it broke last
 * @active: it has begun
 * @finished: it has ended
 * @tries: attempts since it was last up
 * @attempts: ever, of the channel
 * @connections: that were up
 * @backoff: pause after the next failure, in milliseconds
 * @next: when to try again, in jiffies
 * @deadline: when the attempt has failed
 * @changed: when it last went up or down
 */
struct vrdma_lane {
	struct vrdma_channel *channel;
	unsigned int index;
	struct vrdma_lane_buf *bufs;

	spinlock_t lock;	/* up to counts */
	bool up;
	bool closed;
	u64 cookie;
	u32 tx_number;
	u32 tx_credit;
	u32 rx_number;
	u32 told;
	u32 held;
	bool credit_sent;
	unsigned int silent;
	unsigned int asking;
	u32 acked;
	struct vrdma_lane_buf *open;
	struct list_head free;
	struct list_head posted;
	struct list_head waiters;
	struct vrdma_lane_large large;
	bool waking;
	struct vrdma_lane_waiter *calling;
	wait_queue_head_t called;
	struct vrdma_lane_notes notes;
	struct vrdma_bulk bulk;
	struct vrdma_lane_counts counts;

	struct delayed_work work;
	struct vrdma_conn *conn;
	struct vrdma_conn *request;
	unsigned long flags;
	const char *wanted;
	const char *why;
	bool active;
	bool finished;
	unsigned int tries;
	u16 attempts;
	unsigned int connections;
	unsigned int backoff;
	unsigned long next;
	unsigned long deadline;
	unsigned long changed;
};

/* Before the first channel, and NULL after the last. */
void vrdma_lane_set_ops(const struct vrdma_lane_ops *ops);

/*
 * Send: get a buffer, write the payload at vrdma_lane_payload(), send.  Any context.
 * get: NULL when there is no buffer, no credit or no connection (or others wait:
 * then waiting is @waiter's turn), and @waiter, if given, is told when there is.
 * Who has a buffer sends it or puts it back soon; so does a waiter that was told.
 * send: fills in lane and cookie of @msg and posts it, a small one soon with others
 * when there are many; takes the buffer.  On a lane that is down the message is lost,
 * as on one that goes down with it under way.
 */
struct vrdma_lane_buf *vrdma_lane_get_buf(struct vrdma_lane *lane,
					  struct vrdma_lane_waiter *waiter);
void vrdma_lane_put_buf(struct vrdma_lane_buf *buf);
void vrdma_lane_send(struct vrdma_lane_buf *buf, struct vrdma_msg *msg);
/* @waiter was told, or was not, and has nothing to send now.  Any context. */
void vrdma_lane_decline(struct vrdma_lane *lane, struct vrdma_lane_waiter *waiter);
/* Send a message that is all header, when there is room, or lose it.  Process context. */
void vrdma_lane_note(struct vrdma_lane *lane, u8 type, u32 binding, u32 check);
/*
 * Wait no longer: when it returns, @waiter is not called and will not be, and has no
 * buffer.  May sleep; not from a ready().
 */
void vrdma_lane_unwait(struct vrdma_lane *lane, struct vrdma_lane_waiter *waiter);

static inline bool vrdma_lane_is_up(const struct vrdma_lane *lane)
{
	return READ_ONCE(lane->up);
}

/* For ever: who finds no room is not told any more. */
static inline bool vrdma_lane_is_closed(const struct vrdma_lane *lane)
{
	return READ_ONCE(lane->closed);
}

/* The host at the other end, as the connection proved it. */
const u8 *vrdma_lane_host(const struct vrdma_lane *lane);

/* For bulk.c: its queue pair can be posted to; lock held. */
bool vrdma_lane_is_good(const struct vrdma_lane *lane);

/* For conn.c and repair.c: the traffic's part of a lane's life. */
void vrdma_lane_init(struct vrdma_lane *lane);
int vrdma_lane_alloc(struct vrdma_lane *lane);
void vrdma_lane_free(struct vrdma_lane *lane);
void vrdma_lane_start(struct vrdma_lane *lane);
bool vrdma_lane_stop(struct vrdma_lane *lane);
void vrdma_lane_reclaim(struct vrdma_lane *lane);
void vrdma_lane_close(struct vrdma_lane *lane);
void vrdma_lane_wake(struct vrdma_lane *lane);
void vrdma_lane_tell_credit(struct vrdma_lane *lane, bool always);
const struct vrdma_lane_ops *vrdma_lane_upper(void);

#endif /* _VRDMA_LANE_H */

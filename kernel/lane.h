/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lanes: the physical queue pairs of a channel.  A lane carries whole messages in
 * order, or breaks and loses what was under way; who sent that finds out (up() is
 * called after each connect) and sends again.  A lane knows no verbs object.
 */
#ifndef _VRDMA_LANE_H
#define _VRDMA_LANE_H

#include <linux/list.h>
#include <linux/types.h>

#include "message.h"

struct vrdma_lane;

/**
 * struct vrdma_lane_waiter - somebody who found no room on a lane
 * @node: in the lane's list; empty when not waiting
 * @ready: called once, any context, lane lock not held, after @node has left the
 *	   list; tries again, and only then may others that come later
 */
struct vrdma_lane_waiter {
	struct list_head node;
	void (*ready)(struct vrdma_lane_waiter *waiter);
};

/**
 * struct vrdma_lane_ops - the layer above all lanes, registered once
 * @receive: a good message came, its payload behind @payload until the return.
 *	     Process context, one message of a lane at a time, in order
 * @up: the lane is connected (again): what was sent before may be lost
 * @down: the lane is gone, for now; nothing is received until @up
 * @closed: the channel has given up or ends: no @up will follow
 */
struct vrdma_lane_ops {
	void (*receive)(struct vrdma_lane *lane, const struct vrdma_msg *msg, void *payload);
	void (*up)(struct vrdma_lane *lane);
	void (*down)(struct vrdma_lane *lane);
	void (*closed)(struct vrdma_lane *lane);
};

void vrdma_lane_set_ops(const struct vrdma_lane_ops *ops);

/*
 * Send: get a buffer, write the payload at vrdma_lane_payload(), send.  Any context.
 * get: NULL when there is no buffer or no credit (or others wait: then waiting
 * is @waiter's turn), and @waiter, if given, is told when there is.
 * send: numbers the message and posts it; takes the buffer.  On a lane that is
 * down the message is lost, as on one that goes down with it under way.
 */
struct vrdma_lane_buf;
struct vrdma_lane_buf *vrdma_lane_get_buf(struct vrdma_lane *lane,
					  struct vrdma_lane_waiter *waiter);
void *vrdma_lane_payload(struct vrdma_lane_buf *buf, enum vrdma_msg_type type);
void vrdma_lane_put_buf(struct vrdma_lane *lane, struct vrdma_lane_buf *buf);
void vrdma_lane_send(struct vrdma_lane *lane, struct vrdma_lane_buf *buf,
		     struct vrdma_msg *msg);
/* Wait no longer; when it returns, @waiter is not called and will not be. */
void vrdma_lane_unwait(struct vrdma_lane *lane, struct vrdma_lane_waiter *waiter);

bool vrdma_lane_is_up(const struct vrdma_lane *lane);
/* The host at the other end, as the connection proved it. */
const u8 *vrdma_lane_host(const struct vrdma_lane *lane);

#endif /* _VRDMA_LANE_H */

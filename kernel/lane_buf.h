/* SPDX-License-Identifier: GPL-2.0 */
/* The memory of a lane's messages, and who waits for some. */
#ifndef _VRDMA_LANE_BUF_H
#define _VRDMA_LANE_BUF_H

#include <linux/list.h>
#include <rdma/ib_verbs.h>

#include "drain.h"
#include "limits.h"
#include "message.h"

struct vrdma_lane;

/**
 * struct vrdma_lane_buf - memory of one SEND: of one message, or of several small ones
 * @cqe: of the work request it is in
 * @node: in the lane's free or posted list, where it sends
 * @lane: whose
 * @large: it has a place among the few large ones there may be, and tells when it is sent
 * @asks: others wait for its completion
 * @data: VRDMA_MSG_MAX bytes of pages, for the HCA
 * @dma: the HCA's address of @data, of the connection there is
 * @number: of the SEND, as all below under the lane's lock
 * @len: bytes of its messages
 * @msgs: how many there are
 */
struct vrdma_lane_buf {
	struct ib_cqe cqe;
	struct list_head node;
	struct vrdma_lane *lane;
	bool large;
	bool asks;
	void *data;
	u64 dma;
	u32 number;
	u32 len;
	u32 msgs;
};

/* Of a lane's buffers the first receive, the next send, the last one sends CREDIT. */
enum vrdma_lane_bufs {
	VRDMA_LANE_RECVS = VRDMA_LANE_DEPTH + VRDMA_LANE_RESERVE,
	VRDMA_LANE_SENDS = VRDMA_LANE_DEPTH,
	VRDMA_LANE_CREDIT = VRDMA_LANE_RECVS + VRDMA_LANE_SENDS,
	VRDMA_LANE_BUFS,
};

/**
 * struct vrdma_lane_waiter - somebody who found no room on a lane
 * @node: in the lane's list; empty when not waiting (INIT_LIST_HEAD() once)
 * @large: he has more than VRDMA_SMALL bytes to send; said before he asks for a buffer
 * @as_large: and waits among others who have
 * @ready: called once, process context, lane lock not held, after @node has left the
 *	   list: @buf is his, or the lane has closed.  One call of a lane at a time
 * @buf: set aside for him, for vrdma_lane_get_buf(); NULL at first
 */
struct vrdma_lane_waiter {
	struct list_head node;
	bool large;
	bool as_large;
	void (*ready)(struct vrdma_lane_waiter *waiter);
	struct vrdma_lane_buf *buf;
};

/**
 * struct vrdma_lane_large - large messages, which are not to stand before small ones
 * @shared: until then somebody with little to say is taken to use the lane; jiffies
 * @held: buffers that somebody has got for one and will send; under the lane's lock, as all
 *	  that follows
 * @waiters: for those; first come first served
 * @spare: one may be sent though those who hold buffers do not send theirs
 * @since: number of the last SEND when large ones came to be counted
 * @drain: under way
 */
struct vrdma_lane_large {
	unsigned long shared;
	u32 held;
	struct list_head waiters;
	bool spare;
	u32 since;
	struct vrdma_drain drain;
};

/**
 * struct vrdma_lane_note - a message that is all header
 * @type: enum vrdma_msg_type
 * @binding: for which
 * @check: of the same
 */
struct vrdma_lane_note {
	u8 type;
	u32 binding;
	u32 check;
};

/**
 * struct vrdma_lane_notes - those for which nobody but the lane waits until there is room
 * @list: the newest last
 * @number: of them
 * @room: waits
 */
struct vrdma_lane_notes {
	struct vrdma_lane_note list[VRDMA_LANE_NOTES];
	unsigned int number;
	struct vrdma_lane_waiter room;
};

/* Where the payload of a message of @type belongs. */
static inline void *vrdma_lane_payload(struct vrdma_lane_buf *buf, enum vrdma_msg_type type)
{
	return buf->data + vrdma_msg_header(type);
}

#endif /* _VRDMA_LANE_BUF_H */

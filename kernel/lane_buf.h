/* SPDX-License-Identifier: GPL-2.0 */
/* The memory of a lane's messages, and who waits for some. */
#ifndef _VRDMA_LANE_BUF_H
#define _VRDMA_LANE_BUF_H

#include <linux/list.h>
#include <rdma/ib_verbs.h>

#include "limits.h"
#include "message.h"

struct vrdma_lane;

/**
 * struct vrdma_lane_buf - memory of one SEND: of one message, or of several small ones
 * @cqe: of the work request it is in
 * @node: in the lane's free or posted list, where it sends
 * @lane: whose
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
 * @ready: called once, process context, lane lock not held, after @node has left the
 *	   list: @buf is his, or the lane has closed.  One call of a lane at a time
 * @buf: set aside for him, for vrdma_lane_get_buf(); NULL at first
 */
struct vrdma_lane_waiter {
	struct list_head node;
	void (*ready)(struct vrdma_lane_waiter *waiter);
	struct vrdma_lane_buf *buf;
};

/* Where the payload of a message of @type belongs. */
static inline void *vrdma_lane_payload(struct vrdma_lane_buf *buf, enum vrdma_msg_type type)
{
	return buf->data + vrdma_msg_header(type);
}

#endif /* _VRDMA_LANE_BUF_H */

/* SPDX-License-Identifier: GPL-2.0 */
/* The requester's half of the path to other hosts. */
#ifndef _VRDMA_REQUEST_H
#define _VRDMA_REQUEST_H

#include <linux/list.h>
#include <linux/types.h>
#include <rdma/ib_verbs.h>

#include "lane_buf.h"

struct vrdma_msg;
struct vrdma_remote;

/**
 * struct vrdma_request - the requester's half of a remote binding
 * @answered: the first operation that is not known to be executed
 * @sent: number after the last one sent, in whole, since @round began
 * @window: operations that may be on their way: few to a far side without receives
 * @heard: an answer has come that the requester has not seen
 * @again: those not answered are to be sent again
 * @refused: @answered found no receive
 * @until: when it may be tried again without being told of a receive; jiffies
 * @rnr_timer: the owner's
 * @failed: @answered has failed
 * @status: how
 * @sinks: READs and atomics on their way, in order
 * @round: of sending again; a sink of an earlier one is stale
 * @room: wakes the send queue when the lane has room
 *
 * Under vrdma_remote::lock but for @room.
 */
struct vrdma_request {
	u32 answered;
	u32 sent;
	u32 window;
	bool heard;
	bool again;
	bool refused;
	unsigned long until;
	u8 rnr_timer;
	bool failed;
	enum ib_wc_status status;
	struct list_head sinks;
	u32 round;
	struct vrdma_lane_waiter room;
};

/* For remote.c. */
void vrdma_request_init(struct vrdma_remote *remote);
void vrdma_request_wake(struct vrdma_remote *remote);
void vrdma_request_again(struct vrdma_remote *remote);
void vrdma_request_answered(struct vrdma_remote *remote, const struct vrdma_msg *msg);
void vrdma_request_done(struct vrdma_remote *remote, u32 mseq);
void vrdma_request_fetched(struct vrdma_remote *remote, const struct vrdma_msg *msg,
			   void *payload);
void vrdma_request_exit(struct vrdma_remote *remote);

#endif /* _VRDMA_REQUEST_H */

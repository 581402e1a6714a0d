/* SPDX-License-Identifier: GPL-2.0 */
/* The requester's half of the path to other hosts, and what its two files share. */
#ifndef _VRDMA_REQUEST_H
#define _VRDMA_REQUEST_H

#include <linux/list.h>
#include <linux/types.h>
#include <rdma/ib_verbs.h>

#include "bulk.h"
#include "lane_buf.h"
#include "path.h"

struct vrdma_msg;
struct vrdma_remote;

/**
 * struct vrdma_request - the requester's half of a remote binding
 * @answered: the first operation that is not known to be executed
 * @sent: number after the last one sent, in whole, since @round began
 * @window: operations that may be on their way: few to a far side without receives
 * @heard: an answer has come that the requester has not seen
 * @again: those not answered are to be sent again
 * @dropped: and the owner has let go of all windows
 * @recalled: or is to say that it has; no piece is sent before
 * @recalled_at: asked then; jiffies
 * @refused: @answered found no receive
 * @until: when it may be tried again without being told of a receive; jiffies
 * @rnr_timer: the owner's
 * @failed: @answered has failed
 * @status: how
 * @sinks: READs and atomics on their way, in order
 * @round: of sending again; a sink of an earlier one is stale
 * @windows: struct vrdma_exposure: what the owner's HCA may touch, as it was sent
 * @nr_windows: of them
 * @bulk_end: number after the last operation that goes in bulk
 * @room: wakes the send queue when the lane has room
 * @window_room: and when it has a window
 * @asked: @window_room waits, or has one set aside
 *
 * Under vrdma_remote::lock but for @bulk_end, @room, @window_room and @asked, which are
 * the send queue's owner's.
 */
struct vrdma_request {
	u32 answered;
	u32 sent;
	u32 window;
	bool heard;
	bool again;
	bool dropped;
	bool recalled;
	unsigned long recalled_at;
	bool refused;
	unsigned long until;
	u8 rnr_timer;
	bool failed;
	enum ib_wc_status status;
	struct list_head sinks;
	u32 round;
	struct list_head windows;
	u32 nr_windows;
	u32 bulk_end;
	struct vrdma_lane_waiter room;
	struct vrdma_bulk_waiter window_room;
	bool asked;
};

/* For remote.c. */
void vrdma_request_init(struct vrdma_remote *remote);
void vrdma_request_wake(struct vrdma_remote *remote);
void vrdma_request_again(struct vrdma_remote *remote);
void vrdma_request_answered(struct vrdma_remote *remote, const struct vrdma_msg *msg);
void vrdma_request_done(struct vrdma_remote *remote, u32 mseq);
void vrdma_request_fetched(struct vrdma_remote *remote, const struct vrdma_msg *msg,
			   void *payload);
void vrdma_request_placed(struct vrdma_remote *remote, const struct vrdma_msg *msg);
void vrdma_request_dropped(struct vrdma_remote *remote, u32 key);
void vrdma_request_recall(struct vrdma_remote *remote);
void vrdma_request_exit(struct vrdma_remote *remote);

/* request.c. */
void vrdma_request_fill(struct vrdma_msg *msg, const struct vrdma_op *op);
void vrdma_request_going(struct vrdma_remote *remote, const struct vrdma_op *op,
			 struct vrdma_msg *msg);
int vrdma_request_bulk_sink(struct vrdma_remote *remote, const struct vrdma_op *op);
void vrdma_request_nudge(struct vrdma_remote *remote);

/* request_bulk.c. */
bool vrdma_request_goes_bulk(const struct vrdma_remote *remote, const struct vrdma_op *op);
enum vrdma_verdict vrdma_request_piece(struct vrdma_remote *remote, struct vrdma_op *op,
				       struct vrdma_budget *budget, struct vrdma_outcome *out);
void vrdma_request_decline_window(struct vrdma_remote *remote);
/* Also all that the owner has dropped. */
void vrdma_request_close(struct vrdma_remote *remote, u32 mseq, u32 offset);
/* Under vrdma_remote::lock: @mseq, or the first before it that has windows. */
u32 vrdma_request_shown(const struct vrdma_request *req, u32 mseq);
void vrdma_request_init_bulk(struct vrdma_request *req);

#endif /* _VRDMA_REQUEST_H */

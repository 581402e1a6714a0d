/* SPDX-License-Identifier: GPL-2.0 */
/* The owner's half of the path to other hosts. */
#ifndef _VRDMA_SERVE_H
#define _VRDMA_SERVE_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

#include "lane_buf.h"
#include "limits.h"
#include "path.h"

struct vrdma_msg;
struct vrdma_remote;

/**
 * struct vrdma_result - what an atomic fetched, in case it is asked for again
 * @mseq: of the atomic; 0: none
 * @value: before the operation
 */
struct vrdma_result {
	u32 mseq;
	u64 value;
};

/**
 * struct vrdma_serve - the owner's half of a remote binding
 * @expected: number of the operation to come, or under way
 * @offset: bytes of it that are placed
 * @op: that operation
 * @dropped: UC: nobody wants it; its bytes are passed over
 * @results: of the last atomics, by number
 * @done: the first operation that is not answered for; under vrdma_remote::lock,
 *	  as all below
 * @fetches: READs and atomics whose data is not on its way yet, in order
 * @nr_fetches: of them
 * @answer: enum vrdma_msg_answer to be sent after @fetches; 0: none
 * @later: DONE, and it can wait for a request of ours
 * @until: but no longer; jiffies
 * @unsaid: operations executed since the far side last was told
 * @chats: of the last answers, those that a request of ours could have carried; when
 *	   they are VRDMA_ANSWER_CHATS, answers wait for one
 * @alone: an answer went alone, and nothing of ours has followed
 * @alone_at: when; jiffies
 * @rnr_timer: RNR
 * @status: FAILED
 * @hello: BOUND is to be sent before all else
 * @ended: the binding is over: there is nothing new to answer
 * @farewell: UNBIND is to be sent last
 * @room: runs @work when the lane has room
 * @work: sends what is due
 * @lock: one who executes or sends at a time
 *
 * What stands above @done is under @lock.
 */
struct vrdma_serve {
	u32 expected;
	u32 offset;
	struct vrdma_op op;
	bool dropped;
	struct vrdma_result results[VRDMA_FETCHES];

	u32 done;
	struct list_head fetches;
	u32 nr_fetches;
	u8 answer;
	bool later;
	unsigned long until;
	u32 unsaid;
	u8 chats;
	bool alone;
	unsigned long alone_at;
	u8 rnr_timer;
	u8 status;
	bool hello;
	bool ended;
	bool farewell;
	struct vrdma_lane_waiter room;
	struct delayed_work work;
	struct mutex lock;	/* of executing and sending */
};

/* For remote.c, and _ride() for request.c. */
void vrdma_serve_init(struct vrdma_remote *remote);
void vrdma_serve_request(struct vrdma_remote *remote, const struct vrdma_msg *msg,
			 void *payload);
u32 vrdma_serve_ride(struct vrdma_serve *serve);
void vrdma_serve_hello(struct vrdma_remote *remote);
void vrdma_serve_again(struct vrdma_remote *remote);
void vrdma_serve_end(struct vrdma_remote *remote);

#endif /* _VRDMA_SERVE_H */

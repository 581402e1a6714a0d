/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The path to other hosts: operations travel as messages on a lane.  A lane keeps
 * order but may break and lose what was under way; so each binding numbers its
 * operations, and sends again from the first that was not answered.
 */
#ifndef _VRDMA_REMOTE_H
#define _VRDMA_REMOTE_H

#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <rdma/ib_verbs.h>

#include "lane.h"
#include "limits.h"
#include "path.h"

struct vrdma_binding;
struct vrdma_channel;
struct vrdma_where;

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

/**
 * struct vrdma_remote - what a binding needs to talk to another host
 * @ref: the binding; lookups by id; work that is queued; a farewell that is due
 * @rcu: frees it
 * @binding: held
 * @device: id of the binding's
 * @channel: held: the one that we chose
 * @other: held: the one that the far side chose, if it is another
 * @lane: of @channel, or from BOUND on of @other; written under the bind lock
 * @id: ours: names this binding to the far side
 * @check: random, goes with @id
 * @far_id: the far side's, from BOUND
 * @far_check: goes with @far_id
 * @offer: the BIND that waits for room on the lane that we chose; vrdma_serve::lock
 * @offer_work: says it
 * @request: our operations
 * @serve: the far side's operations
 * @lock: protects @request and part of @serve; irq safe, leaf
 */
struct vrdma_remote {
	refcount_t ref;
	struct rcu_head rcu;
	struct vrdma_binding *binding;
	u64 device;
	struct vrdma_channel *channel;
	struct vrdma_channel *other;
	struct vrdma_lane *lane;
	u32 id;
	u32 check;
	u32 far_id;
	u32 far_check;
	struct vrdma_lane_waiter offer;
	struct work_struct offer_work;
	struct vrdma_request request;
	struct vrdma_serve serve;
	spinlock_t lock;	/* requests, answers */
};

/*
 * For binding.c, process context.  create: @where names another host, or ours when
 * the local path is switched off; NULL: no way there.  offer: tell the far side
 * that we wait.  end: the binding is over, nobody is in its sections.
 */
struct vrdma_remote *vrdma_remote_create(struct vrdma_binding *binding,
					 const struct vrdma_where *where);
void vrdma_remote_offer(struct vrdma_remote *remote, const struct vrdma_where *where);
bool vrdma_remote_leads_to(const struct vrdma_remote *remote, const struct vrdma_where *where);
void vrdma_remote_bind(struct vrdma_remote *remote, struct vrdma_lane *lane, u32 far_id,
		       u32 far_check);
void vrdma_remote_end(struct vrdma_remote *remote);
void vrdma_remote_put(struct vrdma_remote *remote);

/* For recv.c: a receive was posted for the far requester.  Any context. */
void vrdma_remote_ready(struct vrdma_remote *remote);

/* The requester's half: see request.c. */
void vrdma_request_init(struct vrdma_remote *remote);
void vrdma_request_wake(struct vrdma_remote *remote);
void vrdma_request_again(struct vrdma_remote *remote);
void vrdma_request_answered(struct vrdma_remote *remote, const struct vrdma_msg *msg);
void vrdma_request_done(struct vrdma_remote *remote, u32 mseq);
void vrdma_request_fetched(struct vrdma_remote *remote, const struct vrdma_msg *msg,
			   void *payload);
void vrdma_request_exit(struct vrdma_remote *remote);

/* The owner's half: see serve.c. */
void vrdma_serve_init(struct vrdma_remote *remote);
void vrdma_serve_request(struct vrdma_remote *remote, const struct vrdma_msg *msg,
			 void *payload);
u32 vrdma_serve_ride(struct vrdma_serve *serve);
void vrdma_serve_hello(struct vrdma_remote *remote);
void vrdma_serve_again(struct vrdma_remote *remote);
void vrdma_serve_end(struct vrdma_remote *remote);

/* A message to the far side of @remote. */
void vrdma_remote_send(struct vrdma_remote *remote, struct vrdma_lane_buf *buf,
		       struct vrdma_msg *msg);

/*
 * Sends what far sides are owed.  Its work comes behind that of the completion queue on
 * the same processor, without a switch to another worker.
 */
extern struct workqueue_struct *vrdma_answer_wq;

int vrdma_remote_init(void);
void vrdma_remote_exit(void);	/* when all channels have ended */

#endif /* _VRDMA_REMOTE_H */

/* SPDX-License-Identifier: GPL-2.0 */
/* The owner's half of the path to other hosts, and what its files share. */
#ifndef _VRDMA_SERVE_H
#define _VRDMA_SERVE_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

#include "lane_buf.h"
#include "limits.h"
#include "message.h"
#include "path.h"

struct vrdma_haul;
struct vrdma_lane;
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
 * struct vrdma_fetch - a READ or an atomic whose data is to be sent back
 * @node: in vrdma_serve::fetches
 * @done: vrdma_serve::done once it is answered: what came after it is executed, too
 * @op: what was asked; its memory is where the bytes are
 */
struct vrdma_fetch {
	struct list_head node;
	u32 done;
	struct vrdma_op op;
};

/**
 * struct vrdma_serve - the owner's half of a remote binding
 * @expected: number of the operation to come, or under way
 * @offset: bytes of it that are placed
 * @op: that operation
 * @unfinished: all of it is placed; it waits for HCAs to leave what it invalidates
 * @missed: and what came behind it meanwhile was passed over: it is to be sent again
 * @dropped: UC: nobody wants it; its bytes are passed over
 * @results: of the last atomics, by number
 * @pieces: struct vrdma_piece: for the HCA to move, the first may be under way
 * @nr_pieces: of them
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
 * @haul: what the HCA moves now
 * @placed: of @placed_mseq so many bytes are there, to be told before @answer; or 0
 * @placed_mseq: the operation
 * @placed_lane: by which its pieces came
 * @placed_epoch: of that lane's connection
 * @piece_key: of the last PIECE that came
 * @lost_lane: of the pieces that came by it one was dropped, and so are those behind it, for
 *	       what they are for would have a hole; until the far side is told; NULL: none was
 * @lost_epoch: of that lane's connection
 * @drop_lane: by which the far side has recalled its pieces, and is to be told; NULL: not
 * @drop_epoch: of that lane's connection
 * @recall: our own are to be recalled
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
	bool unfinished;
	bool missed;
	bool dropped;
	struct vrdma_result results[VRDMA_FETCHES];
	struct list_head pieces;
	u32 nr_pieces;

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
	struct vrdma_haul *haul;
	u32 placed;
	u32 placed_mseq;
	struct vrdma_lane *placed_lane;
	u32 placed_epoch;
	u32 piece_key;
	struct vrdma_lane *lost_lane;
	u32 lost_epoch;
	struct vrdma_lane *drop_lane;
	u32 drop_epoch;
	bool recall;
	bool hello;
	bool ended;
	bool farewell;
	struct vrdma_lane_waiter room;
	struct delayed_work work;
	struct mutex lock;	/* of executing and sending */
};

/* While the HCA moves the far side is not to close its windows; vrdma_remote::lock held. */
static inline bool vrdma_serve_holds_back(const struct vrdma_serve *serve)
{
	return serve->answer == VRDMA_ANSWER_FAILED && serve->haul;
}

/* What does not wait for fetches; vrdma_remote::lock held. */
static inline bool vrdma_serve_is_urgent(const struct vrdma_serve *serve)
{
	return serve->hello || serve->recall || serve->placed;
}

/* For remote.c, and _ride() for request.c. */
void vrdma_serve_init(struct vrdma_remote *remote);
void vrdma_serve_request(struct vrdma_remote *remote, const struct vrdma_msg *msg,
			 void *payload);
u32 vrdma_serve_ride(struct vrdma_serve *serve);
void vrdma_serve_hello(struct vrdma_remote *remote);
void vrdma_serve_piece(struct vrdma_remote *remote, struct vrdma_lane *lane,
		       const struct vrdma_msg *msg);
void vrdma_serve_break(struct vrdma_remote *remote);
void vrdma_serve_recalled(struct vrdma_remote *remote, struct vrdma_lane *lane);
void vrdma_serve_recall(struct vrdma_remote *remote);
void vrdma_serve_down(struct vrdma_remote *remote);
void vrdma_serve_again(struct vrdma_remote *remote);
void vrdma_serve_end(struct vrdma_remote *remote);

/* serve.c; vrdma_serve::lock is held, and a section of the binding but in run. */
void vrdma_serve_fill(struct vrdma_op *op, const struct vrdma_msg *msg);
bool vrdma_serve_fits(const struct vrdma_op *op, const struct vrdma_msg *msg);
void vrdma_serve_next(struct vrdma_serve *serve);
void vrdma_serve_miss(struct vrdma_serve *serve);
void vrdma_serve_finish(struct vrdma_remote *remote);
void vrdma_serve_verdict(struct vrdma_remote *remote, enum vrdma_verdict verdict,
			 const struct vrdma_outcome *out);

/*
 * serve_answer.c; of those down to run_locked vrdma_serve::lock is held.  executed: nothing
 * of it is to be sent back.  add_fetch: takes over @fetch, if there is room.  answer: unless
 * a refusal is due.  reply: send what is due, or soon; run: now; queue: the work does.
 */
void vrdma_fetch_free(struct vrdma_fetch *fetch);
void vrdma_serve_executed(struct vrdma_remote *remote, u32 mseq);
bool vrdma_serve_add_fetch(struct vrdma_remote *remote, struct vrdma_fetch *fetch);
void vrdma_serve_answer(struct vrdma_remote *remote, enum vrdma_msg_answer answer,
			const struct vrdma_outcome *out);
void vrdma_serve_reply(struct vrdma_remote *remote);
void vrdma_serve_run_locked(struct vrdma_remote *remote);
void vrdma_serve_run(struct vrdma_remote *remote);
void vrdma_serve_queue(struct vrdma_remote *remote, unsigned long delay);
void vrdma_serve_forget(struct vrdma_remote *remote);

/* serve_bulk.c; vrdma_serve::lock is held.  Is an operation that its HCA moves under way? */
bool vrdma_serve_hauls(const struct vrdma_serve *serve);
void vrdma_serve_drop_pieces(struct vrdma_remote *remote);
/* Under vrdma_remote::lock: is there news for a PLACED, or a DROPPED?  Take them. */
bool vrdma_serve_say_placed(struct vrdma_serve *serve, struct vrdma_msg *msg);
bool vrdma_serve_say_dropped(struct vrdma_serve *serve, struct vrdma_msg *msg);

#endif /* _VRDMA_SERVE_H */

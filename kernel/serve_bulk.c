// SPDX-License-Identifier: GPL-2.0
/*
 * The owner's half of bulk transfers: have the HCA read what a SEND or a WRITE brings, or
 * write what a READ wants, piece after piece, and recv.c do all the rest as ever.
 */
#include <linux/slab.h>

#include "binding.h"
#include "channel.h"
#include "qp.h"
#include "recv.h"
#include "remote.h"
#include "repair.h"
#include "serve.h"
#include "span.h"
#include "vdev.h"

/* A program that waits for a WRITE looks at its last bytes: the processor places them. */
#define VRDMA_TAIL	8

/**
 * struct vrdma_piece - a PIECE that waits for its turn, or moves
 * @node: in vrdma_serve::pieces
 * @lane: it came by, and its window belongs to
 * @epoch: of that lane's connection
 * @moved: bytes of a READ's that are where they belong
 * @msg: the message
 */
struct vrdma_piece {
	struct list_head node;
	struct vrdma_lane *lane;
	u32 epoch;
	u32 moved;
	struct vrdma_msg msg;
};

/**
 * struct vrdma_haul - bytes of a piece that the HCA moves
 * @move: what it does
 * @remote: for which; referenced
 * @piece: of which, the first
 * @length: bytes, those of @tail among them
 * @known: it is not moved, and the far side knows, or will be told
 * @span: our memory
 * @op: READ: to look up what it reads
 * @tail: see VRDMA_TAIL; on cache lines of its own, for an HCA writes to it
 */
struct vrdma_haul {
	struct vrdma_move move;
	struct vrdma_remote *remote;
	struct vrdma_piece *piece;
	u32 length;
	bool known;
	struct vrdma_span span;
	struct vrdma_op op;
	u8 tail[VRDMA_TAIL] __aligned(SMP_CACHE_BYTES);
};

static void vrdma_haul_run(struct vrdma_remote *remote);

static bool vrdma_piece_reads(const struct vrdma_piece *piece)
{
	return piece->msg.request.opcode == IB_UVERBS_WR_RDMA_READ;
}

static u32 vrdma_piece_end(const struct vrdma_piece *piece)
{
	return piece->msg.request.offset + piece->msg.piece.length;
}

static void vrdma_piece_free(struct vrdma_remote *remote, struct vrdma_piece *piece)
{
	list_del(&piece->node);
	remote->serve.nr_pieces--;
	kfree(piece);
}

bool vrdma_serve_hauls(const struct vrdma_serve *serve)
{
	return serve->nr_pieces;
}

/* ---- saying so ---- */

static void vrdma_serve_placed(struct vrdma_remote *remote, const struct vrdma_piece *piece)
{
	struct vrdma_serve *serve = &remote->serve;

	spin_lock_irq(&remote->lock);
	serve->placed = vrdma_piece_end(piece);
	serve->placed_mseq = piece->msg.mseq;
	serve->placed_lane = piece->lane;
	serve->placed_epoch = piece->epoch;
	spin_unlock_irq(&remote->lock);
}

/* Nothing to the next connection: there other windows have the same bytes. */
bool vrdma_serve_say_placed(struct vrdma_serve *serve, struct vrdma_msg *msg)
{
	bool say = serve->placed &&
		   vrdma_bulk_epoch(serve->placed_lane) == serve->placed_epoch;

	if (say) {
		msg->type = VRDMA_MSG_PLACED;
		msg->mseq = serve->placed_mseq;
		msg->placed.offset = serve->placed;
	}
	serve->placed = 0;
	return say;
}

/* Behind the answers, and when nothing of theirs moves.  To the next connection as above. */
bool vrdma_serve_say_dropped(struct vrdma_serve *serve, struct vrdma_msg *msg)
{
	bool say = serve->drop_lane && !serve->haul;

	if (!say)
		return false;
	say = vrdma_bulk_epoch(serve->drop_lane) == serve->drop_epoch;
	if (say) {
		msg->type = VRDMA_MSG_DROPPED;
		msg->dropped.key = serve->piece_key;
		serve->lost_lane = NULL;
	}
	serve->drop_lane = NULL;
	return say;
}

/*
 * A piece is dropped, and nothing tells the far side.  What is behind it on the connection
 * must not say that all before it is there.
 */
static void vrdma_serve_lose(struct vrdma_serve *serve, struct vrdma_lane *lane, u32 epoch)
{
	lockdep_assert_held(&serve->lock);
	serve->lost_lane = lane;
	serve->lost_epoch = epoch;
}

static bool vrdma_piece_is_behind(const struct vrdma_serve *serve,
				  const struct vrdma_piece *piece)
{
	return serve->lost_lane == piece->lane && serve->lost_epoch == piece->epoch;
}

/* ---- what to move ---- */

static bool vrdma_haul_accept(struct vrdma_remote *remote, struct vrdma_haul *haul)
{
	const struct vrdma_msg *msg = &haul->piece->msg;
	struct vrdma_serve *serve = &remote->serve;
	struct vrdma_outcome out = {};
	enum vrdma_verdict verdict;

	vrdma_serve_fill(&serve->op, msg);
	verdict = vrdma_recv_begin(remote->binding, &serve->op, &out);
	haul->known = verdict != VRDMA_LOST;
	if (verdict == VRDMA_MORE)
		return true;
	vrdma_serve_verdict(remote, verdict, &out);
	return false;
}

/* Nothing is to be moved, and that is all right. */
static bool vrdma_haul_pass(struct vrdma_haul *haul)
{
	haul->known = true;
	return false;
}

static bool vrdma_haul_take(struct vrdma_haul *haul, const struct vrdma_cursor *mem, u32 length)
{
	struct vrdma_remote *remote = haul->remote;
	struct vrdma_lane *lane = haul->piece->lane;
	struct vrdma_outcome out = {};
	enum vrdma_verdict verdict;

	if (!vrdma_span_take(&haul->span, mem, length, lane))
		return true;
	verdict = vrdma_recv_gone(remote->binding, &out);
	haul->known = verdict != VRDMA_LOST;
	vrdma_serve_verdict(remote, verdict, &out);
	return false;
}

/* All of it is here already: it came on a connection that broke. */
static void vrdma_haul_repeated(struct vrdma_remote *remote, const struct vrdma_piece *piece)
{
	vrdma_stat_inc(remote->binding->dev, rx_remote_again);
	vrdma_serve_placed(remote, piece);
	vrdma_serve_executed(remote, piece->msg.mseq);
}

/* The next bytes of a SEND or a WRITE that is under way. */
static bool vrdma_haul_pull_rest(struct vrdma_remote *remote, struct vrdma_haul *haul)
{
	const struct vrdma_piece *piece = haul->piece;
	struct vrdma_serve *serve = &remote->serve;
	u32 end = vrdma_piece_end(piece);
	u32 length = end - serve->offset;
	u32 tail = end == serve->op.length ? min_t(u32, length, VRDMA_TAIL) : 0;

	haul->known = vrdma_recv_state(remote->binding->qp);
	if (!haul->known)
		return false;
	if (!vrdma_haul_take(haul, &remote->binding->qp->rx.target, length - tail))
		return false;
	haul->length = haul->span.length;
	if (haul->length == length - tail) {
		haul->length += tail;
		haul->move.tail_length = tail;
	}
	haul->move.tail = haul->tail;
	haul->move.addr = piece->msg.piece.addr + serve->offset - piece->msg.request.offset;
	haul->move.touch.dir = DMA_FROM_DEVICE;
	return true;
}

static bool vrdma_haul_pull(struct vrdma_remote *remote, struct vrdma_haul *haul)
{
	const struct vrdma_piece *piece = haul->piece;
	const struct vrdma_msg *msg = &piece->msg;
	struct vrdma_serve *serve = &remote->serve;
	s32 ahead = msg->mseq - serve->expected;

	if (ahead < 0) {
		vrdma_haul_repeated(remote, piece);
		return vrdma_haul_pass(haul);
	}
	if (ahead || msg->request.offset > serve->offset) {
		vrdma_serve_miss(serve);
		return vrdma_haul_pass(haul);
	}
	if (!serve->op.begun)
		serve->op.begun = vrdma_haul_accept(remote, haul);
	else if (!vrdma_serve_fits(&serve->op, msg))
		return false;
	if (!serve->op.begun)
		return false;
	if (vrdma_piece_end(piece) > serve->offset)
		return vrdma_haul_pull_rest(remote, haul);
	vrdma_serve_placed(remote, piece);
	if (vrdma_piece_end(piece) == serve->op.length)
		vrdma_serve_finish(remote);
	return vrdma_haul_pass(haul);
}

/*
 * A READ is executed when its first piece is accepted, as far as others' order goes:
 * what comes after it waits behind its pieces.  Each is looked up for itself, so that it
 * makes no difference whether it comes again.
 */
static bool vrdma_haul_push(struct vrdma_remote *remote, struct vrdma_haul *haul)
{
	const struct vrdma_piece *piece = haul->piece;
	const struct vrdma_msg *msg = &piece->msg;
	struct vrdma_serve *serve = &remote->serve;
	s32 ahead = msg->mseq - serve->expected;
	struct vrdma_outcome out = {};
	enum vrdma_verdict verdict;
	bool taken;

	if (ahead > 0 || (!ahead && (msg->request.offset || serve->op.begun))) {
		vrdma_serve_miss(serve);
		return vrdma_haul_pass(haul);
	}
	if (!ahead) {
		if (!vrdma_haul_accept(remote, haul))
			return false;
		vrdma_cursor_exit(&remote->binding->qp->rx.target);
		vrdma_stat_inc(remote->binding->dev, rx_remote_msgs);
		vrdma_serve_next(serve);
	}
	vrdma_serve_fill(&haul->op, msg);
	verdict = vrdma_recv_read_again(remote->binding, &haul->op, &out);
	haul->known = verdict != VRDMA_LOST;
	if (verdict != VRDMA_MORE) {
		vrdma_serve_verdict(remote, verdict, &out);
		return false;
	}
	vrdma_cursor_skip(&haul->op.mem, msg->request.offset + piece->moved);
	taken = vrdma_haul_take(haul, &haul->op.mem, msg->piece.length - piece->moved);
	vrdma_cursor_exit(&haul->op.mem);
	haul->length = haul->span.length;
	haul->move.addr = msg->piece.addr + piece->moved;
	haul->move.touch.dir = DMA_TO_DEVICE;
	return taken;
}

/* ---- moving ---- */

static void vrdma_serve_set_haul(struct vrdma_remote *remote, struct vrdma_haul *haul)
{
	spin_lock_irq(&remote->lock);
	remote->serve.haul = haul;
	spin_unlock_irq(&remote->lock);
}

/*
 * Is there something to move?  If so it is known before the section ends: who ends the
 * binding then waits for it.
 */
static bool vrdma_haul_prepare(struct vrdma_remote *remote, struct vrdma_haul *haul)
{
	struct vrdma_live *live = &remote->binding->live;
	bool moves = false;

	preempt_disable();
	if (vrdma_live_enter(live)) {
		if (vrdma_binding_bound(remote->binding) &&
		    remote->binding->type == IB_QPT_RC)
			moves = vrdma_piece_reads(haul->piece) ? vrdma_haul_push(remote, haul) :
								 vrdma_haul_pull(remote, haul);
		if (moves)
			vrdma_serve_set_haul(remote, haul);
		vrdma_live_exit(live);
	}
	preempt_enable();
	return moves;
}

/* What the HCA has moved counts, as if it had been in a message.  Is the piece done with? */
static bool vrdma_haul_pulled(struct vrdma_remote *remote, struct vrdma_haul *haul)
{
	struct vrdma_serve *serve = &remote->serve;
	u32 tail = haul->move.tail_length;
	struct vrdma_outcome out = {};
	enum vrdma_verdict verdict;

	vrdma_cursor_skip(&remote->binding->qp->rx.target, haul->length - tail);
	if (tail) {
		vrdma_cursor_init(&serve->op.mem);
		vrdma_cursor_add_buffer(&serve->op.mem, haul->tail, tail);
		verdict = vrdma_recv_move(remote->binding, &serve->op, tail, &out);
		if (verdict != VRDMA_MORE) {
			vrdma_serve_verdict(remote, verdict, &out);
			return true;
		}
	}
	serve->offset += haul->length;
	if (serve->offset < vrdma_piece_end(haul->piece))
		return false;
	if (serve->offset == serve->op.length)
		vrdma_serve_finish(remote);
	else
		vrdma_serve_placed(remote, haul->piece);
	return true;
}

static bool vrdma_haul_pushed(struct vrdma_remote *remote, struct vrdma_haul *haul)
{
	struct vrdma_piece *piece = haul->piece;

	piece->moved += haul->length;
	if (piece->moved < piece->msg.piece.length)
		return false;
	vrdma_serve_placed(remote, piece);
	if (vrdma_piece_end(piece) == piece->msg.request.total)
		vrdma_serve_executed(remote, piece->msg.mseq);
	return true;
}

/* Is its piece done with? */
static bool vrdma_haul_moved(struct vrdma_remote *remote, struct vrdma_haul *haul)
{
	struct vrdma_live *live = &remote->binding->live;
	bool over = true;

	preempt_disable();
	if (vrdma_live_enter(live)) {
		vrdma_stat_add(remote->binding->dev, rx_remote_bytes, haul->length);
		vrdma_stat_add(remote->binding->dev, rx_bulk_bytes, haul->length);
		over = vrdma_piece_reads(haul->piece) ? vrdma_haul_pushed(remote, haul) :
							vrdma_haul_pulled(remote, haul);
		vrdma_live_exit(live);
	}
	preempt_enable();
	return over;
}

/* It takes too long. */
void vrdma_serve_break(struct vrdma_remote *remote)
{
	struct vrdma_haul *haul;

	spin_lock_irq(&remote->lock);
	haul = remote->serve.haul;
	if (haul)
		vrdma_repair_break(haul->move.touch.lane, "slow for the end of a QP");
	spin_unlock_irq(&remote->lock);
}

/* No HCA touches our memory any more; go on with the rest. */
static void vrdma_haul_done(struct vrdma_touch *touch, bool good)
{
	struct vrdma_haul *haul = container_of(touch, struct vrdma_haul, move.touch);
	struct vrdma_remote *remote = haul->remote;
	struct vrdma_piece *piece = haul->piece;
	bool over;

	vrdma_span_release(&haul->span);
	mutex_lock(&remote->serve.lock);
	over = !good || vrdma_haul_moved(remote, haul) || remote->serve.drop_lane;
	vrdma_serve_set_haul(remote, NULL);
	if (over)
		vrdma_piece_free(remote, piece);
	vrdma_haul_run(remote);
	vrdma_serve_run_locked(remote);
	mutex_unlock(&remote->serve.lock);
	kfree(haul);
	vrdma_remote_calm(remote);
	vrdma_remote_put(remote);
}

/* Between enter and leave.  The HCA may be done before this returns. */
static bool vrdma_haul_post(struct vrdma_remote *remote, struct vrdma_haul *haul)
{
	struct vrdma_move *move = &haul->move;

	move->key = haul->piece->msg.piece.key;
	move->touch.sg = haul->span.sg;
	move->touch.nents = haul->span.nents;
	move->touch.done = vrdma_haul_done;
	refcount_inc(&remote->ref);	/* put in vrdma_haul_done() */
	if (vrdma_move_post(move))
		return true;
	vrdma_remote_put(remote);
	return false;
}

/* True: the HCA is at it.  False: the piece is done with. */
static bool vrdma_haul_begin(struct vrdma_remote *remote, struct vrdma_piece *piece)
{
	struct vrdma_haul *haul;
	bool begun = false;
	bool known = false;

	haul = kzalloc(sizeof(*haul), GFP_KERNEL);
	if (!haul) {
		vrdma_serve_lose(&remote->serve, piece->lane, piece->epoch);
		return false;
	}
	haul->remote = remote;
	haul->piece = piece;
	haul->move.touch.lane = piece->lane;
	if (vrdma_bulk_enter(piece->lane, piece->epoch)) {
		if (vrdma_haul_prepare(remote, haul)) {
			begun = vrdma_haul_post(remote, haul);
			known = false;
		} else {
			known = haul->known;
		}
		vrdma_bulk_leave(piece->lane);
	}
	if (begun)
		return true;
	if (!known)
		vrdma_serve_lose(&remote->serve, piece->lane, piece->epoch);
	vrdma_span_release(&haul->span);
	vrdma_serve_set_haul(remote, NULL);
	kfree(haul);
	return false;
}

/* One piece of a binding moves at a time: the others are other bindings' turns. */
static void vrdma_haul_run(struct vrdma_remote *remote)
{
	struct vrdma_serve *serve = &remote->serve;
	struct vrdma_piece *piece;

	lockdep_assert_held(&serve->lock);
	while (!serve->haul && !list_empty(&serve->pieces)) {
		piece = list_first_entry(&serve->pieces, struct vrdma_piece, node);
		if (vrdma_piece_is_behind(serve, piece) || !vrdma_haul_begin(remote, piece))
			vrdma_piece_free(remote, piece);
	}
}

/* A lane that lives as long as the binding, whoever says what on which. */
static bool vrdma_piece_lane_ok(const struct vrdma_remote *remote, struct vrdma_lane *lane)
{
	struct vrdma_channel *channel = vrdma_lane_channel(lane);

	return channel == remote->channel || channel == remote->other;
}

/**
 * vrdma_serve_piece - move what a PIECE describes, when its turn comes
 * @remote: the binding it is for
 * @lane: it came by
 * @msg: the message
 *
 * From the lane's receiver.  More than may wait are dropped, as if lost.
 */
void vrdma_serve_piece(struct vrdma_remote *remote, struct vrdma_lane *lane,
		       const struct vrdma_msg *msg)
{
	struct vrdma_serve *serve = &remote->serve;
	struct vrdma_piece *piece = NULL;

	if (!vrdma_piece_lane_ok(remote, lane))
		return;
	mutex_lock(&serve->lock);
	serve->piece_key = msg->piece.key;
	if (serve->nr_pieces < VRDMA_BULK_PIECES)
		piece = kmalloc(sizeof(*piece), GFP_KERNEL);
	if (piece) {
		piece->lane = lane;
		piece->epoch = vrdma_bulk_epoch(lane);
		piece->moved = 0;
		piece->msg = *msg;
		list_add_tail(&piece->node, &serve->pieces);
		serve->nr_pieces++;
		vrdma_haul_run(remote);
		vrdma_serve_run_locked(remote);
	} else {
		vrdma_serve_lose(serve, lane, vrdma_bulk_epoch(lane));
	}
	mutex_unlock(&serve->lock);
	vrdma_remote_calm(remote);	/* somebody may have seen a move that was not posted */
}

/* All but the one that moves. */
void vrdma_serve_drop_pieces(struct vrdma_remote *remote)
{
	struct vrdma_serve *serve = &remote->serve;
	struct vrdma_piece *piece, *next;

	lockdep_assert_held(&serve->lock);
	list_for_each_entry_safe(piece, next, &serve->pieces, node)
		if (!serve->haul || serve->haul->piece != piece)
			vrdma_piece_free(remote, piece);
}

/**
 * vrdma_serve_recalled - take a RECALL
 * @remote: the binding it is for
 * @lane: it came by
 *
 * What moves is not stopped: that is soon over.
 */
void vrdma_serve_recalled(struct vrdma_remote *remote, struct vrdma_lane *lane)
{
	struct vrdma_serve *serve = &remote->serve;

	if (!vrdma_piece_lane_ok(remote, lane))
		return;
	mutex_lock(&serve->lock);
	vrdma_serve_drop_pieces(remote);
	vrdma_serve_lose(serve, lane, vrdma_bulk_epoch(lane));
	spin_lock_irq(&remote->lock);
	serve->drop_lane = lane;
	serve->drop_epoch = serve->lost_epoch;
	spin_unlock_irq(&remote->lock);
	vrdma_serve_run_locked(remote);
	mutex_unlock(&serve->lock);
}

/**
 * vrdma_serve_recall - ask the far side to let go of all that we have shown it
 * @remote: the binding
 *
 * Process context, also under spinlocks.
 */
void vrdma_serve_recall(struct vrdma_remote *remote)
{
	spin_lock_irq(&remote->lock);
	remote->serve.recall = !remote->serve.ended;
	spin_unlock_irq(&remote->lock);
	vrdma_serve_queue(remote, 0);
}

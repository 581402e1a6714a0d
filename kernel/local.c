// SPDX-License-Identifier: GPL-2.0
/*
 * The local path: both QPs live on this host and one copy moves a message.
 * Every step is a section of the far binding of at most VRDMA_CHUNK bytes, so
 * that neither side's end waits for more than that.
 */
#include <linux/sched/signal.h>

#include "binding.h"
#include "limits.h"
#include "path.h"
#include "qp.h"
#include "recv.h"
#include "vdev.h"

/* One step, inside a section of @peer.  MORE: the operation goes on. */
static enum vrdma_verdict vrdma_local_step(struct vrdma_binding *peer, struct vrdma_op *op,
					   struct vrdma_budget *budget,
					   struct vrdma_outcome *out)
{
	enum vrdma_verdict verdict;
	u32 length;

	if (!op->begun) {
		verdict = vrdma_recv_begin(peer, op, out);
		if (verdict != VRDMA_MORE)
			return verdict;
		op->begun = true;
	}

	length = min_t(u64, op->mem.left, VRDMA_CHUNK);
	if (length) {
		verdict = vrdma_recv_move(peer, op, length, out);
		if (verdict != VRDMA_MORE)
			return verdict;
		budget->bytes -= length;
		vrdma_stat_add(peer->dev, rx_local_bytes, length);
	}
	if (op->mem.left)
		return VRDMA_MORE;
	verdict = vrdma_recv_finish(peer, op, out);
	if (verdict == VRDMA_DONE)
		vrdma_stat_inc(peer->dev, rx_local_msgs);
	return verdict;
}

static enum vrdma_verdict vrdma_local_section(struct vrdma_binding *peer, struct vrdma_op *op,
					      struct vrdma_budget *budget,
					      struct vrdma_outcome *out)
{
	enum vrdma_verdict verdict = VRDMA_LOST;

	preempt_disable();
	if (vrdma_live_enter(&peer->live)) {
		verdict = vrdma_local_step(peer, op, budget, out);
		vrdma_live_exit(&peer->live);
	}
	preempt_enable();
	return verdict;
}

static enum vrdma_verdict vrdma_local_advance(struct vrdma_binding *binding,
					      struct vrdma_op *op,
					      struct vrdma_budget *budget,
					      struct vrdma_outcome *out)
{
	enum vrdma_verdict verdict;

	do {
		verdict = vrdma_local_section(binding->peer, op, budget, out);
	} while (verdict == VRDMA_MORE && budget->bytes > 0 &&
		 vrdma_qp_state(binding->qp) != IB_QPS_ERR &&
		 vrdma_qp_state(binding->qp) != IB_QPS_RESET &&
		 !fatal_signal_pending(current));
	return verdict;
}

const struct vrdma_path_ops vrdma_local_path = {
	.advance = vrdma_local_advance,
};

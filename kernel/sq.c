// SPDX-License-Identifier: GPL-2.0
/* The send side of a queue pair: its ring, and what its timers mean. */
#include <linux/log2.h>
#include <linux/slab.h>

#include "limits.h"
#include "qp.h"
#include "ring.h"
#include "send.h"

/* IBA table 45, in units of 10 us. */
static const u32 vrdma_rnr_timer[32] = {
	65536, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192,
	256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096, 6144, 8192, 12288,
	16384, 24576, 32768, 49152,
};

/* What an RNR timer of 0 to 31 stands for. */
u64 vrdma_rnr_usecs(u8 rnr_timer)
{
	return vrdma_rnr_timer[rnr_timer % 32] * 10ULL;
}

static u32 vrdma_sq_stride(const struct ib_qp_cap *cap)
{
	u32 body = max_t(u32, cap->max_send_sge * sizeof(struct vrdma_wqe_sge),
			 cap->max_inline_data);

	return roundup_pow_of_two(sizeof(struct vrdma_send_wqe) + body);
}

/**
 * vrdma_sq_init - the send side of a new QP
 * @qp: with its type set
 * @uctx: NULL for a kernel user
 * @cap: within the limits; max_inline_data is raised to what a slot holds
 * @info: where to map the ring
 *
 * Return: 0 or -ENOMEM.
 */
int vrdma_sq_init(struct vrdma_qp *qp, struct ib_ucontext *uctx,
		  struct ib_qp_cap *cap, struct vrdma_ring_info *info)
{
	u32 stride = vrdma_sq_stride(cap);
	struct vrdma_sq *sq = &qp->sq;

	sq->flight = kcalloc(VRDMA_FLIGHTS, sizeof(*sq->flight), GFP_KERNEL_ACCOUNT);
	if (!sq->flight)
		return -ENOMEM;
	sq->ring = vrdma_ring_create(uctx, max(cap->max_send_wr, 1U), stride, info);
	if (IS_ERR(sq->ring)) {
		kfree(sq->flight);
		return PTR_ERR(sq->ring);
	}

	cap->max_inline_data = stride - sizeof(struct vrdma_send_wqe);
	sq->wr = max(cap->max_send_wr, 1U);
	sq->max_sge = cap->max_send_sge;
	sq->max_inline = cap->max_inline_data;
	sq->mseq = 1;
	sq->begun = 1;
	atomic_set(&sq->owner, VRDMA_SQ_PARKED);
	INIT_LIST_HEAD(&sq->ready);
	timer_setup(&sq->timer, vrdma_sq_timer, 0);
	spin_lock_init(&sq->post_lock);
	vrdma_cursor_init(&sq->op.mem);
	return 0;
}

void vrdma_sq_exit(struct vrdma_qp *qp)
{
	vrdma_cursor_exit(&qp->sq.op.mem);
	vrdma_ring_destroy(qp->sq.ring);
	kfree(qp->sq.flight);
}

// SPDX-License-Identifier: GPL-2.0
/* Work requests of a send queue: read them from the ring, check them. */
#include "wqe.h"

#include "fast.h"
#include "limits.h"
#include "qp.h"
#include "ring.h"
#include "send.h"
#include "vdev.h"

/* The slot of the next work request that does not fly. */
static void *vrdma_sq_slot(const struct vrdma_sq *sq)
{
	return vrdma_ring_slot(sq->ring, sq->consumer + sq->flying);
}

/* Copy the head once; its scatter/gather list to @sge. */
void vrdma_sq_fetch(struct vrdma_sq *sq, struct vrdma_wqe_sge *sge)
{
	struct vrdma_send_wqe *slot = vrdma_sq_slot(sq);

	memcpy(&sq->wqe, slot, sizeof(*slot));
	barrier();	/* from here on only the copy is read */
	if (sq->wqe.num_sge <= sq->max_sge)
		memcpy(sge, slot + 1, sq->wqe.num_sge * sizeof(*sge));
	barrier();
}

#define VRDMA_QPT_BIT(type)	BIT(IB_QPT_##type)

static const struct vrdma_opcode vrdma_opcodes[] = {
	[IB_UVERBS_WR_RDMA_WRITE] = {
		.types = VRDMA_QPT_BIT(RC) | VRDMA_QPT_BIT(UC),
		.wc = IB_WC_RDMA_WRITE,
		.inlined = true,
	},
	[IB_UVERBS_WR_RDMA_WRITE_WITH_IMM] = {
		.types = VRDMA_QPT_BIT(RC) | VRDMA_QPT_BIT(UC),
		.wc = IB_WC_RDMA_WRITE,
		.inlined = true,
	},
	[IB_UVERBS_WR_SEND] = {
		.types = VRDMA_QPT_BIT(RC) | VRDMA_QPT_BIT(UC) | VRDMA_QPT_BIT(UD) |
			 VRDMA_QPT_BIT(GSI),
		.wc = IB_WC_SEND,
		.inlined = true,
	},
	[IB_UVERBS_WR_SEND_WITH_IMM] = {
		.types = VRDMA_QPT_BIT(RC) | VRDMA_QPT_BIT(UC) | VRDMA_QPT_BIT(UD) |
			 VRDMA_QPT_BIT(GSI),
		.wc = IB_WC_SEND,
		.inlined = true,
	},
	[IB_UVERBS_WR_RDMA_READ] = {
		.types = VRDMA_QPT_BIT(RC),
		.wc = IB_WC_RDMA_READ,
		.access = IB_ACCESS_LOCAL_WRITE,
	},
	[IB_UVERBS_WR_ATOMIC_CMP_AND_SWP] = {
		.types = VRDMA_QPT_BIT(RC),
		.wc = IB_WC_COMP_SWAP,
		.access = IB_ACCESS_LOCAL_WRITE,
		.length = sizeof(u64),
	},
	[IB_UVERBS_WR_ATOMIC_FETCH_AND_ADD] = {
		.types = VRDMA_QPT_BIT(RC),
		.wc = IB_WC_FETCH_ADD,
		.access = IB_ACCESS_LOCAL_WRITE,
		.length = sizeof(u64),
	},
	[IB_UVERBS_WR_LOCAL_INV] = {
		.types = VRDMA_QPT_BIT(RC) | VRDMA_QPT_BIT(UC),
		.wc = IB_WC_LOCAL_INV,
		.local = true,
	},
	[IB_UVERBS_WR_BIND_MW] = {
		.types = VRDMA_QPT_BIT(RC) | VRDMA_QPT_BIT(UC),
		.wc = IB_WC_BIND_MW,
		.local = true,
	},
	[IB_UVERBS_WR_SEND_WITH_INV] = {
		.types = VRDMA_QPT_BIT(RC),
		.wc = IB_WC_SEND,
		.inlined = true,
	},
	[VRDMA_WR_FLUSH] = {
		.types = VRDMA_QPT_BIT(RC),
		.wc = IB_WC_FLUSH,
		.bare = true,
	},
	[VRDMA_WR_ATOMIC_WRITE] = {
		.types = VRDMA_QPT_BIT(RC),
		.wc = IB_WC_ATOMIC_WRITE,
		.length = sizeof(u64),
		.inlined = true,
	},
	[IB_WR_REG_MR] = {
		.types = VRDMA_QPT_BIT(RC) | VRDMA_QPT_BIT(UC),
		.wc = IB_WC_REG_MR,
		.local = true,
		.early = true,
		.kernel = true,
	},
};

const struct vrdma_opcode *vrdma_opcode(u32 opcode)
{
	if (opcode >= ARRAY_SIZE(vrdma_opcodes) || !vrdma_opcodes[opcode].types)
		return NULL;
	return &vrdma_opcodes[opcode];
}

const struct vrdma_reg *vrdma_wqe_reg(const struct vrdma_send_wqe *wqe)
{
	static_assert(sizeof(struct vrdma_reg) <= sizeof(wqe->space));

	return (const struct vrdma_reg *)wqe->space;
}

/* The word of an ATOMIC_WRITE stands in the header: so any queue has room for it. */
static enum ib_wc_status vrdma_check_word(struct vrdma_sq *sq)
{
	if (sq->wqe.inline_len != sizeof(u64))
		return IB_WC_LOC_LEN_ERR;
	sq->op.length = sizeof(u64);
	vrdma_cursor_add_buffer(&sq->op.mem, &sq->wqe.atomic.compare_add, sizeof(u64));
	return IB_WC_SUCCESS;
}

static enum ib_wc_status vrdma_check_inline(struct vrdma_qp *qp,
					    const struct vrdma_opcode *code)
{
	struct vrdma_sq *sq = &qp->sq;
	void *slot = vrdma_sq_slot(sq);

	if (!code->inlined)
		return IB_WC_LOC_QP_OP_ERR;
	if (sq->wqe.opcode == VRDMA_WR_ATOMIC_WRITE)
		return vrdma_check_word(sq);
	if (sq->wqe.inline_len > sq->max_inline)
		return IB_WC_LOC_LEN_ERR;
	sq->op.length = sq->wqe.inline_len;
	vrdma_cursor_add_buffer(&sq->op.mem, slot + sizeof(sq->wqe), sq->op.length);
	return IB_WC_SUCCESS;
}

static enum ib_wc_status vrdma_check_sges(struct vrdma_qp *qp, const struct vrdma_opcode *code,
					  const struct vrdma_wqe_sge *sge)
{
	struct vrdma_sq *sq = &qp->sq;
	u64 total = 0;
	u32 i;

	if (sq->wqe.num_sge > sq->max_sge)
		return IB_WC_LOC_QP_OP_ERR;
	for (i = 0; i < sq->wqe.num_sge; i++)
		total += sge[i].length;
	if (total > VRDMA_MAX_MSG)
		return IB_WC_LOC_LEN_ERR;
	if (code->length && total < code->length)
		return IB_WC_LOC_LEN_ERR;

	sq->op.length = code->length ?: total;
	if (!vrdma_cursor_add_sges(&sq->op.mem, qp, sge, sq->wqe.num_sge, sq->op.length,
				   code->access))
		return IB_WC_SUCCESS;
	vrdma_stat_inc(to_vdev(qp->ibqp.device), tx_bad_key);
	return IB_WC_LOC_PROT_ERR;
}

/* It must be for something that there is. */
static enum ib_wc_status vrdma_check_flush(const struct vrdma_send_wqe *wqe)
{
	if (!wqe->flush.type || wqe->flush.type & ~(VRDMA_FLUSH_GLOBAL | VRDMA_FLUSH_PERSISTENT))
		return IB_WC_LOC_QP_OP_ERR;
	return wqe->flush.level <= VRDMA_FLUSH_MR ? IB_WC_SUCCESS : IB_WC_LOC_QP_OP_ERR;
}

static void vrdma_op_fill_flush(struct vrdma_op *op, const struct vrdma_send_wqe *wqe)
{
	op->remote_addr = wqe->flush.remote_addr;
	op->rkey = wqe->flush.rkey;
	op->range = wqe->flush.length;
	op->placement = wqe->flush.type;
	op->level = wqe->flush.level;
}

/* What the work request asks for beyond its local memory. */
static void vrdma_op_fill(struct vrdma_op *op, const struct vrdma_send_wqe *wqe)
{
	op->wr_id = wqe->wr_id;
	op->opcode = wqe->opcode;
	op->flags = wqe->flags;
	op->imm_data = wqe->imm_data;
	op->begun = false;
	op->bulk = false;
	switch (wqe->opcode) {
	case IB_UVERBS_WR_ATOMIC_CMP_AND_SWP:
	case IB_UVERBS_WR_ATOMIC_FETCH_AND_ADD:
	case VRDMA_WR_ATOMIC_WRITE:
		op->remote_addr = wqe->atomic.remote_addr;
		op->rkey = wqe->atomic.rkey;
		op->compare_add = wqe->atomic.compare_add;
		op->swap = wqe->atomic.swap;
		break;
	case IB_UVERBS_WR_SEND_WITH_INV:
		op->remote_addr = 0;
		op->rkey = wqe->invalidate_rkey;
		break;
	case VRDMA_WR_FLUSH:
		vrdma_op_fill_flush(op, wqe);
		break;
	default:
		op->remote_addr = wqe->rdma.remote_addr;
		op->rkey = wqe->rdma.rkey;
		break;
	}
}

/* The head has a number in the binding, unless it goes nowhere. */
static void vrdma_sq_begin(struct vrdma_qp *qp)
{
	struct vrdma_sq *sq = &qp->sq;

	if ((s32)(sq->op.mseq + 1 - sq->begun) > 0)
		sq->begun = sq->op.mseq + 1;
	/* Else it comes again, or others must be answered first. */
	if (!sq->flying && sq->counted != sq->op.mseq) {
		sq->counted = sq->op.mseq;
		sq->wait = VRDMA_WAIT_NOTHING;
		sq->rnr_left = qp->attr.rnr_retry;
	}
}

static bool vrdma_code_ok(const struct vrdma_opcode *code, const struct vrdma_qp *qp)
{
	return code && code->types & BIT(qp->ibqp.qp_type) && !(code->kernel && qp->user) &&
	       !(qp->sq.wqe.flags & ~VRDMA_SEND_FLAGS);
}

/* Read the head and check everything that the requester's side can check. */
enum ib_wc_status vrdma_sq_accept(struct vrdma_qp *qp)
{
	struct vrdma_wqe_sge sge[VRDMA_MAX_SGE];
	struct vrdma_sq *sq = &qp->sq;
	const struct vrdma_opcode *code;

	vrdma_sq_fetch(sq, sge);
	vrdma_op_fill(&sq->op, &sq->wqe);
	sq->op.length = 0;
	sq->op.mseq = vrdma_sq_number(sq);
	sq->busy = true;
	code = vrdma_opcode(sq->wqe.opcode);
	if (!code || !code->local)
		vrdma_sq_begin(qp);

	if (!vrdma_code_ok(code, qp)) {
		vrdma_stat_inc(to_vdev(qp->ibqp.device), tx_bad_wqe);
		return IB_WC_LOC_QP_OP_ERR;
	}
	if (code->bare)
		return vrdma_check_flush(&sq->wqe);
	if (sq->wqe.flags & VRDMA_SEND_INLINE)
		return vrdma_check_inline(qp, code);
	if (code->local)
		return IB_WC_SUCCESS;
	return vrdma_check_sges(qp, code, sge);
}

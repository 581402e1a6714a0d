// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The ibv_wr_* way to post: a function per opcode, then setters, then all at once. */
#include "qp.h"

#include <errno.h>

#include "ah.h"
#include "mw.h"
#include "vrdma.h"

static inline struct vrdma_qp *ex_to_vqp(struct ibv_qp_ex *qp)
{
	return container_of(qp, struct vrdma_qp, vqp.qp_ex);
}

/* Begin a request; NULL after an error, which wr_complete reports. */
static struct vrdma_send_wqe *wr_new(struct ibv_qp_ex *qp, enum ibv_wr_opcode opcode)
{
	struct vrdma_sq *sq = &ex_to_vqp(qp)->sq;

	sq->wqe = NULL;
	if (!sq->err)
		/* whether it is inline, the setter knows */
		sq->wqe = vrdma_sq_slot(sq, qp->wr_id, opcode,
					qp->wr_flags & ~IBV_SEND_INLINE, &sq->err);
	return sq->wqe;
}

/* A setter failed: the whole batch is off. */
static void wr_check(struct vrdma_sq *sq, int err)
{
	if (!err)
		return;
	sq->err = err;
	sq->wqe = NULL;
}

static void wr_rdma(struct ibv_qp_ex *qp, enum ibv_wr_opcode opcode, uint32_t rkey,
		    uint64_t remote_addr, __be32 imm_data)
{
	struct vrdma_send_wqe *wqe = wr_new(qp, opcode);

	if (!wqe)
		return;
	wqe->imm_data = imm_data;
	wqe->rdma.remote_addr = remote_addr;
	wqe->rdma.rkey = rkey;
}

static void wr_rdma_read(struct ibv_qp_ex *qp, uint32_t rkey, uint64_t remote_addr)
{
	wr_rdma(qp, IBV_WR_RDMA_READ, rkey, remote_addr, 0);
}

static void wr_rdma_write(struct ibv_qp_ex *qp, uint32_t rkey, uint64_t remote_addr)
{
	wr_rdma(qp, IBV_WR_RDMA_WRITE, rkey, remote_addr, 0);
}

static void wr_rdma_write_imm(struct ibv_qp_ex *qp, uint32_t rkey, uint64_t remote_addr,
			      __be32 imm_data)
{
	wr_rdma(qp, IBV_WR_RDMA_WRITE_WITH_IMM, rkey, remote_addr, imm_data);
}

static void wr_atomic(struct ibv_qp_ex *qp, enum ibv_wr_opcode opcode, uint32_t rkey,
		      uint64_t remote_addr, uint64_t compare_add, uint64_t swap)
{
	struct vrdma_send_wqe *wqe = wr_new(qp, opcode);

	if (!wqe)
		return;
	wqe->atomic.remote_addr = remote_addr;
	wqe->atomic.compare_add = compare_add;
	wqe->atomic.swap = swap;
	wqe->atomic.rkey = rkey;
}

static void wr_atomic_cmp_swp(struct ibv_qp_ex *qp, uint32_t rkey, uint64_t remote_addr,
			      uint64_t compare, uint64_t swap)
{
	wr_atomic(qp, IBV_WR_ATOMIC_CMP_AND_SWP, rkey, remote_addr, compare, swap);
}

static void wr_atomic_fetch_add(struct ibv_qp_ex *qp, uint32_t rkey, uint64_t remote_addr,
				uint64_t add)
{
	wr_atomic(qp, IBV_WR_ATOMIC_FETCH_AND_ADD, rkey, remote_addr, add, 0);
}

static void wr_atomic_write(struct ibv_qp_ex *qp, uint32_t rkey, uint64_t remote_addr,
			    const void *word)
{
	struct vrdma_send_wqe *wqe = wr_new(qp, IBV_WR_ATOMIC_WRITE);

	if (!wqe)
		return;
	wqe->atomic.remote_addr = remote_addr;
	wqe->atomic.rkey = rkey;
	vrdma_sq_word(wqe, word);
}

static void wr_flush(struct ibv_qp_ex *qp, uint32_t rkey, uint64_t remote_addr, size_t length,
		     uint8_t type, uint8_t level)
{
	struct vrdma_sq *sq = &ex_to_vqp(qp)->sq;
	struct vrdma_send_wqe *wqe = wr_new(qp, IBV_WR_FLUSH);

	if (!wqe)
		return;
	if (length > UINT32_MAX) {
		wr_check(sq, EINVAL);
		return;
	}
	wqe->flush.remote_addr = remote_addr;
	wqe->flush.length = length;
	wqe->flush.rkey = rkey;
	wqe->flush.type = type;
	wqe->flush.level = level;
}

static void wr_send(struct ibv_qp_ex *qp)
{
	wr_new(qp, IBV_WR_SEND);
}

static void wr_send_imm(struct ibv_qp_ex *qp, __be32 imm_data)
{
	struct vrdma_send_wqe *wqe = wr_new(qp, IBV_WR_SEND_WITH_IMM);

	if (wqe)
		wqe->imm_data = imm_data;
}

static void wr_send_inv(struct ibv_qp_ex *qp, uint32_t invalidate_rkey)
{
	struct vrdma_send_wqe *wqe = wr_new(qp, IBV_WR_SEND_WITH_INV);

	if (wqe)
		wqe->invalidate_rkey = invalidate_rkey;
}

static void wr_local_inv(struct ibv_qp_ex *qp, uint32_t invalidate_rkey)
{
	struct vrdma_send_wqe *wqe = wr_new(qp, IBV_WR_LOCAL_INV);

	if (wqe)
		wqe->invalidate_rkey = invalidate_rkey;
}

static void wr_bind_mw(struct ibv_qp_ex *qp, struct ibv_mw *mw, uint32_t rkey,
		       const struct ibv_mw_bind_info *bind_info)
{
	struct vrdma_send_wqe *wqe = wr_new(qp, IBV_WR_BIND_MW);

	if (wqe)
		vrdma_mw_put_bind(wqe, mw, rkey, bind_info);
}

static void wr_set_ud_addr(struct ibv_qp_ex *qp, struct ibv_ah *ah, uint32_t remote_qpn,
			   uint32_t remote_qkey)
{
	struct vrdma_send_wqe *wqe = ex_to_vqp(qp)->sq.wqe;

	if (!wqe)
		return;
	wqe->ud.ah = to_vah(ah)->number;
	wqe->ud.remote_qpn = remote_qpn;
	wqe->ud.remote_qkey = remote_qkey;
}

static void wr_set_inline_data(struct ibv_qp_ex *qp, void *addr, size_t length)
{
	struct vrdma_sq *sq = &ex_to_vqp(qp)->sq;

	if (sq->wqe)
		wr_check(sq, vrdma_sq_inline(sq, sq->wqe, addr, length));
}

static void wr_set_inline_data_list(struct ibv_qp_ex *qp, size_t count,
				    const struct ibv_data_buf *buf)
{
	size_t i;

	for (i = 0; i < count; i++)
		wr_set_inline_data(qp, buf[i].addr, buf[i].length);
}

static void wr_set_sge_list(struct ibv_qp_ex *qp, size_t count, const struct ibv_sge *sge)
{
	struct vrdma_sq *sq = &ex_to_vqp(qp)->sq;

	if (sq->wqe)
		wr_check(sq, vrdma_sq_gather(sq, sq->wqe, sge, count));
}

static void wr_set_sge(struct ibv_qp_ex *qp, uint32_t lkey, uint64_t addr, uint32_t length)
{
	const struct ibv_sge sge = { .addr = addr, .length = length, .lkey = lkey };

	wr_set_sge_list(qp, 1, &sge);
}

static void wr_start(struct ibv_qp_ex *qp)
{
	struct vrdma_sq *sq = &ex_to_vqp(qp)->sq;

	sq->err = vrdma_sq_begin(sq, qp->qp_base.state);
	sq->wqe = NULL;
}

static void wr_abort(struct ibv_qp_ex *qp)
{
	pthread_spin_unlock(&ex_to_vqp(qp)->sq.lock);
}

static int wr_complete(struct ibv_qp_ex *qp)
{
	struct vrdma_sq *sq = &ex_to_vqp(qp)->sq;
	int err = sq->err;

	if (!err)
		return vrdma_sq_end(sq);
	wr_abort(qp);
	return err;
}

#define WR_OPS_UD	(IBV_QP_EX_WITH_SEND | IBV_QP_EX_WITH_SEND_WITH_IMM)
#define WR_OPS_UC	(WR_OPS_UD | IBV_QP_EX_WITH_RDMA_WRITE | \
			 IBV_QP_EX_WITH_RDMA_WRITE_WITH_IMM | \
			 IBV_QP_EX_WITH_LOCAL_INV | IBV_QP_EX_WITH_BIND_MW)
#define WR_OPS_RC	(WR_OPS_UC | IBV_QP_EX_WITH_RDMA_READ | \
			 IBV_QP_EX_WITH_ATOMIC_CMP_AND_SWP | \
			 IBV_QP_EX_WITH_ATOMIC_FETCH_AND_ADD | \
			 IBV_QP_EX_WITH_SEND_WITH_INV)
/* These the kernel may be too old for. */
#define WR_OPS_FLUSH	(IBV_QP_EX_WITH_FLUSH | IBV_QP_EX_WITH_ATOMIC_WRITE)

static bool wr_ops_known(const struct vrdma_context *ctx, enum ibv_qp_type type, uint64_t ops)
{
	if (type == IBV_QPT_RC && ctx->features & VRDMA_CONTEXT_FLUSH)
		ops &= ~(uint64_t)WR_OPS_FLUSH;
	switch (type) {
	case IBV_QPT_RC:
		return !(ops & ~(uint64_t)WR_OPS_RC);
	case IBV_QPT_UC:
		return !(ops & ~(uint64_t)WR_OPS_UC);
	case IBV_QPT_UD:
		return !(ops & ~(uint64_t)WR_OPS_UD);
	default:
		return false;
	}
}

/* What was not asked for works, too: an opcode the QP lacks is refused when posted. */
int vrdma_qp_set_wr_ops(struct ibv_qp_ex *qp, const struct vrdma_context *ctx,
			enum ibv_qp_type type, uint64_t ops)
{
	if (!wr_ops_known(ctx, type, ops))
		return EOPNOTSUPP;
	qp->wr_atomic_cmp_swp = wr_atomic_cmp_swp;
	qp->wr_atomic_fetch_add = wr_atomic_fetch_add;
	qp->wr_atomic_write = wr_atomic_write;
	qp->wr_bind_mw = wr_bind_mw;
	qp->wr_flush = wr_flush;
	qp->wr_local_inv = wr_local_inv;
	qp->wr_rdma_read = wr_rdma_read;
	qp->wr_rdma_write = wr_rdma_write;
	qp->wr_rdma_write_imm = wr_rdma_write_imm;
	qp->wr_send = wr_send;
	qp->wr_send_imm = wr_send_imm;
	qp->wr_send_inv = wr_send_inv;
	qp->wr_set_ud_addr = wr_set_ud_addr;
	qp->wr_set_inline_data = wr_set_inline_data;
	qp->wr_set_inline_data_list = wr_set_inline_data_list;
	qp->wr_set_sge = wr_set_sge;
	qp->wr_set_sge_list = wr_set_sge_list;
	qp->wr_start = wr_start;
	qp->wr_complete = wr_complete;
	qp->wr_abort = wr_abort;
	return 0;
}

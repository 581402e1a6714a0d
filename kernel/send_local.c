// SPDX-License-Identifier: GPL-2.0
/* Work requests that change keys: the requester's own side executes them, in their turn. */
#include "send_local.h"

#include "ending.h"
#include "fast.h"
#include "mw.h"
#include "place.h"
#include "qp.h"
#include "wqe.h"

static int vrdma_local_bind(struct vrdma_qp *qp)
{
	const struct vrdma_send_wqe *wqe = &qp->sq.wqe;
	struct vrdma_bind bind = {
		.window = wqe->bind.mw_rkey,
		.rkey = wqe->bind.rkey,
		.lkey = wqe->bind.mr_lkey,
		.access = wqe->bind.access,
		.addr = wqe->bind.addr,
		.length = wqe->bind.length,
	};

	return vrdma_mw_bind(qp->ibqp.pd, qp->serial, &bind, &qp->sq.ending);
}

static int vrdma_local_execute(struct vrdma_qp *qp)
{
	const struct vrdma_send_wqe *wqe = &qp->sq.wqe;
	struct ib_pd *pd = qp->ibqp.pd;

	switch (wqe->opcode) {
	case IB_UVERBS_WR_LOCAL_INV:
		return vrdma_key_invalidate(pd, 0, wqe->invalidate_rkey, &qp->sq.ending);
	case IB_UVERBS_WR_BIND_MW:
		return vrdma_local_bind(qp);
	case IB_WR_REG_MR:
		return vrdma_fast_register(pd, vrdma_wqe_reg(wqe));
	default:
		return -EOPNOTSUPP;
	}
}

enum vrdma_verdict vrdma_send_local(struct vrdma_qp *qp, struct vrdma_outcome *out)
{
	struct vrdma_sq *sq = &qp->sq;

	if (!sq->op.begun && vrdma_local_execute(qp)) {
		vrdma_stat_inc(to_vdev(qp->ibqp.device), tx_bad_key);
		out->status = IB_WC_MW_BIND_ERR;
		return VRDMA_FAILED;
	}
	sq->op.begun = true;
	return vrdma_ending_over(&sq->ending) ? VRDMA_DONE : VRDMA_LATER;
}

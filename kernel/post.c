// SPDX-License-Identifier: GPL-2.0
/* Kernel users' sends: written to the ring like an application's, run by the worker. */
#include "ah.h"
#include "fast.h"
#include "qp.h"
#include "ring.h"
#include "send.h"

static void vrdma_post_inline(struct vrdma_send_wqe *wqe, const struct ib_send_wr *wr)
{
	void *to = wqe + 1;
	int i;

	for (i = 0; i < wr->num_sge; i++) {
		memcpy(to, (void *)(uintptr_t)wr->sg_list[i].addr, wr->sg_list[i].length);
		to += wr->sg_list[i].length;
	}
	wqe->inline_len = to - (void *)(wqe + 1);
}

static void vrdma_post_sges(struct vrdma_send_wqe *wqe, const struct ib_send_wr *wr)
{
	struct vrdma_wqe_sge *sge = (void *)(wqe + 1);
	int i;

	for (i = 0; i < wr->num_sge; i++) {
		sge[i].addr = wr->sg_list[i].addr;
		sge[i].length = wr->sg_list[i].length;
		sge[i].lkey = wr->sg_list[i].lkey;
	}
	wqe->num_sge = wr->num_sge;
}

static void vrdma_post_address(struct vrdma_send_wqe *wqe, const struct ib_send_wr *wr,
			       enum ib_qp_type type)
{
	if (type == IB_QPT_UD || type == IB_QPT_GSI) {
		const struct ib_ud_wr *ud = ud_wr(wr);

		wqe->ud.ah = container_of(ud->ah, struct vrdma_ah, ibah)->number;
		wqe->ud.remote_qpn = ud->remote_qpn;
		wqe->ud.remote_qkey = ud->remote_qkey;
	} else if (wr->opcode == IB_WR_ATOMIC_CMP_AND_SWP ||
		   wr->opcode == IB_WR_ATOMIC_FETCH_AND_ADD) {
		const struct ib_atomic_wr *atomic = atomic_wr(wr);

		wqe->atomic.remote_addr = atomic->remote_addr;
		wqe->atomic.compare_add = atomic->compare_add;
		wqe->atomic.swap = atomic->swap;
		wqe->atomic.rkey = atomic->rkey;
	} else if (wr->opcode == IB_WR_RDMA_READ || wr->opcode == IB_WR_RDMA_WRITE ||
		   wr->opcode == IB_WR_RDMA_WRITE_WITH_IMM) {
		const struct ib_rdma_wr *rdma = rdma_wr(wr);

		wqe->rdma.remote_addr = rdma->remote_addr;
		wqe->rdma.rkey = rdma->rkey;
	}
}

/* What it was mapped to is taken now: its user may go on. */
static int vrdma_post_reg(struct vrdma_send_wqe *wqe, const struct ib_send_wr *wr)
{
	struct vrdma_reg reg;
	int ret;

	ret = vrdma_fast_prepare(&reg, reg_wr(wr));
	if (!ret)
		memcpy(wqe->space, &reg, sizeof(reg));
	return ret;
}

/* The numbers of enum ib_wr_opcode and enum ib_send_flags are the ABI's. */
static int vrdma_post_wqe(struct vrdma_send_wqe *wqe, const struct ib_send_wr *wr,
			  enum ib_qp_type type)
{
	memset(wqe, 0, sizeof(*wqe));
	wqe->wr_id = wr->wr_id;
	wqe->opcode = wr->opcode;
	wqe->flags = wr->send_flags & VRDMA_SEND_FLAGS;
	wqe->imm_data = wr->ex.imm_data;	/* or invalidate_rkey */
	if (wr->opcode == IB_WR_REG_MR)
		return vrdma_post_reg(wqe, wr);
	if (wr->opcode == IB_WR_LOCAL_INV)
		return 0;
	vrdma_post_address(wqe, wr, type);
	if (wr->send_flags & IB_SEND_INLINE)
		vrdma_post_inline(wqe, wr);
	else
		vrdma_post_sges(wqe, wr);
	return 0;
}

static u64 vrdma_wr_length(const struct ib_send_wr *wr)
{
	u64 length = 0;
	int i;

	for (i = 0; i < wr->num_sge; i++)
		length += wr->sg_list[i].length;
	return length;
}

static int vrdma_post_one(struct vrdma_qp *qp, const struct ib_send_wr *wr)
{
	struct vrdma_ring_hdr *hdr = qp->sq.ring->hdr;
	u32 producer = hdr->producer;
	int ret;

	lockdep_assert_held(&qp->sq.post_lock);
	if (wr->num_sge > qp->sq.max_sge)
		return -EINVAL;
	if (wr->send_flags & IB_SEND_INLINE && vrdma_wr_length(wr) > qp->sq.max_inline)
		return -EINVAL;
	/* pairs with vrdma_sq_retire(): the slot has been read */
	if (producer - smp_load_acquire(&hdr->consumer) >= qp->sq.wr)
		return -ENOMEM;

	ret = vrdma_post_wqe(vrdma_ring_slot(qp->sq.ring, producer), wr, qp->ibqp.qp_type);
	if (ret)
		return ret;
	/* pairs with vrdma_sq_avail(): the slot is filled */
	smp_store_release(&hdr->producer, producer + 1);
	return 0;
}

static bool vrdma_post_state(struct vrdma_qp *qp)
{
	enum ib_qp_state state = vrdma_qp_state(qp);

	return state == IB_QPS_RTS || state == IB_QPS_SQD || state == IB_QPS_SQE ||
	       state == IB_QPS_ERR;
}

/**
 * vrdma_post_send - post_send verb of kernel users
 * @ibqp: any state; before RTS nothing may be posted
 * @wr: chain
 * @bad_wr: the first that was not posted
 *
 * Any context.  The data is moved by the worker, never on the caller's stack.
 */
int vrdma_post_send(struct ib_qp *ibqp, const struct ib_send_wr *wr,
		    const struct ib_send_wr **bad_wr)
{
	struct vrdma_qp *qp = to_vqp(ibqp);
	unsigned long flags;
	int err = 0;

	if (qp->user || !vrdma_post_state(qp)) {
		*bad_wr = wr;
		return -EINVAL;
	}

	spin_lock_irqsave(&qp->sq.post_lock, flags);
	for (; wr; wr = wr->next) {
		err = vrdma_post_one(qp, wr);
		if (err) {
			*bad_wr = wr;
			break;
		}
	}
	spin_unlock_irqrestore(&qp->sq.post_lock, flags);

	vrdma_send_wake(qp);
	return err;
}

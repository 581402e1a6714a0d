// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* ibv_post_send(). */
#include "qp.h"

#include <errno.h>
#include <string.h>

#include "ah.h"
#include "mw.h"

#define INLINE_OPS	(1U << IBV_WR_SEND | 1U << IBV_WR_SEND_WITH_IMM | \
			 1U << IBV_WR_SEND_WITH_INV | \
			 1U << IBV_WR_RDMA_WRITE | 1U << IBV_WR_RDMA_WRITE_WITH_IMM)

/* These change a key, and name no memory of their own. */
#define LOCAL_OPS	(1U << IBV_WR_BIND_MW | 1U << IBV_WR_LOCAL_INV)

/* Where to, for the opcodes that say so. */
static void put_target(struct vrdma_send_wqe *wqe, const struct ibv_send_wr *wr,
		       enum ibv_qp_type type)
{
	switch (wr->opcode) {
	case IBV_WR_RDMA_WRITE:
	case IBV_WR_RDMA_WRITE_WITH_IMM:
	case IBV_WR_RDMA_READ:
		wqe->rdma.remote_addr = wr->wr.rdma.remote_addr;
		wqe->rdma.rkey = wr->wr.rdma.rkey;
		break;
	case IBV_WR_ATOMIC_CMP_AND_SWP:
	case IBV_WR_ATOMIC_FETCH_AND_ADD:
		wqe->atomic.remote_addr = wr->wr.atomic.remote_addr;
		wqe->atomic.compare_add = wr->wr.atomic.compare_add;
		wqe->atomic.swap = wr->wr.atomic.swap;
		wqe->atomic.rkey = wr->wr.atomic.rkey;
		break;
	case IBV_WR_ATOMIC_WRITE:
		wqe->atomic.remote_addr = wr->wr.rdma.remote_addr;
		wqe->atomic.rkey = wr->wr.rdma.rkey;
		break;
	case IBV_WR_BIND_MW:
		vrdma_mw_put_bind(wqe, wr->bind_mw.mw, wr->bind_mw.rkey,
				  &wr->bind_mw.bind_info);
		break;
	default:
		if (type != IBV_QPT_UD)
			break;
		wqe->ud.ah = to_vah(wr->wr.ud.ah)->number;
		wqe->ud.remote_qpn = wr->wr.ud.remote_qpn;
		wqe->ud.remote_qkey = wr->wr.ud.remote_qkey;
	}
}

/* The one inline payload that stands in the header. */
static int put_word(struct vrdma_send_wqe *wqe, const struct ibv_send_wr *wr)
{
	unsigned char word[8];
	size_t length = 0;
	int i;

	for (i = 0; i < wr->num_sge; i++) {
		if (wr->sg_list[i].length > sizeof(word) - length)
			return EINVAL;
		memcpy(word + length, (void *)(uintptr_t)wr->sg_list[i].addr,
		       wr->sg_list[i].length);
		length += wr->sg_list[i].length;
	}
	if (length < sizeof(word))
		return EINVAL;
	vrdma_sq_word(wqe, word);
	return 0;
}

static int put_inline(const struct vrdma_sq *sq, struct vrdma_send_wqe *wqe,
		      const struct ibv_send_wr *wr)
{
	int err = 0;
	int i;

	if (wr->opcode == IBV_WR_ATOMIC_WRITE)
		return put_word(wqe, wr);
	if (wr->num_sge < 0 || !(INLINE_OPS & 1U << wr->opcode))
		return EINVAL;
	for (i = 0; i < wr->num_sge && !err; i++)
		err = vrdma_sq_inline(sq, wqe, (void *)(uintptr_t)wr->sg_list[i].addr,
				      wr->sg_list[i].length);
	return err;
}

static int post_one(struct vrdma_qp *qp, const struct ibv_send_wr *wr)
{
	struct vrdma_sq *sq = &qp->sq;
	struct vrdma_send_wqe *wqe;
	int err = 0;

	if (wr->opcode == IBV_WR_FLUSH)	/* struct ibv_send_wr cannot say it */
		return EINVAL;
	wqe = vrdma_sq_slot(sq, wr->wr_id, wr->opcode, wr->send_flags, &err);
	if (!wqe)
		return err;
	wqe->imm_data = wr->imm_data;	/* or invalidate_rkey */
	put_target(wqe, wr, qp->vqp.qp.qp_type);
	if (wr->send_flags & IBV_SEND_INLINE)
		err = put_inline(sq, wqe, wr);
	else if (!(LOCAL_OPS & 1U << wr->opcode))
		err = vrdma_sq_gather(sq, wqe, wr->sg_list, wr->num_sge);
	if (err)
		sq->next--;	/* the slot was never shown to anybody */
	return err;
}

/* What comes before the first bad request is posted. */
int vrdma_post_send(struct ibv_qp *ibqp, struct ibv_send_wr *wr,
		    struct ibv_send_wr **bad_wr)
{
	struct vrdma_qp *qp = to_vqp(ibqp);
	struct ibv_send_wr *first = wr;
	int err;

	err = vrdma_sq_begin(&qp->sq, ibqp->state);
	while (wr && !err) {
		err = post_one(qp, wr);
		if (!err)
			wr = wr->next;
	}
	if (err)
		*bad_wr = wr;
	if (vrdma_sq_end(&qp->sq)) {
		*bad_wr = first;
		err = EIO;
	}
	return err;
}

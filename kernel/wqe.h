/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_WQE_H
#define _VRDMA_WQE_H

#include <rdma/ib_verbs.h>
#include <rdma/vrdma-abi.h>

struct vrdma_qp;
struct vrdma_reg;
struct vrdma_send_wqe;
struct vrdma_sq;
struct vrdma_wqe_sge;

/**
 * struct vrdma_opcode - what an opcode of a work request means
 * @types: BIT(enum ib_qp_type) that know it
 * @wc: opcode of its completion
 * @access: right its local memory needs
 * @length: bytes it always moves; 0: any
 * @inlined: its payload may stand in the work request
 * @bare: it moves nothing
 * @local: it changes a key of ours, and goes nowhere
 * @early: and it does so though others before it are on their way
 * @kernel: users of the kernel alone know it
 */
struct vrdma_opcode {
	u32 types;
	enum ib_wc_opcode wc;
	int access;
	u32 length;
	bool inlined;
	bool bare;
	bool local;
	bool early;
	bool kernel;
};

/* NULL: there is no such opcode. */
const struct vrdma_opcode *vrdma_opcode(u32 opcode);

static inline bool vrdma_opcode_fetches(u32 opcode)
{
	return opcode == IB_UVERBS_WR_RDMA_READ ||
	       opcode == IB_UVERBS_WR_ATOMIC_CMP_AND_SWP ||
	       opcode == IB_UVERBS_WR_ATOMIC_FETCH_AND_ADD;
}

/* The owner's processor executes it, on one word. */
static inline bool vrdma_opcode_is_atomic(u32 opcode)
{
	return opcode == IB_UVERBS_WR_ATOMIC_CMP_AND_SWP ||
	       opcode == IB_UVERBS_WR_ATOMIC_FETCH_AND_ADD ||
	       opcode == VRDMA_WR_ATOMIC_WRITE;
}

static inline bool vrdma_opcode_is_local(u32 opcode)
{
	const struct vrdma_opcode *code = vrdma_opcode(opcode);

	return code && code->local;
}

/* What a REG_MR has instead of an address. */
const struct vrdma_reg *vrdma_wqe_reg(const struct vrdma_send_wqe *wqe);

/*
 * As the owner of the send queue.
 * fetch: the head is copied to @sq, its scatter/gather list to @sge.
 * accept: fetch it, and check everything that the requester's side can check.
 */
void vrdma_sq_fetch(struct vrdma_sq *sq, struct vrdma_wqe_sge *sge);
enum ib_wc_status vrdma_sq_accept(struct vrdma_qp *qp);

#endif /* _VRDMA_WQE_H */

// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Send queues: filling slots and handing them over. */
#include "sq.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "sge.h"

#define BIT_OF(op)	(1U << (op))
#define OPS_UD		(BIT_OF(IBV_WR_SEND) | BIT_OF(IBV_WR_SEND_WITH_IMM))
#define OPS_UC		(OPS_UD | BIT_OF(IBV_WR_RDMA_WRITE) | \
			 BIT_OF(IBV_WR_RDMA_WRITE_WITH_IMM) | \
			 BIT_OF(IBV_WR_LOCAL_INV) | BIT_OF(IBV_WR_BIND_MW))
#define OPS_RC		(OPS_UC | BIT_OF(IBV_WR_RDMA_READ) | \
			 BIT_OF(IBV_WR_ATOMIC_CMP_AND_SWP) | \
			 BIT_OF(IBV_WR_ATOMIC_FETCH_AND_ADD) | \
			 BIT_OF(IBV_WR_SEND_WITH_INV) | \
			 BIT_OF(IBV_WR_FLUSH) | BIT_OF(IBV_WR_ATOMIC_WRITE))

/* The ABI speaks libibverbs' own numbers. */
static_assert((int)IBV_SEND_FENCE == VRDMA_SEND_FENCE, "same bit");
static_assert((int)IBV_SEND_SIGNALED == VRDMA_SEND_SIGNALED, "same bit");
static_assert((int)IBV_SEND_SOLICITED == VRDMA_SEND_SOLICITED, "same bit");
static_assert((int)IBV_SEND_INLINE == VRDMA_SEND_INLINE, "same bit");
static_assert((int)IBV_WR_FLUSH == VRDMA_WR_FLUSH, "same number");
static_assert((int)IBV_WR_ATOMIC_WRITE == VRDMA_WR_ATOMIC_WRITE, "same number");

static uint32_t opcodes_of(enum ibv_qp_type type)
{
	switch (type) {
	case IBV_QPT_RC:
		return OPS_RC;
	case IBV_QPT_UC:
		return OPS_UC;
	case IBV_QPT_UD:
		return OPS_UD;
	default:
		return 0;
	}
}

int vrdma_sq_init(struct vrdma_sq *sq, struct ibv_context *context,
		  const struct vrdma_ring_info *info, const struct ibv_qp_cap *cap,
		  enum ibv_qp_type type)
{
	int err;

	err = vrdma_ring_map(&sq->ring, context, info);
	if (err)
		return err;
	if (cap->max_send_wr < sq->ring.room)
		sq->ring.room = cap->max_send_wr;
	sq->opcodes = opcodes_of(type);
	sq->max_sge = cap->max_send_sge;
	sq->max_inline = cap->max_inline_data;
	pthread_spin_init(&sq->lock, PTHREAD_PROCESS_PRIVATE);
	return 0;
}

void vrdma_sq_exit(struct vrdma_sq *sq)
{
	vrdma_ring_unmap(&sq->ring);
	pthread_spin_destroy(&sq->lock);
}

/* In error and SQE, posting is allowed: what is posted flushes. */
static bool may_send(enum ibv_qp_state state)
{
	return state == IBV_QPS_RTS || state == IBV_QPS_SQD || state == IBV_QPS_SQE ||
	       state == IBV_QPS_ERR;
}

int vrdma_sq_begin(struct vrdma_sq *sq, enum ibv_qp_state state)
{
	pthread_spin_lock(&sq->lock);
	if (!sq->ring.hdr)
		return EINVAL;
	sq->next = vrdma_ring_producer(&sq->ring);
	if (vrdma_ring_dead(&sq->ring))
		return EIO;
	return may_send(state) ? 0 : EINVAL;
}

struct vrdma_send_wqe *vrdma_sq_slot(struct vrdma_sq *sq, uint64_t wr_id,
				     enum ibv_wr_opcode opcode, unsigned int flags, int *err)
{
	struct vrdma_send_wqe *wqe;

	if ((unsigned int)opcode >= 32 || !(sq->opcodes & BIT_OF(opcode)) ||
	    flags & ~VRDMA_SEND_FLAGS) {
		*err = EINVAL;
		return NULL;
	}
	if (vrdma_ring_full(&sq->ring, sq->next)) {
		*err = ENOMEM;
		return NULL;
	}
	wqe = vrdma_ring_slot(&sq->ring, sq->next++);
	*wqe = (struct vrdma_send_wqe){
		.wr_id = wr_id,
		.opcode = opcode,
		.flags = flags,
	};
	return wqe;
}

/* The kernel is called with no lock held: it may copy for a while. */
int vrdma_sq_end(struct vrdma_sq *sq)
{
	uint32_t flags = 0;

	if (sq->next != vrdma_ring_producer(&sq->ring))
		flags = vrdma_ring_publish(&sq->ring, sq->next);
	pthread_spin_unlock(&sq->lock);
	if (flags & VRDMA_RING_NEED_DOORBELL && vrdma_bell_ring(&sq->bell))
		return EIO;
	return 0;
}

int vrdma_sq_inline(const struct vrdma_sq *sq, struct vrdma_send_wqe *wqe,
		    const void *from, size_t length)
{
	if (length > sq->max_inline - wqe->inline_len)
		return EINVAL;
	if (length)
		memcpy((char *)(wqe + 1) + wqe->inline_len, from, length);
	wqe->inline_len += length;
	wqe->flags |= VRDMA_SEND_INLINE;
	return 0;
}

void vrdma_sq_word(struct vrdma_send_wqe *wqe, const void *word)
{
	memcpy(&wqe->atomic.compare_add, word, sizeof(wqe->atomic.compare_add));
	wqe->inline_len = sizeof(wqe->atomic.compare_add);
	wqe->flags |= VRDMA_SEND_INLINE;
}

int vrdma_sq_gather(const struct vrdma_sq *sq, struct vrdma_send_wqe *wqe,
		    const struct ibv_sge *sge, size_t count)
{
	if (count > sq->max_sge)
		return EINVAL;
	vrdma_sge_copy(wqe + 1, sge, count);
	wqe->num_sge = count;
	return 0;
}

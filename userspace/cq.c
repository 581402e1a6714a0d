// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Completion queues: life, size, events. */
#include "cq.h"

#include <errno.h>
#include <stdlib.h>

#include "abi.h"
#include "pd.h"

/* The kernel has made the queue: map it, or take it down again. */
static int cq_init(struct vrdma_cq *cq, struct ibv_context *context,
		   const struct vrdma_ring_info *info)
{
	int err;

	err = vrdma_ring_map(&cq->ring, context, info);
	if (err) {
		ibv_cmd_destroy_cq(&cq->vcq.cq);
		return err;
	}
	pthread_spin_init(&cq->lock, PTHREAD_PROCESS_PRIVATE);
	return 0;
}

struct ibv_cq *vrdma_create_cq(struct ibv_context *context, int cqe,
			       struct ibv_comp_channel *channel, int comp_vector)
{
	struct vrdma_cmd_create_cq_resp resp = {};
	struct ibv_create_cq cmd = {};
	struct vrdma_cq *cq;
	int err;

	cq = calloc(1, sizeof(*cq));
	if (!cq)
		return NULL;
	err = ibv_cmd_create_cq(context, cqe, channel, comp_vector, &cq->vcq.cq,
				&cmd, sizeof(cmd), &resp.ibv_resp, sizeof(resp));
	if (err)
		goto err_free;
	err = cq_init(cq, context, &resp.drv_payload.cq);
	if (err)
		goto err_free;
	return &cq->vcq.cq;

err_free:
	free(cq);
	errno = err;
	return NULL;
}

/* Every queue is safe for one thread, too; others' flags change what a queue means. */
static bool cq_attr_known(const struct ibv_cq_init_attr_ex *attr)
{
	if (attr->wc_flags & ~VRDMA_WC_EX_FLAGS)
		return false;
	if (attr->comp_mask & ~(IBV_CQ_INIT_ATTR_MASK_FLAGS | IBV_CQ_INIT_ATTR_MASK_PD))
		return false;
	return !(attr->comp_mask & IBV_CQ_INIT_ATTR_MASK_FLAGS) ||
	       !(attr->flags & ~IBV_CREATE_CQ_ATTR_SINGLE_THREADED);
}

struct ibv_cq_ex *vrdma_create_cq_ex(struct ibv_context *context,
				     struct ibv_cq_init_attr_ex *attr)
{
	struct vrdma_cmd_create_cq_ex_resp resp = {};
	struct ibv_create_cq_ex cmd = {};
	struct vrdma_cq *cq;
	int err;

	if (!cq_attr_known(attr)) {
		errno = EOPNOTSUPP;
		return NULL;
	}
	if (attr->comp_mask & IBV_CQ_INIT_ATTR_MASK_PD &&
	    !vrdma_pd_is_parent(attr->parent_domain)) {
		errno = EINVAL;
		return NULL;
	}
	cq = calloc(1, sizeof(*cq));
	if (!cq)
		return NULL;
	err = ibv_cmd_create_cq_ex(context, attr, &cq->vcq, &cmd, sizeof(cmd),
				   &resp.ibv_resp, sizeof(resp), 0);
	if (err)
		goto err_free;
	err = cq_init(cq, context, &resp.drv_payload.cq);
	if (err)
		goto err_free;
	vrdma_cq_set_poll_ops(&cq->vcq.cq_ex, attr->wc_flags);
	return &cq->vcq.cq_ex;

err_free:
	free(cq);
	errno = err;
	return NULL;
}

/*
 * The lock is held over the call: whoever polls, arms or counts an event writes
 * to the ring that counts.  If the new ring can't be mapped the old one stays,
 * so that polling finds nothing instead of a hole.
 */
int vrdma_resize_cq(struct ibv_cq *ibcq, int cqe)
{
	struct vrdma_cmd_resize_cq_resp resp = {};
	struct vrdma_cq *cq = to_vcq(ibcq);
	struct ibv_resize_cq cmd = {};
	struct vrdma_ring ring;
	int err;

	pthread_spin_lock(&cq->lock);
	err = ibv_cmd_resize_cq(ibcq, cqe, &cmd, sizeof(cmd), &resp.ibv_resp, sizeof(resp));
	if (!err && resp.drv_payload.cq.size) {
		err = vrdma_ring_map(&ring, ibcq->context, &resp.drv_payload.cq);
		if (!err) {
			vrdma_ring_unmap(&cq->ring);
			cq->ring = ring;
		}
	}
	pthread_spin_unlock(&cq->lock);
	return err;
}

int vrdma_destroy_cq(struct ibv_cq *ibcq)
{
	struct vrdma_cq *cq = to_vcq(ibcq);
	int err;

	err = ibv_cmd_destroy_cq(ibcq);
	if (err)
		return err;
	vrdma_ring_unmap(&cq->ring);
	pthread_spin_destroy(&cq->lock);
	free(cq);
	return 0;
}

/* The fence is for the poll that follows: either it or the kernel sees the other. */
int vrdma_req_notify_cq(struct ibv_cq *ibcq, int solicited_only)
{
	struct vrdma_cq *cq = to_vcq(ibcq);
	uint32_t *arm;

	pthread_spin_lock(&cq->lock);
	arm = solicited_only ? &cq->ring.hdr->arm_solicited : &cq->ring.hdr->arm_any;
	__atomic_add_fetch(arm, 1, __ATOMIC_RELEASE);
	atomic_thread_fence(memory_order_seq_cst);
	pthread_spin_unlock(&cq->lock);
	return 0;
}

void vrdma_cq_event(struct ibv_cq *ibcq)
{
	struct vrdma_cq *cq = to_vcq(ibcq);

	pthread_spin_lock(&cq->lock);
	__atomic_add_fetch(&cq->ring.hdr->events_seen, 1, __ATOMIC_RELEASE);
	atomic_thread_fence(memory_order_seq_cst);
	pthread_spin_unlock(&cq->lock);
}

// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Shared receive queues. */
#include "srq.h"

#include <errno.h>
#include <stdlib.h>

#include "abi.h"
#include "vrdma.h"

struct ibv_srq *vrdma_create_srq(struct ibv_pd *pd, struct ibv_srq_init_attr *attr)
{
	struct vrdma_cmd_create_srq_resp resp = {};
	struct ibv_create_srq cmd = {};
	struct vrdma_srq *srq;
	int err;

	srq = calloc(1, sizeof(*srq));
	if (!srq)
		return NULL;
	err = ibv_cmd_create_srq(pd, &srq->vsrq.srq, attr, &cmd, sizeof(cmd),
				 &resp.ibv_resp, sizeof(resp));
	if (err)
		goto err_free;
	err = vrdma_rq_init(&srq->rq, pd->context, &resp.drv_payload.rq,
			    attr->attr.max_wr, attr->attr.max_sge);
	if (err)
		goto err_destroy;
	srq->rq.bell = (struct vrdma_bell){
		.fd = to_vctx(pd->context)->bell_fd,
		.number = resp.drv_payload.srqn,
		.cmd = VRDMA_IOC_KICK_SRQ,
	};
	return &srq->vsrq.srq;

err_destroy:
	ibv_cmd_destroy_srq(&srq->vsrq.srq);
err_free:
	free(srq);
	errno = err;
	return NULL;
}

/*
 * The lock is held over the call: who posts writes to the ring that counts.  If the new ring
 * can't be mapped the old one stays, so that posting finds it dead instead of a hole.
 */
static int srq_resize(struct vrdma_srq *srq, struct ibv_srq_attr *attr, int mask)
{
	struct ibv_srq *ibsrq = &srq->vsrq.srq;
	struct vrdma_cmd_modify_srq cmd = {};
	struct vrdma_ring_info info = {};
	struct vrdma_ring ring;
	int err;

	cmd.drv_payload.ring = (uintptr_t)&info;
	pthread_spin_lock(&srq->rq.lock);
	err = ibv_cmd_modify_srq(ibsrq, attr, mask, &cmd.ibv_cmd, sizeof(cmd));
	if (!err)
		err = vrdma_ring_map(&ring, ibsrq->context, &info);
	if (!err) {
		vrdma_ring_unmap(&srq->rq.ring);
		if (attr->max_wr < ring.room)
			ring.room = attr->max_wr;
		ring.consumer = __atomic_load_n(&ring.hdr->consumer, __ATOMIC_ACQUIRE);
		srq->rq.ring = ring;
	}
	pthread_spin_unlock(&srq->rq.lock);
	return err;
}

int vrdma_modify_srq(struct ibv_srq *ibsrq, struct ibv_srq_attr *attr, int mask)
{
	struct ibv_modify_srq cmd = {};

	if (mask & IBV_SRQ_MAX_WR)
		return srq_resize(to_vsrq(ibsrq), attr, mask);
	return ibv_cmd_modify_srq(ibsrq, attr, mask, &cmd, sizeof(cmd));
}

int vrdma_query_srq(struct ibv_srq *ibsrq, struct ibv_srq_attr *attr)
{
	struct ibv_query_srq cmd = {};

	return ibv_cmd_query_srq(ibsrq, attr, &cmd, sizeof(cmd));
}

int vrdma_destroy_srq(struct ibv_srq *ibsrq)
{
	struct vrdma_srq *srq = to_vsrq(ibsrq);
	int err;

	err = ibv_cmd_destroy_srq(ibsrq);
	if (err)
		return err;
	vrdma_rq_exit(&srq->rq);
	free(srq);
	return 0;
}

int vrdma_post_srq_recv(struct ibv_srq *ibsrq, struct ibv_recv_wr *wr,
			struct ibv_recv_wr **bad_wr)
{
	return vrdma_rq_post(&to_vsrq(ibsrq)->rq, wr, bad_wr);
}

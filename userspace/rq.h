/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef VRDMA_RQ_H
#define VRDMA_RQ_H

#include <pthread.h>

#include <infiniband/verbs.h>

#include "bell.h"
#include "ring.h"

/**
 * struct vrdma_rq - receives of a QP or of an SRQ
 * @ring: posted receives; not mapped for a QP with an SRQ
 * @bell: kicks it
 * @max_sge: entries a slot has room for
 * @lock: protects our side of @ring
 */
struct vrdma_rq {
	struct vrdma_ring ring;
	struct vrdma_bell bell;
	uint32_t max_sge;
	pthread_spinlock_t lock;
};

/* Map the ring of @info, with room for @wr receives. Return: 0 or an errno. */
int vrdma_rq_init(struct vrdma_rq *rq, struct ibv_context *context,
		  const struct vrdma_ring_info *info, uint32_t wr, uint32_t max_sge);
void vrdma_rq_exit(struct vrdma_rq *rq);

int vrdma_rq_post(struct vrdma_rq *rq, struct ibv_recv_wr *wr, struct ibv_recv_wr **bad_wr);

#endif /* VRDMA_RQ_H */

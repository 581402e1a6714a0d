/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef VRDMA_SRQ_H
#define VRDMA_SRQ_H

#include <infiniband/driver.h>

#include "rq.h"

/**
 * struct vrdma_srq - a shared receive queue
 * @vsrq: what libibverbs knows of it
 * @rq: its receives
 */
struct vrdma_srq {
	struct verbs_srq vsrq;
	struct vrdma_rq rq;
};

static inline struct vrdma_srq *to_vsrq(struct ibv_srq *ibsrq)
{
	return container_of(ibsrq, struct vrdma_srq, vsrq.srq);
}

struct ibv_srq *vrdma_create_srq(struct ibv_pd *pd, struct ibv_srq_init_attr *attr);
int vrdma_modify_srq(struct ibv_srq *ibsrq, struct ibv_srq_attr *attr, int mask);
int vrdma_query_srq(struct ibv_srq *ibsrq, struct ibv_srq_attr *attr);
int vrdma_destroy_srq(struct ibv_srq *ibsrq);
int vrdma_post_srq_recv(struct ibv_srq *ibsrq, struct ibv_recv_wr *wr,
			struct ibv_recv_wr **bad_wr);

#endif /* VRDMA_SRQ_H */

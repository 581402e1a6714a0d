/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef VRDMA_QP_H
#define VRDMA_QP_H

#include <infiniband/driver.h>

#include "rq.h"
#include "sq.h"

struct vrdma_context;

/**
 * struct vrdma_qp - a queue pair
 * @vqp: what libibverbs knows of it, its state included
 * @sq: the send side
 * @rq: own receives; not mapped with an SRQ
 */
struct vrdma_qp {
	struct verbs_qp vqp;
	struct vrdma_sq sq;
	struct vrdma_rq rq;
};

static inline struct vrdma_qp *to_vqp(struct ibv_qp *ibqp)
{
	return container_of(ibqp, struct vrdma_qp, vqp.qp);
}

struct ibv_qp *vrdma_create_qp(struct ibv_pd *pd, struct ibv_qp_init_attr *attr);
struct ibv_qp *vrdma_create_qp_ex(struct ibv_context *context,
				  struct ibv_qp_init_attr_ex *attr);
int vrdma_query_qp(struct ibv_qp *ibqp, struct ibv_qp_attr *attr, int mask,
		   struct ibv_qp_init_attr *init_attr);
int vrdma_modify_qp(struct ibv_qp *ibqp, struct ibv_qp_attr *attr, int mask);
int vrdma_destroy_qp(struct ibv_qp *ibqp);
int vrdma_post_recv(struct ibv_qp *ibqp, struct ibv_recv_wr *wr,
		    struct ibv_recv_wr **bad_wr);

/* send.c */
int vrdma_post_send(struct ibv_qp *ibqp, struct ibv_send_wr *wr,
		    struct ibv_send_wr **bad_wr);

/* wr.c: set the ibv_wr_* functions of @ops; EOPNOTSUPP: not for this type, or kernel. */
int vrdma_qp_set_wr_ops(struct ibv_qp_ex *qp, const struct vrdma_context *ctx,
			enum ibv_qp_type type, uint64_t ops);

#endif /* VRDMA_QP_H */

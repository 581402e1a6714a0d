/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef VRDMA_MW_H
#define VRDMA_MW_H

#include <infiniband/verbs.h>

struct vrdma_send_wqe;

struct ibv_mw *vrdma_alloc_mw(struct ibv_pd *pd, enum ibv_mw_type type);
int vrdma_dealloc_mw(struct ibv_mw *mw);
/* Type 1: post a request that gives the window a new rkey; ibv_mw::rkey is that one then. */
int vrdma_bind_mw(struct ibv_qp *qp, struct ibv_mw *mw, struct ibv_mw_bind *bind);

/* What a BIND_MW says. */
void vrdma_mw_put_bind(struct vrdma_send_wqe *wqe, const struct ibv_mw *mw, uint32_t rkey,
		       const struct ibv_mw_bind_info *info);

#endif /* VRDMA_MW_H */

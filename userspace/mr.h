/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef VRDMA_MR_H
#define VRDMA_MR_H

#include <infiniband/verbs.h>

struct verbs_mr;

struct ibv_mr *vrdma_reg_mr(struct ibv_pd *pd, void *addr, size_t length,
			    uint64_t hca_va, int access);
int vrdma_rereg_mr(struct verbs_mr *mr, int flags, struct ibv_pd *pd, void *addr,
		   size_t length, int access);
int vrdma_dereg_mr(struct verbs_mr *mr);

/* One that another process has, or had, made; closing it leaves the kernel's. */
struct ibv_mr *vrdma_import_mr(struct ibv_pd *pd, uint32_t handle);
void vrdma_unimport_mr(struct ibv_mr *mr);

#endif /* VRDMA_MR_H */

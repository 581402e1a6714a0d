/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef VRDMA_PD_H
#define VRDMA_PD_H

#include <infiniband/verbs.h>

struct ibv_pd *vrdma_alloc_pd(struct ibv_context *context);
int vrdma_dealloc_pd(struct ibv_pd *pd);

#endif /* VRDMA_PD_H */

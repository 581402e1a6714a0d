/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef VRDMA_SGE_H
#define VRDMA_SGE_H

#include <stddef.h>
#include <stdint.h>

#include <infiniband/verbs.h>
#include <rdma/vrdma-abi.h>

/* Write the entries of a work request behind its header in the slot. */
static inline void vrdma_sge_copy(void *slot, const struct ibv_sge *sge, size_t count)
{
	struct vrdma_wqe_sge *to = slot;
	size_t i;

	for (i = 0; i < count; i++) {
		to[i].addr = sge[i].addr;
		to[i].length = sge[i].length;
		to[i].lkey = sge[i].lkey;
	}
}

#endif /* VRDMA_SGE_H */

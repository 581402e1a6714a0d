/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef VRDMA_AH_H
#define VRDMA_AH_H

#include <infiniband/driver.h>

/**
 * struct vrdma_ah - an address handle
 * @ibah: what libibverbs knows of it
 * @number: what a work request names it by
 */
struct vrdma_ah {
	struct ibv_ah ibah;
	uint32_t number;
};

static inline struct vrdma_ah *to_vah(struct ibv_ah *ibah)
{
	return container_of(ibah, struct vrdma_ah, ibah);
}

struct ibv_ah *vrdma_create_ah(struct ibv_pd *pd, struct ibv_ah_attr *attr);
int vrdma_destroy_ah(struct ibv_ah *ibah);

#endif /* VRDMA_AH_H */

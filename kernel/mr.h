/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_MR_H
#define _VRDMA_MR_H

#include <rdma/ib_verbs.h>

struct vrdma_mem;
struct vrdma_place;

/**
 * struct vrdma_mr - a memory region
 * @ibmr: what ib_core knows; ib_core forgets it at dereg, we free it
 * @place: of its key
 * @mem: pinned pages; NULL for a DMA MR
 */
struct vrdma_mr {
	struct ib_mr ibmr;
	struct vrdma_place *place;
	struct vrdma_mem *mem;
};

struct ib_mr *vrdma_get_dma_mr(struct ib_pd *ibpd, int access);
struct ib_mr *vrdma_reg_user_mr(struct ib_pd *ibpd, u64 start, u64 length,
				u64 iova, int access, struct ib_dmah *dmah,
				struct ib_udata *udata);
int vrdma_dereg_mr(struct ib_mr *ibmr, struct ib_udata *udata);

#endif /* _VRDMA_MR_H */

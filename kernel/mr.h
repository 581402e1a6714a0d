/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_MR_H
#define _VRDMA_MR_H

#include <rdma/ib_verbs.h>

#include "place.h"

struct vrdma_mem;

/* What a region can grant. */
#define VRDMA_MR_RIGHTS		(IB_ACCESS_LOCAL_WRITE | IB_ACCESS_REMOTE_WRITE | \
				 IB_ACCESS_REMOTE_READ | IB_ACCESS_REMOTE_ATOMIC | \
				 IB_ACCESS_MW_BIND | IB_ACCESS_FLUSH_GLOBAL)
/* What it may be asked for and has no effect: a hint, and what may be ignored. */
#define VRDMA_MR_HINTS		(IB_ACCESS_HUGETLB | IB_ACCESS_OPTIONAL)

/**
 * struct vrdma_mr - a memory region
 * @ibmr: what ib_core knows; ib_core forgets it at dereg, we free it
 * @place: of its key
 * @mem: pinned pages; NULL for a DMA MR, and for one of alloc_mr
 * @access: IB_ACCESS_* that it was registered with
 * @max_pages: of one of alloc_mr
 */
struct vrdma_mr {
	struct ib_mr ibmr;
	struct vrdma_place *place;
	struct vrdma_mem *mem;
	int access;
	u32 max_pages;
};

static inline struct vrdma_mr *to_vmr(struct ib_mr *ibmr)
{
	return container_of(ibmr, struct vrdma_mr, ibmr);
}

struct ib_mr *vrdma_get_dma_mr(struct ib_pd *ibpd, int access);
struct ib_mr *vrdma_reg_user_mr(struct ib_pd *ibpd, u64 start, u64 length,
				u64 iova, int access, struct ib_dmah *dmah,
				struct ib_udata *udata);
struct ib_mr *vrdma_rereg_user_mr(struct ib_mr *ibmr, int flags, u64 start, u64 length,
				  u64 iova, int access, struct ib_pd *ibpd,
				  struct ib_udata *udata);
int vrdma_dereg_mr(struct ib_mr *ibmr, struct ib_udata *udata);

/* For fast.c: charge and make a region without a key; free what has no place any more. */
struct vrdma_mr *vrdma_mr_alloc(struct ib_pd *ibpd, enum vrdma_place_kind kind);
void vrdma_mr_free(struct vrdma_mr *mr);

#endif /* _VRDMA_MR_H */

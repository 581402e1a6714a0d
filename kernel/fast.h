/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_FAST_H
#define _VRDMA_FAST_H

#include <rdma/ib_verbs.h>

struct vrdma_mr;

/**
 * struct vrdma_reg - what a REG_MR asks for; in rings of kernel users only
 * @iova: the address of the first byte, as the region was given it
 * @length: bytes
 * @key: that becomes valid: names the region, too
 * @access: IB_ACCESS_*
 */
struct vrdma_reg {
	u64 iova;
	u64 length;
	u32 key;
	u32 access;
};

struct ib_mr *vrdma_alloc_mr(struct ib_pd *ibpd, enum ib_mr_type type, u32 max_num_sg);
int vrdma_map_mr_sg(struct ib_mr *ibmr, struct scatterlist *sg, int sg_nents,
		    unsigned int *sg_offset);
/* For dereg_mr: after the place has gone nobody uses the lists of pages. */
void vrdma_fast_destroy(struct vrdma_mr *mr);

/* What @wr asks for, at the time it is posted; any context.  -EINVAL: another region's key. */
int vrdma_fast_prepare(struct vrdma_reg *reg, const struct ib_reg_wr *wr);
/* Execute it; process context.  -EINVAL: it may not; -ENOMEM. */
int vrdma_fast_register(struct ib_pd *pd, const struct vrdma_reg *reg);

#endif /* _VRDMA_FAST_H */

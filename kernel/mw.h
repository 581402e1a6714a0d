/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_MW_H
#define _VRDMA_MW_H

#include <rdma/ib_verbs.h>

struct vrdma_ending;
struct vrdma_place;

/**
 * struct vrdma_mw - a memory window
 * @ibmw: must be first
 * @place: of its key
 */
struct vrdma_mw {
	struct ib_mw ibmw;
	struct vrdma_place *place;
};

/**
 * struct vrdma_bind - what a window is to be bound to
 * @window: its rkey; of type 2 the index counts
 * @rkey: the one that becomes valid: same index
 * @lkey: of the region
 * @access: IB_ACCESS_REMOTE_*, IB_ZERO_BASED; IB_ACCESS_LOCAL_WRITE means nothing
 * @addr: of the first byte, as the region knows it
 * @length: bytes; 0: to nothing, type 1 only
 */
struct vrdma_bind {
	u32 window;
	u32 rkey;
	u32 lkey;
	u32 access;
	u64 addr;
	u64 length;
};

int vrdma_alloc_mw(struct ib_mw *ibmw, struct ib_udata *udata);
int vrdma_dealloc_mw(struct ib_mw *ibmw);

/*
 * By a work request on QP @qp (vrdma_qp::serial) of @pd; process context.  What the window
 * was bound to before is @ending.  -EINVAL: it may not; -ENOMEM.
 */
int vrdma_mw_bind(struct ib_pd *pd, u64 qp, const struct vrdma_bind *bind,
		  struct vrdma_ending *ending);

#endif /* _VRDMA_MW_H */

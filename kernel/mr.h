/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_MR_H
#define _VRDMA_MR_H

#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <rdma/ib_verbs.h>

#include "live.h"
#include "mem.h"

struct vrdma_device;
struct vrdma_lane;

/**
 * struct vrdma_hold - an HCA may touch pages of a region
 * @node: in vrdma_mr::holds
 * @mr: the region
 * @lane: what ends it when it is broken; held by whoever holds
 * @recall: the region is about to go: see to it that it is let go of; under the region's
 *	    lock; NULL: that is soon, anyway
 * @owner: for @recall
 */
struct vrdma_hold {
	struct list_head node;
	struct vrdma_mr *mr;
	struct vrdma_lane *lane;
	void (*recall)(void *owner);
	void *owner;
};

/**
 * struct vrdma_mr - a memory region: key, rights and range
 * @ibmr: what ib_core knows; ib_core forgets it at dereg, we free it
 * @live: copies enter it; dereg kills it
 * @ref: ib_core until dereg, and each lookup; freed after RCU
 * @rcu: for lookups by key
 * @key: lkey and rkey: random index << 8 | random tag
 * @access: IB_ACCESS_* granted
 * @iova: the address work requests name the first byte by
 * @length: bytes
 * @mem: pinned pages; NULL for a DMA MR, whose addresses are kernel addresses
 * @holds: struct vrdma_hold: what HCAs may touch
 * @lock: protects @holds; process context
 *
 * Every other field is fixed from publication to death.
 */
struct vrdma_mr {
	struct ib_mr ibmr;
	struct vrdma_live live;
	refcount_t ref;
	struct rcu_head rcu;
	u32 key;
	int access;
	u64 iova;
	u64 length;
	struct vrdma_mem *mem;
	struct list_head holds;
	spinlock_t lock;	/* holds */
};

struct ib_mr *vrdma_get_dma_mr(struct ib_pd *ibpd, int access);
struct ib_mr *vrdma_reg_user_mr(struct ib_pd *ibpd, u64 start, u64 length,
				u64 iova, int access, struct ib_dmah *dmah,
				struct ib_udata *udata);
int vrdma_dereg_mr(struct ib_mr *ibmr, struct ib_udata *udata);

/*
 * Find a key with the rights and range a work request wants, in any context.
 * NULL: no such key, another PD, missing right (IB_ACCESS_*; 0 to read locally),
 * outside the range, or wrapping.  The reference keeps the struct, not the
 * memory: enter mr->live around each copy.
 */
struct vrdma_mr *vrdma_mr_get(struct vrdma_device *dev, struct ib_pd *pd, u32 key,
			      u64 addr, u64 length, int access);
void vrdma_mr_put(struct vrdma_mr *mr);

/*
 * Let an HCA touch a region that has pages.  hold: inside a section of mr->live; recall and
 * owner are set.
 * unhold: it does not any more; process context.
 */
void vrdma_mr_hold(struct vrdma_mr *mr, struct vrdma_hold *hold, struct vrdma_lane *lane);
void vrdma_mr_unhold(struct vrdma_hold *hold);

/* Kernel address of @addr, inside a section of mr->live; @len: contiguous bytes. */
static inline void *vrdma_mr_at(const struct vrdma_mr *mr, u64 addr, u32 *len)
{
	if (mr->mem)
		return vrdma_mem_at(mr->mem, addr - mr->iova, len);

	*len = U32_MAX;
	return (void *)(uintptr_t)addr;
}

#endif /* _VRDMA_MR_H */

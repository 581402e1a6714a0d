/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_RING_H
#define _VRDMA_RING_H

#include <linux/minmax.h>
#include <rdma/ib_verbs.h>
#include <rdma/vrdma-abi.h>

struct page;

/**
 * struct vrdma_ring - a queue in memory that an application may map
 * @entry: the mapping's life; its last put frees the ring. User rings only
 * @hdr: shared with the application; read each word once
 * @slots: the first slot, behind @hdr
 * @mask: number of slots - 1
 * @shift: log2 of a slot's bytes
 * @pages: charged to the creator's memory cgroup; a mapping holds its own references
 * @nr_pages: of @pages
 * @user: an application maps it
 *
 * The pages outlive queue, device and module while they are mapped.
 */
struct vrdma_ring {
	struct rdma_user_mmap_entry entry;
	struct vrdma_ring_hdr *hdr;
	void *slots;
	u32 mask;
	u32 shift;
	struct page **pages;
	unsigned int nr_pages;
	bool user;
};

struct vrdma_ring *vrdma_ring_create(struct ib_ucontext *uctx, u32 slots,
				     u32 stride, struct vrdma_ring_info *info);
void vrdma_ring_destroy(struct vrdma_ring *ring);
int vrdma_ring_mmap(struct ib_ucontext *uctx, struct vm_area_struct *vma);
void vrdma_ring_mmap_free(struct rdma_user_mmap_entry *entry);

static inline u32 vrdma_ring_slots(const struct vrdma_ring *ring)
{
	return ring->mask + 1;
}

static inline void *vrdma_ring_slot(const struct vrdma_ring *ring, u32 index)
{
	return ring->slots + ((size_t)(index & ring->mask) << ring->shift);
}

#endif /* _VRDMA_RING_H */

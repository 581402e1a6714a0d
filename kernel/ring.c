// SPDX-License-Identifier: GPL-2.0
/* Rings: queues in memory that the kernel and an application both map. */
#include "ring.h"

#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#define VRDMA_MIN_STRIDE	16U

static_assert(sizeof(struct vrdma_ring_hdr) == VRDMA_RING_DATA);
static_assert(sizeof(struct vrdma_cqe) == 64);
static_assert(sizeof(struct vrdma_send_wqe) == 64);
static_assert(sizeof(struct vrdma_recv_wqe) == VRDMA_MIN_STRIDE);

static inline struct vrdma_ring *to_vring(struct rdma_user_mmap_entry *entry)
{
	return container_of(entry, struct vrdma_ring, entry);
}

/* A page that is mapped holds a reference per mapping and outlives this. */
static void vrdma_ring_free_pages(struct vrdma_ring *ring)
{
	while (ring->nr_pages)
		__free_page(ring->pages[--ring->nr_pages]);
	kvfree(ring->pages);
}

static int vrdma_ring_alloc_pages(struct vrdma_ring *ring, unsigned int nr_pages)
{
	ring->pages = kvmalloc_array(nr_pages, sizeof(*ring->pages), GFP_KERNEL_ACCOUNT);
	if (!ring->pages)
		return -ENOMEM;

	while (ring->nr_pages < nr_pages) {
		struct page *page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);

		if (!page) {
			vrdma_ring_free_pages(ring);
			return -ENOMEM;
		}
		ring->pages[ring->nr_pages++] = page;
	}
	return 0;
}

static struct vrdma_ring *vrdma_ring_alloc(unsigned int nr_pages)
{
	struct vrdma_ring *ring;
	int ret;

	ring = kzalloc(sizeof(*ring), GFP_KERNEL_ACCOUNT);
	if (!ring)
		return ERR_PTR(-ENOMEM);

	ret = vrdma_ring_alloc_pages(ring, nr_pages);
	if (ret)
		goto err_free_ring;

	ring->hdr = vmap(ring->pages, nr_pages, VM_MAP | VM_USERMAP, PAGE_KERNEL);
	if (!ring->hdr) {
		ret = -ENOMEM;
		goto err_free_pages;
	}
	ring->slots = (void *)ring->hdr + VRDMA_RING_DATA;
	return ring;

err_free_pages:
	vrdma_ring_free_pages(ring);
err_free_ring:
	kfree(ring);
	return ERR_PTR(ret);
}

static void vrdma_ring_free(struct vrdma_ring *ring)
{
	vunmap(ring->hdr);
	vrdma_ring_free_pages(ring);
	kfree(ring);
}

/**
 * vrdma_ring_create - make an empty ring
 * @uctx: who may map it; NULL: a kernel user's
 * @slots: at least so many
 * @stride: at least so many bytes each
 * @info: filled in for the application; NULL for kernel users
 *
 * Charged to the caller's memory cgroup.  Process context.
 */
struct vrdma_ring *vrdma_ring_create(struct ib_ucontext *uctx, u32 slots,
				     u32 stride, struct vrdma_ring_info *info)
{
	struct vrdma_ring *ring;
	size_t size;
	int ret;

	slots = roundup_pow_of_two(max(slots, 1U));
	stride = roundup_pow_of_two(max(stride, VRDMA_MIN_STRIDE));
	size = size_add(size_mul(slots, stride), VRDMA_RING_DATA);
	if (size > S32_MAX)
		return ERR_PTR(-EINVAL);

	size = PAGE_ALIGN(size);
	ring = vrdma_ring_alloc(size >> PAGE_SHIFT);
	if (IS_ERR(ring))
		return ring;

	ring->mask = slots - 1;
	ring->shift = ilog2(stride);
	if (!uctx)
		return ring;

	ret = rdma_user_mmap_entry_insert(uctx, &ring->entry, size);
	if (ret) {
		vrdma_ring_free(ring);
		return ERR_PTR(ret);
	}
	ring->user = true;
	info->offset = rdma_user_mmap_get_offset(&ring->entry);
	info->size = size;
	info->slots = slots;
	info->stride = stride;
	return ring;
}

/**
 * vrdma_ring_destroy - the queue is done with its ring
 * @ring: may be NULL
 *
 * No further mapping can begin.  A mapping that is being made holds @ring a
 * little longer; finished ones hold only the pages.
 */
void vrdma_ring_destroy(struct vrdma_ring *ring)
{
	if (!ring)
		return;
	WRITE_ONCE(ring->hdr->flags, VRDMA_RING_DEAD);
	if (ring->user)
		rdma_user_mmap_entry_remove(&ring->entry);
	else
		vrdma_ring_free(ring);
}

/* ib_core dropped the last reference to the mapping's entry. */
void vrdma_ring_mmap_free(struct rdma_user_mmap_entry *entry)
{
	vrdma_ring_free(to_vring(entry));
}

/**
 * vrdma_ring_mmap - map a whole ring, named by its offset
 * @uctx: whose ring it is
 * @vma: shared, exactly as long as the ring
 */
int vrdma_ring_mmap(struct ib_ucontext *uctx, struct vm_area_struct *vma)
{
	struct rdma_user_mmap_entry *entry;
	int ret;

	if (vma->vm_flags & VM_EXEC)
		return -EPERM;

	entry = rdma_user_mmap_entry_get(uctx, vma);
	if (!entry)
		return -EINVAL;

	vm_flags_clear(vma, VM_MAYEXEC);
	ret = remap_vmalloc_range(vma, to_vring(entry)->hdr, 0);
	rdma_user_mmap_entry_put(entry);
	return ret;
}

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_MEM_H
#define _VRDMA_MEM_H

#include <linux/kref.h>
#include <linux/mm.h>

#include "limits.h"

/**
 * struct vrdma_mem - pinned pages of a process, or some of the kernel's
 * @ref: one per user; the pages are unpinned by the last put
 * @start: the owner's address of the first byte
 * @length: bytes
 * @pages: pinned with FOLL_LONGTERM; the kernel's are not
 * @nr_pages: of @pages
 * @writable: pinned for writing
 * @mm: whose pinned_vm is charged; held with mmgrab(); NULL: the kernel's
 *
 * Points to no device and no verbs object, so that pages can outlive both.
 */
struct vrdma_mem {
	struct kref ref;
	u64 start;
	u64 length;
	struct page **pages;
	unsigned long nr_pages;
	bool writable;
	struct mm_struct *mm;
};

/* Pages of the kernel's own: room for @max, which it fills in; NULL: no memory. */
struct vrdma_mem *vrdma_mem_alloc(unsigned long max);
/* Process context of the owner of the memory; ERR_PTR as ib_umem_get() gives natively. */
struct vrdma_mem *vrdma_mem_pin(u64 start, u64 length, bool writable);
void vrdma_mem_get(struct vrdma_mem *mem);
void vrdma_mem_put(struct vrdma_mem *mem);	/* may sleep on the last */

/**
 * vrdma_mem_at - kernel address of a byte
 * @mem: the memory
 * @offset: from @mem->start; less than @mem->length
 * @len: out: bytes from there that are contiguous and inside @mem
 *
 * Neighbours in the application's memory that are neighbours in the machine's, as
 * in huge pages, are one range: nobody needs more at once than VRDMA_CHUNK.
 */
static inline void *vrdma_mem_at(const struct vrdma_mem *mem, u64 offset, u32 *len)
{
	u64 pos = offset_in_page(mem->start) + offset;
	struct page **page = &mem->pages[pos >> PAGE_SHIFT];
	void *at = page_address(*page) + offset_in_page(pos);
	u64 left = mem->length - offset;
	u32 n = PAGE_SIZE - offset_in_page(pos);

	for (; n < left && n < VRDMA_CHUNK; n += PAGE_SIZE, page++)
		if (page_to_pfn(page[1]) != page_to_pfn(page[0]) + 1)
			break;
	*len = min_t(u64, left, n);
	return at;
}

#endif /* _VRDMA_MEM_H */

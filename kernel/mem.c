// SPDX-License-Identifier: GPL-2.0
/* Pinned pages of a process, and lists of the kernel's. */
#include "mem.h"

#include <linux/capability.h>
#include <linux/overflow.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#define VRDMA_PIN_BATCH	512UL	/* 2 MiB: signals and the scheduler wait no longer */

/* Count @nr_pages as locked by @mm, once, as ib_umem_get() would. */
static int vrdma_mem_charge(struct mm_struct *mm, unsigned long nr_pages)
{
	unsigned long limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	unsigned long pinned = atomic64_add_return(nr_pages, &mm->pinned_vm);

	if (pinned <= limit || capable(CAP_IPC_LOCK))
		return 0;
	atomic64_sub(nr_pages, &mm->pinned_vm);
	return -ENOMEM;
}

static void vrdma_mem_unpin(struct vrdma_mem *mem, unsigned long pinned)
{
	unsigned long done = 0;

	while (done < pinned) {
		unsigned long nr = min(pinned - done, VRDMA_PIN_BATCH);

		unpin_user_pages_dirty_lock(mem->pages + done, nr, mem->writable);
		done += nr;
		cond_resched();
	}
}

static int vrdma_mem_pin_pages(struct vrdma_mem *mem)
{
	unsigned int gup_flags = FOLL_LONGTERM | (mem->writable ? FOLL_WRITE : 0);
	unsigned long start = mem->start & PAGE_MASK;
	unsigned long done = 0;
	int ret;

	while (done < mem->nr_pages) {
		cond_resched();
		ret = fatal_signal_pending(current) ? -EINTR :
			pin_user_pages_fast(start + (done << PAGE_SHIFT),
					    min(mem->nr_pages - done, VRDMA_PIN_BATCH),
					    gup_flags, mem->pages + done);
		if (ret <= 0) {
			vrdma_mem_unpin(mem, done);
			return ret ? ret : -EFAULT;
		}
		done += ret;
	}
	return 0;
}

static int vrdma_mem_fill(struct vrdma_mem *mem)
{
	int ret;

	ret = vrdma_mem_charge(mem->mm, mem->nr_pages);
	if (ret)
		return ret;

	ret = -ENOMEM;
	mem->pages = kvmalloc_array(mem->nr_pages, sizeof(*mem->pages),
				    GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!mem->pages)
		goto err_uncharge;

	ret = vrdma_mem_pin_pages(mem);
	if (ret)
		goto err_free_pages;
	return 0;

err_free_pages:
	kvfree(mem->pages);
err_uncharge:
	atomic64_sub(mem->nr_pages, &mem->mm->pinned_vm);
	return ret;
}

/**
 * vrdma_mem_pin - pin pages of the calling process for as long as they are used
 * @start: address of the first byte
 * @length: bytes; 0 pins nothing
 * @writable: somebody may write to them
 *
 * Return: -EINVAL for a range that wraps, -EPERM when the caller may lock no
 * memory at all, -ENOMEM above its limit, else what pinning gives: -EFAULT for
 * addresses without memory or read-only ones, -EOPNOTSUPP or -EFAULT for files
 * that cannot be pinned for long, -EINTR when the caller is being killed.
 */
struct vrdma_mem *vrdma_mem_pin(u64 start, u64 length, bool writable)
{
	struct vrdma_mem *mem;
	u64 end;
	int ret;

	if (check_add_overflow(start, length, &end) || PAGE_ALIGN(end) < end)
		return ERR_PTR(-EINVAL);
	if (!can_do_mlock())
		return ERR_PTR(-EPERM);

	mem = kzalloc(sizeof(*mem), GFP_KERNEL_ACCOUNT);
	if (!mem)
		return ERR_PTR(-ENOMEM);

	kref_init(&mem->ref);
	mem->start = start;
	mem->length = length;
	mem->writable = writable;
	mem->mm = current->mm;
	if (length)
		mem->nr_pages = (PAGE_ALIGN(end) - (start & PAGE_MASK)) >> PAGE_SHIFT;

	/* More than there is: do not even make the array. */
	ret = mem->nr_pages > totalram_pages() ? -ENOMEM : vrdma_mem_fill(mem);
	if (ret) {
		kfree(mem);
		return ERR_PTR(ret);
	}
	mmgrab(mem->mm);
	return mem;
}

struct vrdma_mem *vrdma_mem_alloc(unsigned long max)
{
	struct vrdma_mem *mem = kzalloc(sizeof(*mem), GFP_KERNEL_ACCOUNT);

	if (!mem)
		return NULL;
	mem->pages = kvcalloc(max, sizeof(*mem->pages), GFP_KERNEL_ACCOUNT);
	if (!mem->pages) {
		kfree(mem);
		return NULL;
	}
	kref_init(&mem->ref);
	mem->writable = true;
	return mem;
}

static void vrdma_mem_release(struct kref *ref)
{
	struct vrdma_mem *mem = container_of(ref, struct vrdma_mem, ref);

	might_sleep();
	if (mem->mm) {
		vrdma_mem_unpin(mem, mem->nr_pages);
		atomic64_sub(mem->nr_pages, &mem->mm->pinned_vm);
		mmdrop(mem->mm);
	}
	kvfree(mem->pages);
	kfree(mem);
}

void vrdma_mem_get(struct vrdma_mem *mem)
{
	kref_get(&mem->ref);
}

void vrdma_mem_put(struct vrdma_mem *mem)
{
	kref_put(&mem->ref, vrdma_mem_release);
}

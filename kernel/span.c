// SPDX-License-Identifier: GPL-2.0
/* Memory for HCAs: which pages, and that they stay. */
#include "span.h"

#include <linux/mm.h>
#include <linux/preempt.h>

#include "cursor.h"

bool vrdma_span_fits(const struct vrdma_cursor *c)
{
	u32 i;

	for (i = 0; i < c->nr; i++)
		if (!c->seg[i].key || !c->seg[i].key->mem)
			return false;
	return true;
}

/* The bytes behind one key from @addr on, inside a section of it. */
static void vrdma_span_add(struct vrdma_span *span, const struct vrdma_key *key, u64 addr,
			   u32 length)
{
	u32 n;
	void *at;

	for (; length && span->nents < VRDMA_PIECE_PAGES; length -= n) {
		at = vrdma_key_at(key, addr, &n);
		n = min(n, length);
		sg_set_buf(&span->sg[span->nents++], at, n);
		span->length += n;
		addr += n;
	}
}

/*
 * Addresses of the kernel: whoever gave them keeps the memory until he hears that it is over,
 * and he does not before HCAs have left it.  False: no pages that an HCA can be shown.
 */
static bool vrdma_span_add_kernel(struct vrdma_span *span, u64 addr, u32 length)
{
	void *at = (void *)(uintptr_t)addr;

	if (!virt_addr_valid(at) || !virt_addr_valid(at + length - 1))
		return false;
	sg_set_buf(&span->sg[span->nents++], at, length);
	span->length += length;
	return true;
}

/* Inside a section of its key. */
static void vrdma_span_add_held(struct vrdma_span *span, struct vrdma_key *key, u64 addr,
				u32 length, struct vrdma_lane *lane)
{
	struct vrdma_hold *hold = &span->holds[span->nr_holds++];

	hold->recall = span->recall;
	hold->owner = span->owner;
	vrdma_key_hold(key, hold, lane);
	vrdma_span_add(span, key, addr, length);
}

/* False: the key is dead, or there are no pages. */
static bool vrdma_span_add_segment(struct vrdma_span *span, const struct vrdma_segment *seg,
				   u32 off, u32 length, struct vrdma_lane *lane)
{
	bool good;

	if (!seg->key)
		return vrdma_span_add_kernel(span, seg->addr + off, length);
	preempt_disable();
	good = vrdma_live_enter(&seg->key->live);
	if (good) {
		if (seg->key->mem)
			vrdma_span_add_held(span, seg->key, seg->addr + off, length, lane);
		else
			good = vrdma_span_add_kernel(span, seg->addr + off, length);
		vrdma_live_exit(&seg->key->live);
	}
	preempt_enable();
	return good;
}

int vrdma_span_take(struct vrdma_span *span, const struct vrdma_cursor *c, u32 length,
		    struct vrdma_lane *lane)
{
	u32 cur = c->cur;
	u32 off = c->off;
	u32 n;

	span->length = 0;
	span->nents = 0;
	span->nr_holds = 0;
	sg_init_table(span->sg, VRDMA_PIECE_PAGES);
	for (; length && span->nents < VRDMA_PIECE_PAGES; length -= n, cur++, off = 0) {
		n = min(c->seg[cur].length - off, length);
		if (!vrdma_span_add_segment(span, &c->seg[cur], off, n, lane))
			return -EFAULT;
	}
	if (span->nents)
		sg_mark_end(&span->sg[span->nents - 1]);
	return 0;
}

void vrdma_span_release(struct vrdma_span *span)
{
	while (span->nr_holds)
		vrdma_key_unhold(&span->holds[--span->nr_holds]);
	span->nents = 0;
	span->length = 0;
}

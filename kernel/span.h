/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_SPAN_H
#define _VRDMA_SPAN_H

#include <linux/scatterlist.h>

#include "key.h"
#include "limits.h"

struct vrdma_cursor;
struct vrdma_lane;

/**
 * struct vrdma_span - a stretch of memory that an HCA may touch
 * @length: bytes
 * @nents: of @sg
 * @sg: where they are
 * @recall: of vrdma_hold; set before take, as is @owner
 * @owner: for @recall
 * @nr_holds: of @holds
 * @holds: on the keys that lead there
 */
struct vrdma_span {
	u32 length;
	unsigned int nents;
	struct scatterlist sg[VRDMA_PIECE_PAGES];
	void (*recall)(void *owner);
	void *owner;
	unsigned int nr_holds;
	struct vrdma_hold holds[VRDMA_PIECE_PAGES];
};

/*
 * take: of the next @length bytes of @c, which does not move, as many as VRDMA_PIECE_PAGES
 * entries hold; @lane: whose HCA will touch them.  -EFAULT: a key is dead, or an address of
 * the kernel is none of memory.  Process context, also in a section.  release: whatever take
 * said; may sleep.
 */
int vrdma_span_take(struct vrdma_span *span, const struct vrdma_cursor *c, u32 length,
		    struct vrdma_lane *lane);
void vrdma_span_release(struct vrdma_span *span);
/* Is all the memory of @c behind keys that can be held, as a peer may take its time with it? */
bool vrdma_span_fits(const struct vrdma_cursor *c);

#endif /* _VRDMA_SPAN_H */

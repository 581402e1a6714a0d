/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_CURSOR_H
#define _VRDMA_CURSOR_H

#include <linux/types.h>

#include "limits.h"

struct vrdma_key;
struct vrdma_qp;
struct vrdma_wqe_sge;

/**
 * struct vrdma_segment - one contiguous range of a message
 * @key: that leads there, with a reference; NULL: @addr is a kernel address
 * @addr: as the key knows it
 * @length: bytes
 */
struct vrdma_segment {
	struct vrdma_key *key;
	u64 addr;
	u32 length;
};

/**
 * struct vrdma_cursor - a place in the memory of one message
 * @seg: where the message lies
 * @nr: of @seg
 * @cur: segment of the next byte
 * @off: of the next byte in that segment
 * @left: bytes from there to the end
 *
 * Owned by one context at a time.  Holds references on keys, which keeps
 * nobody from invalidating them: each copy asks again.
 */
struct vrdma_cursor {
	struct vrdma_segment seg[VRDMA_MAX_SGE];
	u32 nr;
	u32 cur;
	u32 off;
	u64 left;
};

/* Which side of a copy became invalid under it. */
enum vrdma_fault {
	VRDMA_FAULT_NONE,
	VRDMA_FAULT_SOURCE,
	VRDMA_FAULT_TARGET,
};

void vrdma_cursor_init(struct vrdma_cursor *c);
void vrdma_cursor_exit(struct vrdma_cursor *c);	/* idempotent: leaves it empty */

/* Add a kernel buffer that outlives the cursor. */
void vrdma_cursor_add_buffer(struct vrdma_cursor *c, void *buffer, u32 length);
/* Add a range of what @key leads to; its reference passes to the cursor. */
void vrdma_cursor_add_range(struct vrdma_cursor *c, struct vrdma_key *key, u64 addr,
			    u32 length);
int vrdma_cursor_add_sges(struct vrdma_cursor *c, struct vrdma_qp *qp,
			  const struct vrdma_wqe_sge *sge, u32 nr, u64 limit,
			  int access);

enum vrdma_fault vrdma_cursor_copy(struct vrdma_cursor *dst, struct vrdma_cursor *src,
				   u32 length);
/* The same with a kernel buffer, whatever the caller's preemption. */
enum vrdma_fault vrdma_cursor_gather(struct vrdma_cursor *src, void *buffer, u32 length);
enum vrdma_fault vrdma_cursor_scatter(struct vrdma_cursor *dst, void *buffer, u32 length);
/* Stand at the beginning again. */
void vrdma_cursor_rewind(struct vrdma_cursor *c);
/* Leave out the next @length bytes, which it has: they are where they belong. */
void vrdma_cursor_skip(struct vrdma_cursor *c, u32 length);
u64 *vrdma_cursor_word(struct vrdma_cursor *c);
void vrdma_cursor_unword(struct vrdma_cursor *c);

#endif /* _VRDMA_CURSOR_H */

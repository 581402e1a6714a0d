// SPDX-License-Identifier: GPL-2.0
/* Walk through the memory of a message and copy between two of them. */
#include "cursor.h"

#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/preempt.h>
#include <linux/unaligned.h>

#include "key.h"
#include "place.h"
#include "qp.h"

void vrdma_cursor_init(struct vrdma_cursor *c)
{
	c->nr = 0;
	c->cur = 0;
	c->off = 0;
	c->left = 0;
}

void vrdma_cursor_exit(struct vrdma_cursor *c)
{
	u32 i;

	for (i = 0; i < c->nr; i++)
		if (c->seg[i].key)
			vrdma_key_put(c->seg[i].key);
	vrdma_cursor_init(c);
}

void vrdma_cursor_rewind(struct vrdma_cursor *c)
{
	u32 i;

	c->cur = 0;
	c->off = 0;
	c->left = 0;
	for (i = 0; i < c->nr; i++)
		c->left += c->seg[i].length;
}

void vrdma_cursor_add_range(struct vrdma_cursor *c, struct vrdma_key *key, u64 addr,
			    u32 length)
{
	struct vrdma_segment *seg = &c->seg[c->nr++];

	seg->key = key;
	seg->addr = addr;
	seg->length = length;
	c->left += length;
}

void vrdma_cursor_add_buffer(struct vrdma_cursor *c, void *buffer, u32 length)
{
	if (length)
		vrdma_cursor_add_range(c, NULL, (uintptr_t)buffer, length);
}

/**
 * vrdma_cursor_add_sges - add what a work request names
 * @c: empty, or with room for @nr more
 * @qp: whose work request it is: gives the PD and says who may use lkey 0
 * @sge: checked copy of the scatter/gather list
 * @nr: at most VRDMA_MAX_SGE
 * @limit: stop after so many bytes; keys beyond are not looked at
 * @access: IB_ACCESS_LOCAL_WRITE, or 0 to read
 *
 * Entries of length 0 are passed over, whatever their key (IBA 10.7.3.1).
 *
 * Return: 0 or -EACCES; references taken so far stay with @c.
 */
int vrdma_cursor_add_sges(struct vrdma_cursor *c, struct vrdma_qp *qp,
			  const struct vrdma_wqe_sge *sge, u32 nr, u64 limit,
			  int access)
{
	struct vrdma_key *key;
	u32 i, length;

	for (i = 0; i < nr && limit; i++) {
		length = min_t(u64, sge[i].length, limit);
		if (!length)
			continue;
		if (!sge[i].lkey && !qp->user) {
			key = NULL;	/* local_dma_lkey: a kernel address */
		} else {
			key = vrdma_key_get(qp->ibqp.pd, 0, sge[i].lkey, sge[i].addr,
					    length, access);
			if (!key)
				return -EACCES;
		}
		vrdma_cursor_add_range(c, key, sge[i].addr, length);
		limit -= length;
	}
	return 0;
}

/* Begin a section on the current segment. False: its key is dead. */
static bool vrdma_cursor_enter(const struct vrdma_cursor *c)
{
	struct vrdma_key *key = c->seg[c->cur].key;

	return !key || vrdma_live_enter(&key->live);
}

/* End the section, and stand at the next segment if this one is used up. */
static void vrdma_cursor_leave(struct vrdma_cursor *c)
{
	struct vrdma_segment *seg = &c->seg[c->cur];

	if (seg->key)
		vrdma_live_exit(&seg->key->live);
	if (c->off == seg->length) {
		c->cur++;
		c->off = 0;
	}
}

/* Bytes from here to the end of the segment. */
static u32 vrdma_cursor_rest(const struct vrdma_cursor *c)
{
	return c->seg[c->cur].length - c->off;
}

/* Inside a section: the next byte, and how many are contiguous from there. */
static void *vrdma_cursor_at(const struct vrdma_cursor *c, u32 *len)
{
	const struct vrdma_segment *seg = &c->seg[c->cur];

	if (seg->key)
		return vrdma_key_at(seg->key, seg->addr + c->off, len);
	*len = U32_MAX;
	return (void *)(uintptr_t)(seg->addr + c->off);
}

static void vrdma_cursor_advance(struct vrdma_cursor *c, u32 len)
{
	c->off += len;
	c->left -= len;
}

enum {
	VRDMA_COPY_WORDS = 32,	/* per round: the fewer rounds, the fewer branches */
};

/*
 * Copy in ascending order: programs poll the last byte of a WRITE.  Aligned
 * words of the target are stored whole.  Volatile stores keep the compiler
 * from making this a memcpy(), which may run downwards.
 */
static void vrdma_copy_up(u8 *dst, const u8 *src, u32 len)
{
	u32 i;

	for (; len && !IS_ALIGNED((uintptr_t)dst, 8); len--)
		WRITE_ONCE(*dst++, *src++);

	while (len >= VRDMA_COPY_WORDS * 8) {
#pragma GCC unroll VRDMA_COPY_WORDS
		for (i = 0; i < VRDMA_COPY_WORDS; i++)
			WRITE_ONCE(((u64 *)dst)[i], get_unaligned((u64 *)src + i));
		dst += VRDMA_COPY_WORDS * 8;
		src += VRDMA_COPY_WORDS * 8;
		len -= VRDMA_COPY_WORDS * 8;
	}
	for (; len >= 8; len -= 8, dst += 8, src += 8)
		WRITE_ONCE(*(u64 *)dst, get_unaligned((u64 *)src));
	for (; len; len--)
		WRITE_ONCE(*dst++, *src++);
}

/* The last aligned word of a message becomes visible after all before it. */
static void vrdma_copy_last(u8 *dst, const u8 *src, u32 len)
{
	u32 tail = ((uintptr_t)dst + len - 1) % 8 + 1;

	if (tail < len) {
		vrdma_copy_up(dst, src, len - tail);
		dst += len - tail;
		src += len - tail;
		len = tail;
	}
	smp_wmb();	/* pairs with the poller's read of the last byte */
	vrdma_copy_up(dst, src, len);
}

/*
 * Copy inside sections of both, which have @length bytes left.  Pages that are
 * neighbours only on one side do not make the other side look again.
 */
static void vrdma_cursor_copy_inside(struct vrdma_cursor *dst, struct vrdma_cursor *src,
				     u32 length)
{
	u32 n, slen = 0, dlen = 0;
	u8 *s, *d;

	for (; length; length -= n) {
		if (!slen)
			s = vrdma_cursor_at(src, &slen);
		if (!dlen)
			d = vrdma_cursor_at(dst, &dlen);
		n = min3(slen, dlen, length);
		if (n == dst->left)
			vrdma_copy_last(d, s, n);
		else
			vrdma_copy_up(d, s, n);
		vrdma_cursor_advance(src, n);
		vrdma_cursor_advance(dst, n);
		s += n;
		slen -= n;
		d += n;
		dlen -= n;
	}
}

/**
 * vrdma_cursor_copy - copy the next bytes of one message to another
 * @dst: has @length bytes left
 * @src: has @length bytes left
 * @length: at most VRDMA_CHUNK
 *
 * Preemption is off.  No lock of a verbs object but, for datagrams, the
 * receive queue's is held.  Both sides move on by what was copied.  A section
 * lasts for a pair of segments, not for a page: entering costs atomics.
 */
enum vrdma_fault vrdma_cursor_copy(struct vrdma_cursor *dst, struct vrdma_cursor *src,
				   u32 length)
{
	u32 n;

	for (; length; length -= n) {
		if (!vrdma_cursor_enter(src))
			return VRDMA_FAULT_SOURCE;
		if (!vrdma_cursor_enter(dst)) {
			vrdma_cursor_leave(src);
			return VRDMA_FAULT_TARGET;
		}
		n = min3(vrdma_cursor_rest(src), vrdma_cursor_rest(dst), length);
		vrdma_cursor_copy_inside(dst, src, n);
		vrdma_cursor_leave(dst);
		vrdma_cursor_leave(src);
	}
	return VRDMA_FAULT_NONE;
}

/**
 * vrdma_cursor_gather - copy the next bytes of a message to a kernel buffer
 * @src: has @length bytes left
 * @buffer: takes them
 * @length: at most VRDMA_CHUNK
 */
enum vrdma_fault vrdma_cursor_gather(struct vrdma_cursor *src, void *buffer, u32 length)
{
	struct vrdma_cursor dst;
	enum vrdma_fault fault;

	vrdma_cursor_init(&dst);
	vrdma_cursor_add_buffer(&dst, buffer, length);
	preempt_disable();
	fault = vrdma_cursor_copy(&dst, src, length);
	preempt_enable();
	return fault;
}

/**
 * vrdma_cursor_scatter - copy a kernel buffer to the next bytes of a message
 * @dst: has @length bytes left
 * @buffer: has them
 * @length: at most VRDMA_CHUNK
 */
enum vrdma_fault vrdma_cursor_scatter(struct vrdma_cursor *dst, void *buffer, u32 length)
{
	struct vrdma_cursor src;
	enum vrdma_fault fault;

	vrdma_cursor_init(&src);
	vrdma_cursor_add_buffer(&src, buffer, length);
	preempt_disable();
	fault = vrdma_cursor_copy(dst, &src, length);
	preempt_enable();
	return fault;
}

void vrdma_cursor_skip(struct vrdma_cursor *c, u32 length)
{
	u32 n;

	for (; length; length -= n) {
		n = min(vrdma_cursor_rest(c), length);
		vrdma_cursor_advance(c, n);
		if (c->off == c->seg[c->cur].length) {
			c->cur++;
			c->off = 0;
		}
	}
}

/**
 * vrdma_cursor_word - begin a section on an aligned 8-byte word
 * @c: stands at the word, which the peer's address calls aligned
 *
 * The memory need not be: a zero-based window begins anywhere, and what is not aligned may
 * reach beyond its page.
 *
 * Return: its kernel address until vrdma_cursor_unword(); NULL: invalidated, or no such word.
 */
u64 *vrdma_cursor_word(struct vrdma_cursor *c)
{
	void *at;
	u32 len;

	if (!vrdma_cursor_enter(c))
		return NULL;
	at = vrdma_cursor_at(c, &len);
	if (len >= sizeof(u64) && IS_ALIGNED((uintptr_t)at, sizeof(u64)))
		return at;
	vrdma_cursor_leave(c);
	return NULL;
}

void vrdma_cursor_unword(struct vrdma_cursor *c)
{
	vrdma_cursor_advance(c, sizeof(u64));
	vrdma_cursor_leave(c);
}

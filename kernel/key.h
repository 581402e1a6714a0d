/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_KEY_H
#define _VRDMA_KEY_H

#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <rdma/ib_verbs.h>

#include "live.h"
#include "mem.h"

struct vrdma_key;
struct vrdma_lane;

#define VRDMA_KEY_REMOTE	(IB_ACCESS_REMOTE_WRITE | IB_ACCESS_REMOTE_READ | \
				 IB_ACCESS_REMOTE_ATOMIC | IB_ACCESS_FLUSH_GLOBAL)

/**
 * struct vrdma_hold - an HCA may touch pages that a key leads to
 * @node: in vrdma_key::holds
 * @key: with a reference, and one on its pages
 * @lane: what ends it when it is broken; held by whoever holds
 * @recall: the key has died: see to it that it is let go of; under the key's lock; NULL:
 *	    that is soon, anyway
 * @owner: for @recall
 */
struct vrdma_hold {
	struct list_head node;
	struct vrdma_key *key;
	struct vrdma_lane *lane;
	void (*recall)(void *owner);
	void *owner;
};

/**
 * struct vrdma_key - what a valid lkey or rkey leads to
 * @live: copies enter it; who invalidates it kills it
 * @ref: its place while it is valid, and each lookup; freed after RCU
 * @rcu: for lookups
 * @pd: whose queue pairs may use it
 * @window: for remote access only
 * @qp: vrdma_qp::serial of the one queue pair that may; 0: any
 * @key: the number: index << 8 | tag
 * @access: IB_ACCESS_* granted
 * @iova: the address work requests name the first byte by
 * @length: bytes
 * @mem: the pages; NULL for a DMA MR, whose addresses are kernel addresses
 * @offset: of the first byte in @mem
 * @holds: struct vrdma_hold: what HCAs may touch
 * @lock: protects @holds; process context
 *
 * Every field above @holds but @live and @ref is fixed: what changes gets a new one.
 * @mem outlives sections of @live and holds, which is all that may touch it.
 */
struct vrdma_key {
	struct vrdma_live live;
	refcount_t ref;
	struct rcu_head rcu;
	struct ib_pd *pd;
	bool window;
	u64 qp;
	u32 key;
	int access;
	u64 iova;
	u64 length;
	struct vrdma_mem *mem;
	u64 offset;
	struct list_head holds;
	spinlock_t lock;	/* holds */
};

/* All zero but what a new key needs; the caller fills it in.  NULL: no memory. */
struct vrdma_key *vrdma_key_alloc(gfp_t gfp);
void vrdma_key_put(struct vrdma_key *key);

/*
 * Let an HCA touch what a key that has pages leads to.  hold: inside a section of
 * key->live; recall and owner are set.  unhold: it does not any more; process context.
 */
void vrdma_key_hold(struct vrdma_key *key, struct vrdma_hold *hold, struct vrdma_lane *lane);
void vrdma_key_unhold(struct vrdma_hold *hold);

/* Wait until no HCA touches what a dead key led to; see key.c. */
void vrdma_key_wait(struct vrdma_key *key);
bool vrdma_key_is_held(struct vrdma_key *key);
/* Have those let go that do, soon; or end their connections. */
void vrdma_key_recall(struct vrdma_key *key);
void vrdma_key_break(struct vrdma_key *key);

/* Kernel address of @addr, inside a section of key->live; @len: contiguous bytes. */
static inline void *vrdma_key_at(const struct vrdma_key *key, u64 addr, u32 *len)
{
	if (key->mem)
		return vrdma_mem_at(key->mem, addr - key->iova + key->offset, len);

	*len = U32_MAX;
	return (void *)(uintptr_t)addr;
}

#endif /* _VRDMA_KEY_H */

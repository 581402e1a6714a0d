/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_PLACE_H
#define _VRDMA_PLACE_H

#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct ib_pd;
struct vrdma_key;

/**
 * struct vrdma_place - a place in the table of keys, which a verbs object has for life
 * @ref: the object until it goes, and each lookup; freed after RCU
 * @rcu: for lookups
 * @key: the key that is valid, with a reference; NULL: none is.  RCU
 * @index: all keys of the place have it in their bits 8 to 31
 * @pd: of the object
 * @gone: the object is; no key becomes valid
 * @lock: protects @key, @pd and @gone; process context, leaf
 */
struct vrdma_place {
	refcount_t ref;
	struct rcu_head rcu;
	struct vrdma_key __rcu *key;
	u32 index;
	struct ib_pd *pd;
	bool gone;
	spinlock_t lock;	/* key, pd, gone */
};

/* A place that nobody can foresee, without a key; ERR_PTR. */
struct vrdma_place *vrdma_place_create(struct ib_pd *pd);
/* Nobody finds it any more; the key that was valid, which is dead now, to be put; or NULL. */
struct vrdma_key *vrdma_place_destroy(struct vrdma_place *place);
void vrdma_place_put(struct vrdma_place *place);

/* Make a key valid, whose reference passes to the place, which has none. */
void vrdma_place_publish(struct vrdma_place *place, struct vrdma_key *key);

/*
 * Find a key with the rights and range a work request wants, in any context.
 * NULL: no such key, another PD, missing right (IB_ACCESS_*; 0 to read locally),
 * outside the range, or wrapping.  The reference keeps the struct, not the
 * memory: enter key->live around each copy.
 */
struct vrdma_key *vrdma_key_get(struct ib_pd *pd, u32 number, u64 addr, u64 length,
				int access);

#endif /* _VRDMA_PLACE_H */

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_PLACE_H
#define _VRDMA_PLACE_H

#include <linux/atomic.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct ib_pd;
struct vrdma_device;
struct vrdma_ending;
struct vrdma_key;
struct vrdma_mem;

/* What object has a place, so what work requests may do to its key. */
enum vrdma_place_kind {
	VRDMA_PLACE_REGION,	/* nothing */
	VRDMA_PLACE_FAST,	/* REG_MR and invalidate; a kernel user's */
	VRDMA_PLACE_WINDOW_1,	/* bind, also anew, or to nothing */
	VRDMA_PLACE_WINDOW_2,	/* bind and invalidate */
};

/**
 * struct vrdma_place - a place in the table of keys, which a verbs object has for life
 * @ref: the object until it goes, and each lookup; freed after RCU
 * @rcu: for lookups
 * @key: the key that is valid, with a reference; NULL: none is.  RCU
 * @kind: enum vrdma_place_kind
 * @index: all keys of the place have it in their bits 8 to 31
 * @tag: a window's last key had it in the others
 * @pd: of the object
 * @gone: the object is; no key becomes valid
 * @region: a bound window's: to which region, with a reference
 * @mem: FAST: pages in turn: of the next key, and of the one that is valid
 * @next: which of @mem the next key leads to
 * @windows: a region's: that are bound to it; negative: none may be
 * @lock: protects what changes but @windows; process context, leaf
 */
struct vrdma_place {
	refcount_t ref;
	struct rcu_head rcu;
	struct vrdma_key __rcu *key;
	enum vrdma_place_kind kind;
	u32 index;
	u8 tag;
	struct ib_pd *pd;
	bool gone;
	struct vrdma_place *region;
	struct vrdma_mem *mem[2];
	unsigned int next;
	atomic_t windows;
	spinlock_t lock;	/* key, tag, pd, gone, region, next */
};

/* A place that nobody can foresee, without a key; ERR_PTR. */
struct vrdma_place *vrdma_place_create(struct ib_pd *pd, enum vrdma_place_kind kind);
/* Nobody finds it any more, nor uses its key: sees to the end of that.  May sleep. */
void vrdma_place_destroy(struct vrdma_place *place);

/* By any number of the index; NULL: there is none. */
struct vrdma_place *vrdma_place_get(struct vrdma_device *dev, u32 number);
void vrdma_place_put(struct vrdma_place *place);

/* Make a key valid, whose reference passes to the place, which has none; lock held. */
void vrdma_place_set_key(struct vrdma_place *place, struct vrdma_key *key);
/* The same; false: the object is gone, or has a valid key. */
bool vrdma_place_publish(struct vrdma_place *place, struct vrdma_key *key);
/* The key that was valid, with a reference, or NULL; lock held. */
struct vrdma_key *vrdma_place_unlink(struct vrdma_place *place);

/*
 * bind: a window is to be bound to a region; false: none may be.  unbind: it is no more,
 * and drops the reference.  close: no window is bound, and none will be until open.
 */
bool vrdma_place_bind(struct vrdma_place *region);
void vrdma_place_unbind(struct vrdma_place *region);
bool vrdma_place_close(struct vrdma_place *region);
void vrdma_place_open(struct vrdma_place *region);

/*
 * Find a key with the rights and range a work request wants, in any context.  @qp:
 * vrdma_qp::serial of the owner's, or 0 for an lkey.  NULL: no such key, another PD or QP,
 * missing right (IB_ACCESS_*; 0 to read locally), outside the range, or wrapping.  The
 * reference keeps the struct, not the memory: enter key->live around each copy.
 */
struct vrdma_key *vrdma_key_get(struct ib_pd *pd, u64 qp, u32 number, u64 addr, u64 length,
				int access);
/* The same, for all of its range, whatever that is. */
struct vrdma_key *vrdma_key_get_all(struct ib_pd *pd, u64 qp, u32 number, int access);

/*
 * Invalidate a key of @pd, if work requests may.  @qp: a peer asks, by this QP of ours; 0:
 * its owner does.  Begins @ending.  -EINVAL: it may not, or there is no such key.  Any
 * process context, also in a section.
 */
int vrdma_key_invalidate(struct ib_pd *pd, u64 qp, u32 number, struct vrdma_ending *ending);

#endif /* _VRDMA_PLACE_H */

// SPDX-License-Identifier: GPL-2.0
/* The table of keys: places, which objects have for life, and the keys that are valid there. */
#include "place.h"

#include <linux/overflow.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "ending.h"
#include "key.h"
#include "vdev.h"

static struct vrdma_device *vrdma_place_dev(const struct vrdma_place *place)
{
	return to_vdev(place->pd->device);
}

/* Index 0 stays free, so that key 0 can be the kernel's local_dma_lkey. */
static int vrdma_place_insert(struct vrdma_place *place)
{
	struct xarray *places = &vrdma_place_dev(place)->places;
	int ret;

	do {
		do
			place->index = get_random_u32() >> 8;
		while (!place->index);
		/* 2^24 indices, of which few are used: nearly always the first is free. */
		ret = xa_insert_irq(places, place->index, place, GFP_KERNEL_ACCOUNT);
	} while (ret == -EBUSY);
	return ret;
}

struct vrdma_place *vrdma_place_create(struct ib_pd *pd, enum vrdma_place_kind kind)
{
	struct vrdma_place *place;
	int ret;

	place = kzalloc(sizeof(*place), GFP_KERNEL_ACCOUNT);
	if (!place)
		return ERR_PTR(-ENOMEM);
	refcount_set(&place->ref, 1);
	place->kind = kind;
	place->tag = get_random_u8();
	place->pd = pd;
	spin_lock_init(&place->lock);
	ret = vrdma_place_insert(place);
	if (ret) {
		kfree(place);
		return ERR_PTR(ret);
	}
	return place;
}

void vrdma_place_put(struct vrdma_place *place)
{
	if (refcount_dec_and_test(&place->ref))
		kfree_rcu(place, rcu);
}

struct vrdma_place *vrdma_place_get(struct vrdma_device *dev, u32 number)
{
	struct vrdma_place *place;

	rcu_read_lock();
	place = xa_load(&dev->places, number >> 8);
	if (place && !refcount_inc_not_zero(&place->ref))
		place = NULL;
	rcu_read_unlock();
	return place;
}

struct vrdma_key *vrdma_place_unlink(struct vrdma_place *place)
{
	return rcu_replace_pointer(place->key, NULL, lockdep_is_held(&place->lock));
}

/*
 * Unlink: no lookup finds the key.  Wait: no copy is inside; that is for a chunk at most,
 * and those who still hold the key find it dead; then for HCAs.
 */
void vrdma_place_destroy(struct vrdma_place *place)
{
	struct vrdma_ending ending = {};
	struct vrdma_place *region;
	struct vrdma_key *key;

	xa_erase_irq(&vrdma_place_dev(place)->places, place->index);
	spin_lock(&place->lock);
	place->gone = true;
	key = vrdma_place_unlink(place);
	region = place->region;
	place->region = NULL;
	spin_unlock(&place->lock);
	if (key)
		vrdma_ending_begin(&ending, key, region);
	vrdma_ending_wait(&ending);
	vrdma_place_put(place);
}

void vrdma_place_set_key(struct vrdma_place *place, struct vrdma_key *key)
{
	lockdep_assert_held(&place->lock);
	place->tag = key->key;
	rcu_assign_pointer(place->key, key);
}

bool vrdma_place_publish(struct vrdma_place *place, struct vrdma_key *key)
{
	bool done;

	spin_lock(&place->lock);
	done = !place->gone && !rcu_access_pointer(place->key);
	if (done)
		vrdma_place_set_key(place, key);
	spin_unlock(&place->lock);
	return done;
}

bool vrdma_place_bind(struct vrdma_place *region)
{
	if (!atomic_inc_unless_negative(&region->windows))
		return false;
	refcount_inc(&region->ref);	/* put in vrdma_place_unbind() */
	return true;
}

void vrdma_place_unbind(struct vrdma_place *region)
{
	atomic_dec(&region->windows);
	vrdma_place_put(region);
}

bool vrdma_place_close(struct vrdma_place *region)
{
	return !atomic_cmpxchg(&region->windows, 0, -1);
}

void vrdma_place_open(struct vrdma_place *region)
{
	atomic_set(&region->windows, 0);
}

/* Does the key let queue pair @qp of @pd do @access? */
static bool vrdma_key_allows(const struct vrdma_key *key, struct ib_pd *pd, u64 qp, int access)
{
	if (key->pd != pd || (access & ~key->access))
		return false;
	return !(key->window && !qp) && !(key->qp && key->qp != qp);
}

/* To this range? */
static bool vrdma_key_covers(const struct vrdma_key *key, u64 addr, u64 length)
{
	u64 offset;

	if (check_sub_overflow(addr, key->iova, &offset))
		return false;
	return offset <= key->length && length <= key->length - offset;
}

/* The valid key of this number; RCU. */
static struct vrdma_key *vrdma_key_find(struct vrdma_device *dev, u32 number)
{
	struct vrdma_place *place = xa_load(&dev->places, number >> 8);
	struct vrdma_key *key = place ? rcu_dereference(place->key) : NULL;

	return key && key->key == number ? key : NULL;
}

struct vrdma_key *vrdma_key_get(struct ib_pd *pd, u64 qp, u32 number, u64 addr, u64 length,
				int access)
{
	struct vrdma_key *key;

	rcu_read_lock();
	key = vrdma_key_find(to_vdev(pd->device), number);
	if (key && (!vrdma_key_allows(key, pd, qp, access) ||
		    !vrdma_key_covers(key, addr, length) ||
		    !refcount_inc_not_zero(&key->ref)))
		key = NULL;
	rcu_read_unlock();
	return key;
}

struct vrdma_key *vrdma_key_get_all(struct ib_pd *pd, u64 qp, u32 number, int access)
{
	struct vrdma_key *key;

	rcu_read_lock();
	key = vrdma_key_find(to_vdev(pd->device), number);
	if (key && (!vrdma_key_allows(key, pd, qp, access) ||
		    !refcount_inc_not_zero(&key->ref)))
		key = NULL;
	rcu_read_unlock();
	return key;
}

/* A peer may invalidate what it was let at, and no more. */
static bool vrdma_key_may_end(const struct vrdma_place *place, const struct vrdma_key *key,
			      struct ib_pd *pd, u64 qp)
{
	if (place->kind != VRDMA_PLACE_FAST && place->kind != VRDMA_PLACE_WINDOW_2)
		return false;
	if (key->pd != pd)
		return false;
	return !qp || (key->access & VRDMA_KEY_REMOTE && (!key->qp || key->qp == qp));
}

int vrdma_key_invalidate(struct ib_pd *pd, u64 qp, u32 number, struct vrdma_ending *ending)
{
	struct vrdma_place *place = vrdma_place_get(to_vdev(pd->device), number);
	struct vrdma_place *region = NULL;
	struct vrdma_key *key;

	if (!place)
		return -EINVAL;
	spin_lock(&place->lock);
	key = rcu_dereference_protected(place->key, lockdep_is_held(&place->lock));
	if (key && (key->key != number || !vrdma_key_may_end(place, key, pd, qp)))
		key = NULL;
	if (key) {
		vrdma_place_unlink(place);
		swap(region, place->region);
	}
	spin_unlock(&place->lock);
	if (key)
		vrdma_ending_begin(ending, key, region);
	vrdma_place_put(place);
	return key ? 0 : -EINVAL;
}

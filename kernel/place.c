// SPDX-License-Identifier: GPL-2.0
/* The table of keys: places, which objects have for life, and the keys that are valid there. */
#include "place.h"

#include <linux/overflow.h>
#include <linux/random.h>
#include <linux/slab.h>

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

struct vrdma_place *vrdma_place_create(struct ib_pd *pd)
{
	struct vrdma_place *place;
	int ret;

	place = kzalloc(sizeof(*place), GFP_KERNEL_ACCOUNT);
	if (!place)
		return ERR_PTR(-ENOMEM);
	refcount_set(&place->ref, 1);
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

/* No lookup finds the key any more; lock held. */
static struct vrdma_key *vrdma_place_unlink(struct vrdma_place *place)
{
	return rcu_replace_pointer(place->key, NULL, lockdep_is_held(&place->lock));
}

struct vrdma_key *vrdma_place_destroy(struct vrdma_place *place)
{
	struct vrdma_key *key;

	xa_erase_irq(&vrdma_place_dev(place)->places, place->index);
	spin_lock(&place->lock);
	place->gone = true;
	key = vrdma_place_unlink(place);
	spin_unlock(&place->lock);
	vrdma_place_put(place);
	if (key)
		vrdma_live_kill(&key->live);
	return key;
}

void vrdma_place_publish(struct vrdma_place *place, struct vrdma_key *key)
{
	spin_lock(&place->lock);
	rcu_assign_pointer(place->key, key);
	spin_unlock(&place->lock);
}

/* Does the key let @pd do @access to this range? */
static bool vrdma_key_allows(const struct vrdma_key *key, struct ib_pd *pd, u64 addr,
			     u64 length, int access)
{
	u64 offset;

	if (key->pd != pd || (access & ~key->access))
		return false;
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

struct vrdma_key *vrdma_key_get(struct ib_pd *pd, u32 number, u64 addr, u64 length,
				int access)
{
	struct vrdma_key *key;

	rcu_read_lock();
	key = vrdma_key_find(to_vdev(pd->device), number);
	if (key && (!vrdma_key_allows(key, pd, addr, length, access) ||
		    !refcount_inc_not_zero(&key->ref)))
		key = NULL;
	rcu_read_unlock();
	return key;
}

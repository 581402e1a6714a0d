// SPDX-License-Identifier: GPL-2.0
/* Memory windows: keys to parts of a region, with rights of their own, for peers. */
#include "mw.h"

#include <linux/overflow.h>
#include <linux/slab.h>

#include "ending.h"
#include "key.h"
#include "place.h"
#include "vdev.h"

/* What a window may be asked for; programs also ask for what it never grants. */
#define VRDMA_MW_ACCESS		(VRDMA_KEY_REMOTE | IB_ZERO_BASED | IB_ACCESS_LOCAL_WRITE)

static inline struct vrdma_mw *to_vmw(struct ib_mw *ibmw)
{
	return container_of(ibmw, struct vrdma_mw, ibmw);
}

/**
 * vrdma_alloc_mw - alloc_mw verb
 * @ibmw: allocated by ib_core with type and PD set
 * @udata: unused
 *
 * The window is bound to nothing.  Return: 0; -ENOMEM, also above the device's limit.
 */
int vrdma_alloc_mw(struct ib_mw *ibmw, struct ib_udata *udata)
{
	struct vrdma_device *dev = to_vdev(ibmw->device);
	struct vrdma_mw *mw = to_vmw(ibmw);
	int ret;

	ret = vrdma_device_charge(dev, VRDMA_OBJ_MW);
	if (ret)
		return ret;
	mw->place = vrdma_place_create(ibmw->pd, ibmw->type == IB_MW_TYPE_1 ?
				       VRDMA_PLACE_WINDOW_1 : VRDMA_PLACE_WINDOW_2);
	if (IS_ERR(mw->place)) {
		vrdma_device_discharge(dev, VRDMA_OBJ_MW);
		return PTR_ERR(mw->place);
	}
	ibmw->rkey = mw->place->index << 8 | mw->place->tag;
	return 0;
}

int vrdma_dealloc_mw(struct ib_mw *ibmw)
{
	vrdma_place_destroy(to_vmw(ibmw)->place);
	vrdma_device_discharge(to_vdev(ibmw->device), VRDMA_OBJ_MW);
	return 0;
}

/* May a window with what @bind asks for lie in the region? */
static bool vrdma_mw_fits(const struct vrdma_key *region, struct ib_pd *pd,
			  const struct vrdma_bind *bind)
{
	bool writes = bind->access & (IB_ACCESS_REMOTE_WRITE | IB_ACCESS_REMOTE_ATOMIC);
	u64 offset;

	if (!region || region->key != bind->lkey || region->pd != pd || !region->mem)
		return false;
	if (!(region->access & IB_ACCESS_MW_BIND) ||
	    (writes && !(region->access & IB_ACCESS_LOCAL_WRITE)))
		return false;
	if (check_sub_overflow(bind->addr, region->iova, &offset))
		return false;
	return offset <= region->length && bind->length <= region->length - offset;
}

/* Make @key lead to what @bind says of the region, which is bound to: its key stays. */
static bool vrdma_mw_fill(struct vrdma_key *key, struct vrdma_place *place, struct ib_pd *pd,
			  const struct vrdma_bind *bind)
{
	const struct vrdma_key *region;
	bool fits;

	spin_lock(&place->lock);
	region = rcu_dereference_protected(place->key, lockdep_is_held(&place->lock));
	fits = vrdma_mw_fits(region, pd, bind);
	if (fits) {
		key->mem = region->mem;
		key->offset = region->offset + (bind->addr - region->iova);
	}
	spin_unlock(&place->lock);
	key->pd = pd;
	key->window = true;
	key->key = bind->rkey;
	key->access = bind->access & VRDMA_KEY_REMOTE;
	key->iova = bind->access & IB_ZERO_BASED ? 0 : bind->addr;
	key->length = bind->length;
	return fits;
}

/* The place of the region, to which a window is bound now, and a key to it. */
static struct vrdma_place *vrdma_mw_region(struct ib_pd *pd, const struct vrdma_bind *bind,
					   struct vrdma_key *key)
{
	struct vrdma_place *place = vrdma_place_get(to_vdev(pd->device), bind->lkey);
	bool bound;

	if (!place)
		return NULL;
	bound = place->kind == VRDMA_PLACE_REGION && vrdma_place_bind(place);
	if (bound && !vrdma_mw_fill(key, place, pd, bind)) {
		vrdma_place_unbind(place);
		bound = false;
	}
	vrdma_place_put(place);
	return bound ? place : NULL;
}

/* Lock held. */
static bool vrdma_mw_may_bind(const struct vrdma_place *place, struct ib_pd *pd,
			      const struct vrdma_bind *bind)
{
	if (place->gone || place->pd != pd || place->index != bind->rkey >> 8)
		return false;
	if (place->kind == VRDMA_PLACE_WINDOW_1)
		return place->tag == (u8)bind->window && !(bind->access & IB_ZERO_BASED);
	return !rcu_access_pointer(place->key) && bind->length;
}

/* References on @key and @region, both NULL for nothing, pass to the window. */
static bool vrdma_mw_rebind(struct vrdma_place *place, struct ib_pd *pd,
			    const struct vrdma_bind *bind, struct vrdma_key *key,
			    struct vrdma_place *region, struct vrdma_ending *ending)
{
	struct vrdma_key *old = NULL;
	bool may;

	spin_lock(&place->lock);
	may = vrdma_mw_may_bind(place, pd, bind);
	if (may) {
		old = vrdma_place_unlink(place);
		swap(region, place->region);
		place->tag = bind->rkey;
		if (key)
			vrdma_place_set_key(place, key);
	}
	spin_unlock(&place->lock);
	if (old)
		vrdma_ending_begin(ending, old, region);
	return may;
}

static int vrdma_mw_bind_place(struct vrdma_place *place, struct ib_pd *pd, u64 qp,
			       const struct vrdma_bind *bind, struct vrdma_ending *ending)
{
	struct vrdma_place *region;
	struct vrdma_key *key;

	if (!bind->length)
		return vrdma_mw_rebind(place, pd, bind, NULL, NULL, ending) ? 0 : -EINVAL;
	key = vrdma_key_alloc(GFP_KERNEL_ACCOUNT);
	if (!key)
		return -ENOMEM;
	region = vrdma_mw_region(pd, bind, key);
	key->qp = place->kind == VRDMA_PLACE_WINDOW_2 ? qp : 0;
	if (region && vrdma_mw_rebind(place, pd, bind, key, region, ending))
		return 0;
	if (region)
		vrdma_place_unbind(region);
	vrdma_key_put(key);
	return -EINVAL;
}

int vrdma_mw_bind(struct ib_pd *pd, u64 qp, const struct vrdma_bind *bind,
		  struct vrdma_ending *ending)
{
	struct vrdma_place *place = vrdma_place_get(to_vdev(pd->device), bind->window);
	int ret = -EINVAL;

	if (!place)
		return ret;
	if ((place->kind == VRDMA_PLACE_WINDOW_1 || place->kind == VRDMA_PLACE_WINDOW_2) &&
	    !(bind->access & ~VRDMA_MW_ACCESS))
		ret = vrdma_mw_bind_place(place, pd, qp, bind, ending);
	vrdma_place_put(place);
	return ret;
}

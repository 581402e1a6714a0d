// SPDX-License-Identifier: GPL-2.0
/* Memory regions: verbs objects over pinned or kernel memory. */
#include "mr.h"

#include <linux/overflow.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "ending.h"
#include "fast.h"
#include "key.h"
#include "limits.h"
#include "mem.h"
#include "vdev.h"

/* A key for @mr over all of its memory; not yet valid. */
static struct vrdma_key *vrdma_mr_key(struct vrdma_mr *mr, struct ib_pd *ibpd, u8 tag,
				      u64 iova, u64 length)
{
	struct vrdma_key *key = vrdma_key_alloc(GFP_KERNEL_ACCOUNT);

	if (!key)
		return NULL;
	key->pd = ibpd;
	key->key = mr->place->index << 8 | tag;
	key->access = mr->access & VRDMA_MR_RIGHTS;
	key->iova = iova;
	key->length = length;
	key->mem = mr->mem;
	return key;
}

struct vrdma_mr *vrdma_mr_alloc(struct ib_pd *ibpd, enum vrdma_place_kind kind)
{
	struct vrdma_device *dev = to_vdev(ibpd->device);
	struct vrdma_mr *mr;
	int ret;

	ret = vrdma_device_charge(dev, VRDMA_OBJ_MR);
	if (ret)
		return ERR_PTR(ret);
	ret = -ENOMEM;
	mr = kzalloc(sizeof(*mr), GFP_KERNEL_ACCOUNT);
	if (!mr)
		goto err_discharge;
	mr->ibmr.device = ibpd->device;
	mr->place = vrdma_place_create(ibpd, kind);
	if (!IS_ERR(mr->place))
		return mr;
	ret = PTR_ERR(mr->place);
	kfree(mr);
err_discharge:
	vrdma_device_discharge(dev, VRDMA_OBJ_MR);
	return ERR_PTR(ret);
}

void vrdma_mr_free(struct vrdma_mr *mr)
{
	vrdma_device_discharge(to_vdev(mr->ibmr.device), VRDMA_OBJ_MR);
	kfree(mr);
}

/* Make a region over @mem, whose reference passes to it on success. */
static struct vrdma_mr *vrdma_mr_create(struct ib_pd *ibpd, u64 iova, u64 length,
					int access, struct vrdma_mem *mem)
{
	struct vrdma_key *key;
	struct vrdma_mr *mr;

	mr = vrdma_mr_alloc(ibpd, VRDMA_PLACE_REGION);
	if (IS_ERR(mr))
		return mr;
	mr->mem = mem;
	mr->access = access;
	key = vrdma_mr_key(mr, ibpd, mr->place->tag, iova, length);
	if (!key) {
		vrdma_place_destroy(mr->place);
		vrdma_mr_free(mr);
		return ERR_PTR(-ENOMEM);
	}
	mr->ibmr.lkey = key->key;
	mr->ibmr.rkey = key->key;
	vrdma_place_publish(mr->place, key);
	return mr;
}

/* Kernel users: all memory, named by kernel virtual addresses. */
struct ib_mr *vrdma_get_dma_mr(struct ib_pd *ibpd, int access)
{
	struct vrdma_mr *mr;

	mr = vrdma_mr_create(ibpd, 0, U64_MAX, access, NULL);
	return IS_ERR(mr) ? ERR_CAST(mr) : &mr->ibmr;
}

static int vrdma_mr_check_access(int access)
{
	return access & ~(VRDMA_MR_RIGHTS | VRDMA_MR_HINTS) ? -EOPNOTSUPP : 0;
}

static int vrdma_mr_check_range(u64 start, u64 length, u64 iova)
{
	u64 end;

	if (length > VRDMA_MAX_MR_SIZE || check_add_overflow(iova, length, &end))
		return -EINVAL;
	/* Windows of an HCA map whole pages. */
	if (offset_in_page(start ^ iova))
		return -EINVAL;
	return 0;
}

static int vrdma_mr_check(u64 start, u64 length, u64 iova, int access)
{
	return vrdma_mr_check_access(access) ?: vrdma_mr_check_range(start, length, iova);
}

struct ib_mr *vrdma_reg_user_mr(struct ib_pd *ibpd, u64 start, u64 length,
				u64 iova, int access, struct ib_dmah *dmah,
				struct ib_udata *udata)
{
	struct vrdma_mem *mem;
	struct vrdma_mr *mr;
	int ret;

	if (dmah)
		return ERR_PTR(-EOPNOTSUPP);

	ret = vrdma_mr_check(start, length, iova, access);
	if (ret)
		return ERR_PTR(ret);

	mem = vrdma_mem_pin(start, length, ib_access_writable(access));
	if (IS_ERR(mem))
		return ERR_CAST(mem);

	mr = vrdma_mr_create(ibpd, iova, length, access, mem);
	if (IS_ERR(mr)) {
		vrdma_mem_put(mem);
		return ERR_CAST(mr);
	}
	return &mr->ibmr;
}

/* ---- registering anew ---- */

/**
 * struct vrdma_rereg - what a region is to become
 * @pd: its PD
 * @access: its rights
 * @iova: its range
 * @length: its range
 * @mem: its pages
 */
struct vrdma_rereg {
	struct ib_pd *pd;
	int access;
	u64 iova;
	u64 length;
	struct vrdma_mem *mem;
};

/*
 * Nobody but us changes the region: ib_core has it locked.  The old key is over for
 * everybody when this returns, and its pages are the caller's.
 */
static int vrdma_mr_replace(struct vrdma_mr *mr, struct vrdma_rereg *next)
{
	struct vrdma_place *place = mr->place;
	struct vrdma_ending ending = {};
	struct vrdma_key *key, *old;
	struct vrdma_rereg last = { .access = mr->access, .mem = mr->mem };

	mr->access = next->access;
	mr->mem = next->mem;
	key = vrdma_mr_key(mr, next->pd, mr->ibmr.lkey, next->iova, next->length);
	if (!key) {
		mr->access = last.access;
		mr->mem = last.mem;
		return -ENOMEM;
	}
	spin_lock(&place->lock);
	old = vrdma_place_unlink(place);
	place->pd = next->pd;
	spin_unlock(&place->lock);
	vrdma_ending_begin(&ending, old, NULL);
	vrdma_ending_wait(&ending);
	vrdma_place_publish(place, key);
	next->mem = last.mem;
	return 0;
}

/* What it is.  Work requests do not change its key, nor does anybody else now. */
static void vrdma_rereg_read(struct vrdma_rereg *now, const struct vrdma_mr *mr)
{
	const struct vrdma_key *key;

	rcu_read_lock();
	key = rcu_dereference(mr->place->key);
	now->pd = key->pd;
	now->access = mr->access;
	now->iova = key->iova;
	now->length = key->length;
	now->mem = mr->mem;
	rcu_read_unlock();
}

/* What it is to become; pins what it is to lead to, if that changes. */
static int vrdma_rereg_init(struct vrdma_rereg *next, struct vrdma_mr *mr, int flags, u64 start,
			    u64 length, u64 iova, int access, struct ib_pd *ibpd)
{
	vrdma_rereg_read(next, mr);
	if (flags & IB_MR_REREG_PD)
		next->pd = ibpd;
	if (flags & IB_MR_REREG_ACCESS)
		next->access = access;
	if (flags & IB_MR_REREG_TRANS) {
		next->iova = iova;
		next->length = length;
		next->mem = vrdma_mem_pin(start, length, ib_access_writable(next->access));
		return PTR_ERR_OR_ZERO(next->mem);
	}
	/* Pages that were pinned to be read only are not the program's to write to. */
	return ib_access_writable(next->access) && !mr->mem->writable ? -EACCES : 0;
}

/**
 * vrdma_rereg_user_mr - rereg_user_mr verb
 * @ibmr: a process's
 * @flags: IB_MR_REREG_*: which of the following are new
 * @start: TRANS: as in reg_user_mr
 * @length: TRANS
 * @iova: TRANS
 * @access: ACCESS
 * @ibpd: PD
 * @udata: unused
 *
 * The numbers of its keys stay.  Operations under way that use it fail, as when it is
 * deregistered.
 *
 * Return: NULL: it is the same object, and ib_core notes what is new; else ERR_PTR, and
 * nothing has changed: -EINVAL, also while windows are bound to it; -EACCES for rights
 * to write to pages that were pinned without; or as registering.
 */
struct ib_mr *vrdma_rereg_user_mr(struct ib_mr *ibmr, int flags, u64 start, u64 length,
				  u64 iova, int access, struct ib_pd *ibpd,
				  struct ib_udata *udata)
{
	struct vrdma_mr *mr = to_vmr(ibmr);
	struct vrdma_rereg next;
	int ret = 0;

	if (!mr->mem)
		return ERR_PTR(-EINVAL);
	if (flags & IB_MR_REREG_ACCESS)
		ret = vrdma_mr_check_access(access);
	if (!ret && flags & IB_MR_REREG_TRANS)
		ret = vrdma_mr_check_range(start, length, iova);
	if (ret)
		return ERR_PTR(ret);
	if (!vrdma_place_close(mr->place))
		return ERR_PTR(-EINVAL);
	ret = vrdma_rereg_init(&next, mr, flags, start, length, iova, access, ibpd);
	if (!ret) {
		ret = vrdma_mr_replace(mr, &next);
		if (flags & IB_MR_REREG_TRANS)
			vrdma_mem_put(next.mem);
	}
	vrdma_place_open(mr->place);
	return ret ? ERR_PTR(ret) : NULL;
}

/* A region to which windows are bound stays (IBA 11.2.8.5). */
int vrdma_dereg_mr(struct ib_mr *ibmr, struct ib_udata *udata)
{
	struct vrdma_mr *mr = to_vmr(ibmr);

	if (!vrdma_place_close(mr->place))
		return -EINVAL;
	if (mr->max_pages)
		vrdma_fast_destroy(mr);
	else
		vrdma_place_destroy(mr->place);
	if (mr->mem)
		vrdma_mem_put(mr->mem);
	vrdma_mr_free(mr);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/* Memory regions: keys, rights and ranges over pinned or kernel memory. */
#include "mr.h"

#include <linux/overflow.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "conn.h"
#include "limits.h"
#include "mem.h"
#include "repair.h"
#include "vdev.h"

/* What a region can grant. */
#define VRDMA_MR_RIGHTS		(IB_ACCESS_LOCAL_WRITE | IB_ACCESS_REMOTE_WRITE | \
				 IB_ACCESS_REMOTE_READ | IB_ACCESS_REMOTE_ATOMIC)
/* What it may be asked for and has no effect: a hint, and what may be ignored. */
#define VRDMA_MR_HINTS		(IB_ACCESS_HUGETLB | IB_ACCESS_OPTIONAL)

static inline struct vrdma_mr *to_vmr(struct ib_mr *ibmr)
{
	return container_of(ibmr, struct vrdma_mr, ibmr);
}

/*
 * Make @mr findable by a key nobody can foresee.  Index 0 stays free, so that
 * key 0 can be the kernel's local_dma_lkey.
 */
static int vrdma_mr_publish(struct vrdma_device *dev, struct vrdma_mr *mr)
{
	int ret;

	do {
		do
			mr->key = get_random_u32();
		while (!(mr->key >> 8));

		mr->ibmr.lkey = mr->key;
		mr->ibmr.rkey = mr->key;
		/* VRDMA_MAX_MR of 2^24 indices: nearly always the first is free. */
		ret = xa_insert_irq(&dev->mrs, mr->key >> 8, mr, GFP_KERNEL_ACCOUNT);
	} while (ret == -EBUSY);
	return ret;
}

/* Make a region over @mem, whose reference passes to it on success. */
static struct vrdma_mr *vrdma_mr_create(struct ib_pd *ibpd, u64 iova, u64 length,
					int access, struct vrdma_mem *mem)
{
	struct vrdma_device *dev = to_vdev(ibpd->device);
	struct vrdma_mr *mr;
	int ret;

	ret = vrdma_device_charge(dev, VRDMA_OBJ_MR);
	if (ret)
		return ERR_PTR(ret);

	mr = kzalloc(sizeof(*mr), GFP_KERNEL_ACCOUNT);
	if (!mr) {
		ret = -ENOMEM;
		goto err_discharge;
	}

	vrdma_live_init(&mr->live);
	refcount_set(&mr->ref, 1);
	INIT_LIST_HEAD(&mr->holds);
	spin_lock_init(&mr->lock);
	mr->ibmr.device = ibpd->device;
	mr->ibmr.pd = ibpd;	/* ib_core sets it too, but after lookups can come */
	mr->access = access & VRDMA_MR_RIGHTS;
	mr->iova = iova;
	mr->length = length;
	mr->mem = mem;

	ret = vrdma_mr_publish(dev, mr);
	if (ret)
		goto err_free;
	return mr;

err_free:
	kfree(mr);
err_discharge:
	vrdma_device_discharge(dev, VRDMA_OBJ_MR);
	return ERR_PTR(ret);
}

/* Kernel users: all memory, named by kernel virtual addresses. */
struct ib_mr *vrdma_get_dma_mr(struct ib_pd *ibpd, int access)
{
	struct vrdma_mr *mr;

	mr = vrdma_mr_create(ibpd, 0, U64_MAX, access, NULL);
	return IS_ERR(mr) ? ERR_CAST(mr) : &mr->ibmr;
}

static int vrdma_mr_check(u64 start, u64 length, u64 iova, int access)
{
	u64 end;

	if (access & ~(VRDMA_MR_RIGHTS | VRDMA_MR_HINTS))
		return -EOPNOTSUPP;
	if (length > VRDMA_MAX_MR_SIZE || check_add_overflow(iova, length, &end))
		return -EINVAL;
	/* Windows of an HCA map whole pages. */
	if (offset_in_page(start ^ iova))
		return -EINVAL;
	return 0;
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

void vrdma_mr_hold(struct vrdma_mr *mr, struct vrdma_hold *hold, struct vrdma_lane *lane)
{
	lockdep_assert_preemption_disabled();
	refcount_inc(&mr->ref);
	vrdma_mem_get(mr->mem);
	hold->mr = mr;
	hold->lane = lane;
	spin_lock(&mr->lock);
	list_add_tail(&hold->node, &mr->holds);
	spin_unlock(&mr->lock);
}

void vrdma_mr_unhold(struct vrdma_hold *hold)
{
	struct vrdma_mr *mr = hold->mr;
	bool last;

	spin_lock(&mr->lock);
	list_del(&hold->node);
	last = list_empty(&mr->holds);
	spin_unlock(&mr->lock);
	smp_mb();	/* pairs with the waiter's: one of us sees the other */
	if (last)
		wake_up_var(&mr->holds);
	vrdma_mem_put(mr->mem);
	vrdma_mr_put(mr);
}

static bool vrdma_mr_is_held(struct vrdma_mr *mr)
{
	bool held;

	spin_lock(&mr->lock);
	held = !list_empty(&mr->holds);
	spin_unlock(&mr->lock);
	return held;
}

static void vrdma_mr_recall(struct vrdma_mr *mr)
{
	struct vrdma_hold *hold;

	spin_lock(&mr->lock);
	list_for_each_entry(hold, &mr->holds, node)
		if (hold->recall)
			hold->recall(hold->owner);
	spin_unlock(&mr->lock);
}

/* Break what is too slow, so that its queue pair ends what it does. */
static void vrdma_mr_break(struct vrdma_mr *mr)
{
	struct vrdma_hold *hold;

	spin_lock(&mr->lock);
	list_for_each_entry(hold, &mr->holds, node)
		vrdma_repair_break(hold->lane, "slow for the end of a region");
	spin_unlock(&mr->lock);
}

/*
 * Wait until no HCA touches it: for the pieces under way, or else for the end of their
 * connections.  A process that ends does not wait, for nobody uses its memory again
 * before the last hold has let go of the pages.
 */
static void vrdma_mr_wait(struct vrdma_mr *mr)
{
	if (current->flags & PF_EXITING || !mr->mem)
		return;
	vrdma_mr_recall(mr);
	if (wait_var_event_timeout(&mr->holds, !vrdma_mr_is_held(mr),
				   vrdma_conn_patience()))
		return;
	vrdma_mr_break(mr);
	wait_var_event(&mr->holds, !vrdma_mr_is_held(mr));
}

/*
 * Unlink: no lookup finds the key.  Wait: no copy is inside; that is for a chunk
 * at most, and those who still hold the struct find it dead; then for HCAs.  Free.
 */
int vrdma_dereg_mr(struct ib_mr *ibmr, struct ib_udata *udata)
{
	struct vrdma_device *dev = to_vdev(ibmr->device);
	struct vrdma_mr *mr = to_vmr(ibmr);

	xa_erase_irq(&dev->mrs, mr->key >> 8);
	vrdma_live_kill(&mr->live);
	vrdma_mr_wait(mr);
	if (mr->mem)
		vrdma_mem_put(mr->mem);
	vrdma_device_discharge(dev, VRDMA_OBJ_MR);
	vrdma_mr_put(mr);
	return 0;
}

/* Does the region let @pd do @access to this range? */
static bool vrdma_mr_allows(const struct vrdma_mr *mr, struct ib_pd *pd, u64 addr,
			    u64 length, int access)
{
	u64 offset;

	if (mr->ibmr.pd != pd || (access & ~mr->access))
		return false;
	if (check_sub_overflow(addr, mr->iova, &offset))
		return false;
	return offset <= mr->length && length <= mr->length - offset;
}

struct vrdma_mr *vrdma_mr_get(struct vrdma_device *dev, struct ib_pd *pd, u32 key,
			      u64 addr, u64 length, int access)
{
	struct vrdma_mr *mr;

	rcu_read_lock();
	mr = xa_load(&dev->mrs, key >> 8);
	if (mr && (mr->key != key || !vrdma_mr_allows(mr, pd, addr, length, access) ||
		   !refcount_inc_not_zero(&mr->ref)))
		mr = NULL;
	rcu_read_unlock();
	return mr;
}

void vrdma_mr_put(struct vrdma_mr *mr)
{
	if (refcount_dec_and_test(&mr->ref))
		kfree_rcu(mr, rcu);
}

// SPDX-License-Identifier: GPL-2.0
/* Memory regions: verbs objects over pinned or kernel memory. */
#include "mr.h"

#include <linux/overflow.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "key.h"
#include "limits.h"
#include "mem.h"
#include "place.h"
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

/* A key for @mr over all of its memory. */
static struct vrdma_key *vrdma_mr_key(struct vrdma_mr *mr, u8 tag, u64 iova, u64 length,
				      int access)
{
	struct vrdma_key *key = vrdma_key_alloc(GFP_KERNEL_ACCOUNT);

	if (!key)
		return NULL;
	key->pd = mr->place->pd;
	key->key = mr->place->index << 8 | tag;
	key->access = access & VRDMA_MR_RIGHTS;
	key->iova = iova;
	key->length = length;
	key->mem = mr->mem;
	return key;
}

static int vrdma_mr_publish(struct vrdma_mr *mr, u64 iova, u64 length, int access)
{
	struct vrdma_key *key = vrdma_mr_key(mr, get_random_u8(), iova, length, access);

	if (!key)
		return -ENOMEM;
	mr->ibmr.lkey = key->key;
	mr->ibmr.rkey = key->key;
	vrdma_place_publish(mr->place, key);
	return 0;
}

static struct vrdma_mr *vrdma_mr_alloc(struct ib_pd *ibpd)
{
	struct vrdma_mr *mr = kzalloc(sizeof(*mr), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!mr)
		return ERR_PTR(-ENOMEM);
	mr->ibmr.device = ibpd->device;
	mr->place = vrdma_place_create(ibpd);
	if (IS_ERR(mr->place)) {
		ret = PTR_ERR(mr->place);
		kfree(mr);
		return ERR_PTR(ret);
	}
	return mr;
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
	mr = vrdma_mr_alloc(ibpd);
	if (IS_ERR(mr)) {
		ret = PTR_ERR(mr);
		goto err_discharge;
	}
	mr->mem = mem;
	ret = vrdma_mr_publish(mr, iova, length, access);
	if (ret)
		goto err_free;
	return mr;

err_free:
	vrdma_place_destroy(mr->place);
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

/*
 * Unlink: no lookup finds the key.  Wait: no copy is inside; that is for a chunk
 * at most, and those who still hold the struct find it dead; then for HCAs.  Free.
 */
int vrdma_dereg_mr(struct ib_mr *ibmr, struct ib_udata *udata)
{
	struct vrdma_device *dev = to_vdev(ibmr->device);
	struct vrdma_mr *mr = to_vmr(ibmr);
	struct vrdma_key *key;

	key = vrdma_place_destroy(mr->place);
	if (key) {
		vrdma_key_wait(key);
		vrdma_key_put(key);
	}
	if (mr->mem)
		vrdma_mem_put(mr->mem);
	vrdma_device_discharge(dev, VRDMA_OBJ_MR);
	kfree(mr);
	return 0;
}

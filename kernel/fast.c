// SPDX-License-Identifier: GPL-2.0
/* Fast registration: regions of kernel users, whose keys are made by work requests. */
#include "fast.h"

#include <linux/mm.h>
#include <linux/slab.h>

#include "key.h"
#include "limits.h"
#include "mem.h"
#include "mr.h"
#include "place.h"
#include "vdev.h"

static void vrdma_fast_free_mem(struct vrdma_mem *mem)
{
	if (mem)
		vrdma_mem_put(mem);
}

/*
 * Two lists of pages, in turn: the next registration may be mapped before the work request
 * that invalidates the last one is executed.
 */
static int vrdma_fast_init(struct vrdma_mr *mr, u32 max)
{
	struct vrdma_place *place = mr->place;

	mr->max_pages = max;
	place->mem[0] = vrdma_mem_alloc(max);
	place->mem[1] = vrdma_mem_alloc(max);
	if (place->mem[0] && place->mem[1])
		return 0;
	vrdma_fast_destroy(mr);
	return -ENOMEM;
}

void vrdma_fast_destroy(struct vrdma_mr *mr)
{
	struct vrdma_mem *mem[] = { mr->place->mem[0], mr->place->mem[1] };

	vrdma_place_destroy(mr->place);
	vrdma_fast_free_mem(mem[0]);
	vrdma_fast_free_mem(mem[1]);
}

/**
 * vrdma_alloc_mr - alloc_mr verb
 * @ibpd: whose queue pairs may register it
 * @type: IB_MR_TYPE_MEM_REG
 * @max_num_sg: pages, at most
 *
 * Return: -EOPNOTSUPP for another type; -EINVAL for more pages than the device's limit, or
 * none; -ENOMEM.
 */
struct ib_mr *vrdma_alloc_mr(struct ib_pd *ibpd, enum ib_mr_type type, u32 max_num_sg)
{
	struct vrdma_mr *mr;
	int ret;

	if (type != IB_MR_TYPE_MEM_REG)
		return ERR_PTR(-EOPNOTSUPP);
	if (!max_num_sg || max_num_sg > VRDMA_MAX_FAST_PAGES)
		return ERR_PTR(-EINVAL);
	mr = vrdma_mr_alloc(ibpd, VRDMA_PLACE_FAST);
	if (IS_ERR(mr))
		return ERR_CAST(mr);
	ret = vrdma_fast_init(mr, max_num_sg);
	if (ret) {
		vrdma_mr_free(mr);
		return ERR_PTR(ret);
	}
	mr->ibmr.lkey = mr->place->index << 8 | mr->place->tag;
	mr->ibmr.rkey = mr->ibmr.lkey;
	return &mr->ibmr;
}

/* The list that the next registration gets. */
static struct vrdma_mem *vrdma_fast_mem(const struct vrdma_mr *mr)
{
	return mr->place->mem[READ_ONCE(mr->place->next)];
}

/* What users of verbs without a DMA device take for its addresses are the kernel's. */
static int vrdma_fast_set_page(struct ib_mr *ibmr, u64 addr)
{
	struct vrdma_mr *mr = to_vmr(ibmr);
	struct vrdma_mem *mem = vrdma_fast_mem(mr);
	void *page = (void *)(uintptr_t)addr;

	if (mem->nr_pages >= mr->max_pages)
		return -ENOMEM;
	if (WARN_ON_ONCE(!virt_addr_valid(page)))
		return -EINVAL;
	mem->pages[mem->nr_pages++] = virt_to_page(page);
	return 0;
}

/**
 * vrdma_map_mr_sg - map_mr_sg verb
 * @ibmr: no REG_MR of it is on its way
 * @sg: mapped by ib_dma_map_sg()
 * @sg_nents: of @sg
 * @sg_offset: into the first, and out: where it did not go on
 *
 * Any context.  Return: entries that fit, or -errno.
 */
int vrdma_map_mr_sg(struct ib_mr *ibmr, struct scatterlist *sg, int sg_nents,
		    unsigned int *sg_offset)
{
	struct vrdma_mem *mem = vrdma_fast_mem(to_vmr(ibmr));
	int ret;

	if (ibmr->page_size != PAGE_SIZE)
		return -EINVAL;
	mem->nr_pages = 0;
	ret = ib_sg_to_pages(ibmr, sg, sg_nents, sg_offset, vrdma_fast_set_page);
	mem->start = ibmr->iova;
	mem->length = ret > 0 ? ibmr->length : 0;
	return ret;
}

int vrdma_fast_prepare(struct vrdma_reg *reg, const struct ib_reg_wr *wr)
{
	const struct vrdma_mr *mr = to_vmr(wr->mr);

	if (mr->place->index != wr->key >> 8)
		return -EINVAL;
	reg->iova = mr->ibmr.iova;
	reg->length = mr->ibmr.length;
	reg->key = wr->key;
	reg->access = wr->access;
	return 0;
}

/* Give @key the pages that were mapped last.  Lock held. */
static bool vrdma_fast_take(struct vrdma_place *place, struct vrdma_key *key)
{
	if (place->gone || place->pd != key->pd || place->kind != VRDMA_PLACE_FAST ||
	    rcu_access_pointer(place->key))
		return false;
	key->mem = place->mem[place->next];
	if (key->length > key->mem->length)
		return false;
	WRITE_ONCE(place->next, !place->next);
	vrdma_place_set_key(place, key);
	return true;
}

static int vrdma_fast_publish(struct vrdma_key *key)
{
	struct vrdma_place *place = vrdma_place_get(to_vdev(key->pd->device), key->key);
	bool taken;

	if (!place)
		return -EINVAL;
	spin_lock(&place->lock);
	taken = vrdma_fast_take(place, key);
	spin_unlock(&place->lock);
	vrdma_place_put(place);
	return taken ? 0 : -EINVAL;
}

int vrdma_fast_register(struct ib_pd *pd, const struct vrdma_reg *reg)
{
	struct vrdma_key *key;
	int ret;

	if (reg->access & ~(VRDMA_MR_RIGHTS | VRDMA_MR_HINTS))
		return -EINVAL;
	/* Whose data is to be written out to free memory may be behind this. */
	key = vrdma_key_alloc(GFP_NOIO);
	if (!key)
		return -ENOMEM;
	key->pd = pd;
	key->key = reg->key;
	key->access = reg->access & VRDMA_MR_RIGHTS;
	key->iova = reg->iova;
	key->length = reg->length;
	ret = vrdma_fast_publish(key);
	if (ret)
		vrdma_key_put(key);
	return ret;
}

// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Protection domains, and what programs put over them. */
#include "pd.h"

#include <errno.h>
#include <stdlib.h>

#include "abi.h"

static inline struct vrdma_pd *to_vpd(struct ibv_pd *pd)
{
	return container_of(pd, struct vrdma_pd, pd);
}

static inline struct vrdma_td *to_vtd(struct ibv_td *td)
{
	return container_of(td, struct vrdma_td, td);
}

struct ibv_pd *vrdma_alloc_pd(struct ibv_context *context)
{
	struct vrdma_cmd_alloc_pd_resp resp = {};
	struct ibv_alloc_pd cmd = {};
	struct vrdma_pd *pd;
	int err;

	pd = calloc(1, sizeof(*pd));
	if (!pd)
		return NULL;
	err = ibv_cmd_alloc_pd(context, &pd->pd, &cmd, sizeof(cmd), &resp.ibv_resp,
			       sizeof(resp));
	if (err) {
		free(pd);
		errno = err;
		return NULL;
	}
	return &pd->pd;
}

/* The kernel knows nothing of parent domains: what is made with one is in the PD below. */
static void dealloc_parent_domain(struct vrdma_pd *pd)
{
	atomic_fetch_sub(&pd->below->users, 1);
	if (pd->td)
		atomic_fetch_sub(&pd->td->users, 1);
	free(pd);
}

int vrdma_dealloc_pd(struct ibv_pd *ibpd)
{
	struct vrdma_pd *pd = to_vpd(ibpd);
	int err;

	if (atomic_load(&pd->users))
		return EBUSY;
	if (pd->below) {
		dealloc_parent_domain(pd);
		return 0;
	}
	err = ibv_cmd_dealloc_pd(ibpd);
	if (!err)
		free(pd);
	return err;
}

struct ibv_td *vrdma_alloc_td(struct ibv_context *context, struct ibv_td_init_attr *attr)
{
	struct vrdma_td *td;

	if (attr->comp_mask) {
		errno = EOPNOTSUPP;
		return NULL;
	}
	td = calloc(1, sizeof(*td));
	if (!td)
		return NULL;
	td->td.context = context;
	return &td->td;
}

int vrdma_dealloc_td(struct ibv_td *ibtd)
{
	struct vrdma_td *td = to_vtd(ibtd);

	if (atomic_load(&td->users))
		return EBUSY;
	free(td);
	return 0;
}

/* Allocators are for what a provider allocates that others see: our rings are the kernel's. */
struct ibv_pd *vrdma_alloc_parent_domain(struct ibv_context *context,
					 struct ibv_parent_domain_init_attr *attr)
{
	const uint32_t known = IBV_PARENT_DOMAIN_INIT_ATTR_ALLOCATORS |
			       IBV_PARENT_DOMAIN_INIT_ATTR_PD_CONTEXT;
	struct vrdma_pd *pd;

	if (ibv_check_alloc_parent_domain(attr))
		return NULL;
	if (attr->comp_mask & ~known || attr->pd->context != context ||
	    vrdma_pd_is_parent(attr->pd)) {
		errno = EINVAL;
		return NULL;
	}
	pd = calloc(1, sizeof(*pd));
	if (!pd)
		return NULL;
	ibv_initialize_parent_domain(&pd->pd, attr->pd);
	pd->below = to_vpd(attr->pd);
	atomic_fetch_add(&pd->below->users, 1);
	if (attr->td) {
		pd->td = to_vtd(attr->td);
		atomic_fetch_add(&pd->td->users, 1);
	}
	return &pd->pd;
}

bool vrdma_pd_is_parent(struct ibv_pd *pd)
{
	return to_vpd(pd)->below;
}

struct ibv_pd *vrdma_import_pd(struct ibv_context *context, uint32_t handle)
{
	struct vrdma_pd *pd = calloc(1, sizeof(*pd));

	if (!pd)
		return NULL;
	pd->pd.context = context;
	pd->pd.handle = handle;
	return &pd->pd;
}

void vrdma_unimport_pd(struct ibv_pd *ibpd)
{
	struct vrdma_pd *pd = to_vpd(ibpd);

	if (pd->below)
		dealloc_parent_domain(pd);
	else
		free(pd);
}

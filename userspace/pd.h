/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef VRDMA_PD_H
#define VRDMA_PD_H

#include <stdatomic.h>
#include <stdbool.h>

#include <infiniband/verbs.h>

/**
 * struct vrdma_td - a thread domain
 * @td: what libibverbs knows of it
 * @users: parent domains with it
 *
 * A hint that only one thread will use what is made with it.  Our locks cost such a thread
 * next to nothing.
 */
struct vrdma_td {
	struct ibv_td td;
	atomic_uint users;
};

/**
 * struct vrdma_pd - a protection domain, or a parent domain over one
 * @pd: what libibverbs knows of it; a parent domain has the handle of what it is over
 * @users: parent domains over it
 * @below: a parent domain: over this; else NULL
 * @td: a parent domain: with this, or NULL
 */
struct vrdma_pd {
	struct ibv_pd pd;
	atomic_uint users;
	struct vrdma_pd *below;
	struct vrdma_td *td;
};

/* Also of a parent domain. */
struct ibv_pd *vrdma_alloc_pd(struct ibv_context *context);
int vrdma_dealloc_pd(struct ibv_pd *pd);

struct ibv_td *vrdma_alloc_td(struct ibv_context *context, struct ibv_td_init_attr *attr);
int vrdma_dealloc_td(struct ibv_td *td);
struct ibv_pd *vrdma_alloc_parent_domain(struct ibv_context *context,
					 struct ibv_parent_domain_init_attr *attr);
bool vrdma_pd_is_parent(struct ibv_pd *pd);

/* One that another process has, or had, made; closing it leaves the kernel's. */
struct ibv_pd *vrdma_import_pd(struct ibv_context *context, uint32_t handle);
void vrdma_unimport_pd(struct ibv_pd *pd);

#endif /* VRDMA_PD_H */

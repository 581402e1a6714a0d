/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef VRDMA_H
#define VRDMA_H

#include <infiniband/driver.h>

/**
 * struct vrdma_context - an open device
 * @vctx: what libibverbs knows of it
 * @bell_fd: doorbell file, for all queues of the context
 * @features: VRDMA_CONTEXT_* that the kernel has
 */
struct vrdma_context {
	struct verbs_context vctx;
	int bell_fd;
	uint32_t features;
};

static inline struct vrdma_context *to_vctx(struct ibv_context *context)
{
	return container_of(context, struct vrdma_context, vctx.context);
}

#endif /* VRDMA_H */

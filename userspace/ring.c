// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Rings: mapping what the kernel made. */
#include "ring.h"

#include <assert.h>
#include <errno.h>
#include <sys/mman.h>

#include <infiniband/verbs.h>

static_assert(sizeof(struct vrdma_ring_hdr) == VRDMA_RING_DATA, "slots follow the header");
static_assert(sizeof(struct vrdma_send_wqe) == 64, "a cache line");
static_assert(sizeof(struct vrdma_recv_wqe) == 16, "no padding");
static_assert(sizeof(struct vrdma_cqe) == 64, "a cache line");

int vrdma_ring_map(struct vrdma_ring *ring, struct ibv_context *context,
		   const struct vrdma_ring_info *info)
{
	void *memory;

	*ring = (struct vrdma_ring){};
	if (!info->size)
		return 0;
	memory = mmap(NULL, info->size, PROT_READ | PROT_WRITE, MAP_SHARED,
		      context->cmd_fd, info->offset);
	if (memory == MAP_FAILED)
		return errno;
	ring->hdr = memory;
	ring->slots = (char *)memory + VRDMA_RING_DATA;
	ring->mask = info->slots - 1;
	ring->shift = __builtin_ctz(info->stride);
	ring->room = info->slots;
	ring->size = info->size;
	return 0;
}

void vrdma_ring_unmap(struct vrdma_ring *ring)
{
	if (ring->hdr)
		munmap(ring->hdr, ring->size);
	ring->hdr = NULL;
}

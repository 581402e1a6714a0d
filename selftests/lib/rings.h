/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The rings behind a vrdma provider's queues, for a program that plays a hostile
 * provider: it lets the real provider create objects and stands between it and
 * the C library's ioctl() and mmap(), where it learns what the kernel answered.
 */
#ifndef SELFTESTS_RINGS_H
#define SELFTESTS_RINGS_H

#include <stdbool.h>
#include <stdint.h>

#include <rdma/vrdma-abi.h>

/**
 * struct ring - one mapped queue
 * @hdr: NULL: there is none
 * @info: as the kernel described it
 */
struct ring {
	struct vrdma_ring_hdr *hdr;
	struct vrdma_ring_info info;
};

/* Of the object created last in this process. */
void rings_of_qp(struct ring *sq, struct ring *rq);
void ring_of_cq(struct ring *cq);
void ring_of_srq(struct ring *srq, uint32_t *srqn);

/* The doorbell file of the context opened last, -1 without one. */
int rings_doorbell(void);

static inline void *ring_slot(const struct ring *ring, uint32_t index)
{
	return (char *)ring->hdr + VRDMA_RING_DATA +
	       (uint64_t)(index & (ring->info.slots - 1)) * ring->info.stride;
}

#endif /* SELFTESTS_RINGS_H */

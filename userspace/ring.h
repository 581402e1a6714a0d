/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef VRDMA_RING_H
#define VRDMA_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rdma/vrdma-abi.h>

struct ibv_context;

/**
 * struct vrdma_ring - a queue that the kernel shares with us
 * @hdr: indices and flags; NULL: not mapped
 * @slots: the first slot, behind @hdr
 * @mask: number of slots - 1
 * @shift: log2 of a slot's bytes
 * @room: slots we may fill: what create granted, never more than there are
 * @consumer: the kernel's index when we last looked; used by the side that fills
 * @size: bytes mapped
 *
 * Whoever owns the ring serializes its own side with a lock of its own.  The
 * indices live in @hdr alone, so that a reset by the kernel needs no help here.
 */
struct vrdma_ring {
	struct vrdma_ring_hdr *hdr;
	char *slots;
	uint32_t mask;
	uint32_t shift;
	uint32_t room;
	uint32_t consumer;
	size_t size;
};

/* Both return 0 or an errno; an @info without size maps nothing. */
int vrdma_ring_map(struct vrdma_ring *ring, struct ibv_context *context,
		   const struct vrdma_ring_info *info);
void vrdma_ring_unmap(struct vrdma_ring *ring);

static inline void *vrdma_ring_slot(const struct vrdma_ring *ring, uint32_t index)
{
	return ring->slots + ((size_t)(index & ring->mask) << ring->shift);
}

/* The rest: for the rings we fill (SQ, RQ, SRQ). */

static inline uint32_t vrdma_ring_producer(const struct vrdma_ring *ring)
{
	return __atomic_load_n(&ring->hdr->producer, __ATOMIC_RELAXED);
}

static inline bool vrdma_ring_dead(const struct vrdma_ring *ring)
{
	return __atomic_load_n(&ring->hdr->flags, __ATOMIC_RELAXED) & VRDMA_RING_DEAD;
}

/* The kernel's cache line is looked at only when our own knowledge says full. */
static inline bool vrdma_ring_full(struct vrdma_ring *ring, uint32_t producer)
{
	if (producer - ring->consumer < ring->room)
		return false;
	/* pairs with the kernel's release: it has read the slots before it */
	ring->consumer = __atomic_load_n(&ring->hdr->consumer, __ATOMIC_ACQUIRE);
	return producer - ring->consumer >= ring->room;
}

/*
 * Hand over all slots before @producer.  Return: the flags the kernel shows
 * afterwards.  The full fence pairs with the kernel's: it sets a flag, fences
 * and looks at producer again, so that one of us sees the other.
 */
static inline uint32_t vrdma_ring_publish(struct vrdma_ring *ring, uint32_t producer)
{
	__atomic_store_n(&ring->hdr->producer, producer, __ATOMIC_RELEASE);
	atomic_thread_fence(memory_order_seq_cst);
	return __atomic_load_n(&ring->hdr->flags, __ATOMIC_RELAXED);
}

#endif /* VRDMA_RING_H */

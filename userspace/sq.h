/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef VRDMA_SQ_H
#define VRDMA_SQ_H

#include <pthread.h>

#include <infiniband/verbs.h>

#include "bell.h"
#include "ring.h"

/**
 * struct vrdma_sq - the send side of a QP
 * @ring: work requests
 * @bell: calls the kernel to them
 * @opcodes: bit per enum ibv_wr_opcode that this type of QP knows
 * @max_sge: entries a slot has room for
 * @max_inline: bytes of payload a slot has room for
 * @next: index behind the slots filled but not yet published
 * @wqe: ibv_wr_*: the slot being built; NULL when there is none
 * @err: ibv_wr_*: first thing that went wrong since wr_start
 * @lock: protects all that moves; held from wr_start to wr_complete or wr_abort
 */
struct vrdma_sq {
	struct vrdma_ring ring;
	struct vrdma_bell bell;
	uint32_t opcodes;
	uint32_t max_sge;
	uint32_t max_inline;
	uint32_t next;
	struct vrdma_send_wqe *wqe;
	int err;
	pthread_spinlock_t lock;
};

/* Map the ring of @info, with room for what @cap says. Return: 0 or an errno. */
int vrdma_sq_init(struct vrdma_sq *sq, struct ibv_context *context,
		  const struct vrdma_ring_info *info, const struct ibv_qp_cap *cap,
		  enum ibv_qp_type type);
void vrdma_sq_exit(struct vrdma_sq *sq);

/*
 * Take the lock and begin to fill slots; with an errno, the lock is held, too.
 * No slot is seen by the kernel before vrdma_sq_end().
 */
int vrdma_sq_begin(struct vrdma_sq *sq, enum ibv_qp_state state);

/* The next free slot, with a header of these and zeros; NULL: *@err. */
struct vrdma_send_wqe *vrdma_sq_slot(struct vrdma_sq *sq, uint64_t wr_id,
				     enum ibv_wr_opcode opcode, unsigned int flags, int *err);

/* Publish the filled slots, drop the lock, call the kernel if it asks for it. */
int vrdma_sq_end(struct vrdma_sq *sq);

/* Copy @length bytes behind what is inline already; EINVAL: they do not fit. */
int vrdma_sq_inline(const struct vrdma_sq *sq, struct vrdma_send_wqe *wqe,
		    const void *from, size_t length);

/* What an ATOMIC_WRITE writes, inline: eight bytes, any alignment. */
void vrdma_sq_word(struct vrdma_send_wqe *wqe, const void *word);

/* Name @count pieces of memory; EINVAL: they do not fit. */
int vrdma_sq_gather(const struct vrdma_sq *sq, struct vrdma_send_wqe *wqe,
		    const struct ibv_sge *sge, size_t count);

#endif /* VRDMA_SQ_H */

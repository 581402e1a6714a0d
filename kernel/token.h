/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_TOKEN_H
#define _VRDMA_TOKEN_H

#include <linux/siphash.h>
#include <linux/spinlock.h>
#include <rdma/ib_verbs.h>

/**
 * struct vrdma_tokens - what a device hands to those whose question reached it
 * @epoch: part of every token; goes up with time and with address changes
 * @since: boot time in seconds at which @epoch began
 * @lock: protects the above; leaf lock, irq safe
 *
 * Nothing is remembered per token: it is made again to be compared.
 */
struct vrdma_tokens {
	u64 epoch;
	u64 since;
	spinlock_t lock;	/* epoch, since */
};

void vrdma_tokens_init(struct vrdma_tokens *tokens);

/* Begin a new epoch: the addresses have changed; any context. */
void vrdma_tokens_turn(struct vrdma_tokens *tokens);

/*
 * The token of @asker now, for what it sends to the device alone (@group NULL) or
 * to that group; any context.
 */
u64 vrdma_tokens_make(struct vrdma_tokens *tokens, const siphash_key_t *secret,
		      const union ib_gid *asker, const union ib_gid *group);

/* Is it of @asker, for that, of this epoch or the last?  Any context. */
bool vrdma_tokens_valid(struct vrdma_tokens *tokens, const siphash_key_t *secret,
			const union ib_gid *asker, const union ib_gid *group, u64 token);

#endif /* _VRDMA_TOKEN_H */

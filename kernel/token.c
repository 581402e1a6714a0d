// SPDX-License-Identifier: GPL-2.0
/* Tokens: proof that a device's own network delivered somebody's question. */
#include "token.h"

#include <linux/math64.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "limits.h"

void vrdma_tokens_init(struct vrdma_tokens *tokens)
{
	spin_lock_init(&tokens->lock);
	tokens->epoch = 1;
	tokens->since = ktime_get_boottime_seconds();
}

/* Also passes the epochs that went by while nobody looked. */
static u64 vrdma_tokens_epoch(struct vrdma_tokens *tokens)
{
	unsigned long flags;
	u64 epoch, passed;

	spin_lock_irqsave(&tokens->lock, flags);
	passed = div_u64(ktime_get_boottime_seconds() - tokens->since, VRDMA_TOKEN_EPOCH_S);
	tokens->epoch += passed;
	tokens->since += passed * VRDMA_TOKEN_EPOCH_S;
	epoch = tokens->epoch;
	spin_unlock_irqrestore(&tokens->lock, flags);
	return epoch;
}

void vrdma_tokens_turn(struct vrdma_tokens *tokens)
{
	unsigned long flags;

	spin_lock_irqsave(&tokens->lock, flags);
	tokens->epoch++;
	tokens->since = ktime_get_boottime_seconds();
	spin_unlock_irqrestore(&tokens->lock, flags);
}

static u64 vrdma_token_of(const siphash_key_t *secret, const union ib_gid *asker,
			  const union ib_gid *group, u64 epoch)
{
	struct {
		union ib_gid asker;
		union ib_gid group;	/* zero: none */
		u64 epoch;
	} input = { .asker = *asker, .epoch = epoch };

	if (group)
		input.group = *group;
	return siphash(&input, sizeof(input), secret);
}

u64 vrdma_tokens_make(struct vrdma_tokens *tokens, const siphash_key_t *secret,
		      const union ib_gid *asker, const union ib_gid *group)
{
	return vrdma_token_of(secret, asker, group, vrdma_tokens_epoch(tokens));
}

bool vrdma_tokens_valid(struct vrdma_tokens *tokens, const siphash_key_t *secret,
			const union ib_gid *asker, const union ib_gid *group, u64 token)
{
	u64 epoch = vrdma_tokens_epoch(tokens);

	return token == vrdma_token_of(secret, asker, group, epoch) ||
	       token == vrdma_token_of(secret, asker, group, epoch - 1);
}

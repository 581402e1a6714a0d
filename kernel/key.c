// SPDX-License-Identifier: GPL-2.0
/* Keys: rights and ranges over memory, and which HCAs are at it. */
#include "key.h"

#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "conn.h"
#include "repair.h"

struct vrdma_key *vrdma_key_alloc(gfp_t gfp)
{
	struct vrdma_key *key = kzalloc(sizeof(*key), gfp);

	if (!key)
		return NULL;
	vrdma_live_init(&key->live);
	refcount_set(&key->ref, 1);
	INIT_LIST_HEAD(&key->holds);
	spin_lock_init(&key->lock);
	return key;
}

void vrdma_key_put(struct vrdma_key *key)
{
	if (refcount_dec_and_test(&key->ref))
		kfree_rcu(key, rcu);
}

void vrdma_key_hold(struct vrdma_key *key, struct vrdma_hold *hold, struct vrdma_lane *lane)
{
	lockdep_assert_preemption_disabled();
	refcount_inc(&key->ref);
	vrdma_mem_get(key->mem);
	hold->key = key;
	hold->lane = lane;
	spin_lock(&key->lock);
	list_add_tail(&hold->node, &key->holds);
	spin_unlock(&key->lock);
}

void vrdma_key_unhold(struct vrdma_hold *hold)
{
	struct vrdma_key *key = hold->key;
	bool last;

	spin_lock(&key->lock);
	list_del(&hold->node);
	last = list_empty(&key->holds);
	spin_unlock(&key->lock);
	smp_mb();	/* pairs with the waiter's: one of us sees the other */
	if (last)
		wake_up_var(&key->holds);
	vrdma_mem_put(key->mem);
	vrdma_key_put(key);
}

bool vrdma_key_is_held(struct vrdma_key *key)
{
	bool held;

	spin_lock(&key->lock);
	held = !list_empty(&key->holds);
	spin_unlock(&key->lock);
	return held;
}

void vrdma_key_recall(struct vrdma_key *key)
{
	struct vrdma_hold *hold;

	spin_lock(&key->lock);
	list_for_each_entry(hold, &key->holds, node)
		if (hold->recall)
			hold->recall(hold->owner);
	spin_unlock(&key->lock);
}

/* Break what is too slow, so that its queue pair ends what it does. */
void vrdma_key_break(struct vrdma_key *key)
{
	struct vrdma_hold *hold;

	spin_lock(&key->lock);
	list_for_each_entry(hold, &key->holds, node)
		vrdma_repair_break(hold->lane, "slow for the end of a region");
	spin_unlock(&key->lock);
}

/**
 * vrdma_key_wait - wait until no HCA touches what a key led to
 * @key: dead, and recalled
 *
 * For the pieces under way, or else for the end of their connections.  A process that
 * ends does not wait for its own memory, for nobody uses that again before the last hold has
 * let go of the pages.
 */
void vrdma_key_wait(struct vrdma_key *key)
{
	if (!key->mem || (current->flags & PF_EXITING && key->mem->mm))
		return;
	if (wait_var_event_timeout(&key->holds, !vrdma_key_is_held(key),
				   vrdma_conn_patience()))
		return;
	vrdma_key_break(key);
	wait_var_event(&key->holds, !vrdma_key_is_held(key));
}

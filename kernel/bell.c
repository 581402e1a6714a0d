// SPDX-License-Identifier: GPL-2.0
/* Doorbells: from a number an application names to the queue that serves it. */
#include "bell.h"

#include <linux/nospec.h>
#include <linux/slab.h>
#include <rdma/vrdma-abi.h>

/* QPNs and SRQ numbers have 24 bits. */
#define VRDMA_BELL_NUMBERS	BIT(24)

struct vrdma_bell *vrdma_bell_create(void)
{
	struct vrdma_bell *bell;

	bell = kzalloc(sizeof(*bell), GFP_KERNEL_ACCOUNT);
	if (!bell)
		return NULL;
	xa_init(&bell->qps);
	xa_init(&bell->srqs);
	return bell;
}

/**
 * vrdma_bell_destroy - end a context's doorbells
 * @bell: empty, and no file points to it any more
 *
 * A call that still looks at it is in an RCU section.
 */
void vrdma_bell_destroy(struct vrdma_bell *bell)
{
	WARN_ON_ONCE(!xa_empty(&bell->qps) || !xa_empty(&bell->srqs));
	kfree_rcu(bell, rcu);
}

int vrdma_bell_add(struct xarray *table, u32 number, struct vrdma_target *target)
{
	return xa_insert(table, number, target, GFP_KERNEL_ACCOUNT);
}

/**
 * vrdma_bell_remove - no call takes a reference on the target from now on
 * @table: the one it was added to
 * @number: what it was added as
 */
void vrdma_bell_remove(struct xarray *table, u32 number)
{
	xa_erase(table, number);
}

static struct xarray *vrdma_bell_table(struct vrdma_bell *bell, unsigned int cmd)
{
	return cmd == VRDMA_IOC_KICK_SRQ ? &bell->srqs : &bell->qps;
}

/* Find and hold a target; -EIO once the context is gone. */
static struct vrdma_target *vrdma_bell_find(struct vrdma_bell __rcu **slot,
					    unsigned int cmd, unsigned long number)
{
	struct vrdma_target *target = ERR_PTR(-EIO);
	struct vrdma_bell *bell;
	struct xarray *table;

	rcu_read_lock();
	bell = rcu_dereference(*slot);
	if (bell) {
		table = vrdma_bell_table(bell, cmd);
		xa_lock(table);
		target = xa_load(table, number);
		if (!target || !target->get(target))	/* put in vrdma_bell_ring() */
			target = ERR_PTR(-EINVAL);
		xa_unlock(table);
	}
	rcu_read_unlock();
	return target;
}

/**
 * vrdma_bell_ring - serve a call on a doorbell file
 * @slot: the file's pointer to its doorbells
 * @cmd: from user space; VRDMA_IOC_*
 * @number: from user space
 *
 * Return: 0, -ENOTTY (no such call), -EINVAL (no such queue in this context),
 * -EIO (the device is gone), or what the queue says.
 */
int vrdma_bell_ring(struct vrdma_bell __rcu **slot, unsigned int cmd,
		    unsigned long number)
{
	struct vrdma_target *target;
	int ret;

	if (cmd != VRDMA_IOC_SEND && cmd != VRDMA_IOC_KICK_QP &&
	    cmd != VRDMA_IOC_KICK_SRQ)
		return -ENOTTY;
	if (number >= VRDMA_BELL_NUMBERS)
		return -EINVAL;
	number = array_index_nospec(number, VRDMA_BELL_NUMBERS);

	target = vrdma_bell_find(slot, cmd, number);
	if (IS_ERR(target))
		return PTR_ERR(target);
	ret = target->ring(target, cmd);
	target->put(target);
	return ret;
}

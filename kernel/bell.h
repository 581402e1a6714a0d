/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_BELL_H
#define _VRDMA_BELL_H

#include <linux/rcupdate.h>
#include <linux/xarray.h>
#include <rdma/ib_verbs.h>
#include <rdma/uverbs_ioctl.h>

/**
 * struct vrdma_target - what a doorbell call can reach; embedded in QP and SRQ
 * @get: take a reference on the object unless it is dying; called under the
 *	 table's lock
 * @put: drop it
 * @ring: serve one VRDMA_IOC_* call; process context, may sleep. 0 or -errno
 */
struct vrdma_target {
	bool (*get)(struct vrdma_target *target);
	void (*put)(struct vrdma_target *target);
	int (*ring)(struct vrdma_target *target, unsigned int cmd);
};

/**
 * struct vrdma_bell - one context's doorbells
 * @qps: QPN to target; its lock also orders removal against vrdma_bell_ring()
 * @srqs: SRQ number to target
 * @rcu: for calls that look up a target while the context goes away
 *
 * Owned by the context, which outlives its queues.  A doorbell file may be
 * passed to other processes and outlives everything: it holds a pointer under
 * RCU, cleared before the context goes, and nothing of ib_core.
 */
struct vrdma_bell {
	struct xarray qps;
	struct xarray srqs;
	struct rcu_head rcu;
};

struct vrdma_bell *vrdma_bell_create(void);
void vrdma_bell_destroy(struct vrdma_bell *bell);

/* @table is &bell->qps or &bell->srqs; add may sleep, -EBUSY when @number is taken. */
int vrdma_bell_add(struct xarray *table, u32 number, struct vrdma_target *target);
void vrdma_bell_remove(struct xarray *table, u32 number);

/* What the file's ioctl does; @cmd is VRDMA_IOC_*, @number from user space. */
int vrdma_bell_ring(struct vrdma_bell __rcu **slot, unsigned int cmd,
		    unsigned long number);

/**
 * struct vrdma_ucontext - a process' opening of a device
 * @ibuctx: must be first
 * @bell: its doorbells
 */
struct vrdma_ucontext {
	struct ib_ucontext ibuctx;
	struct vrdma_bell *bell;
};

/* The doorbells of whoever calls a verb; NULL: a kernel user. */
static inline struct vrdma_bell *vrdma_udata_bell(struct ib_udata *udata)
{
	struct vrdma_ucontext *uctx =
		rdma_udata_to_drv_context(udata, struct vrdma_ucontext, ibuctx);

	return uctx ? uctx->bell : NULL;
}

/* Whose call it is; NULL: a kernel user's. */
static inline struct ib_ucontext *vrdma_udata_ucontext(struct ib_udata *udata)
{
	return udata ? rdma_udata_to_uverbs_attr_bundle(udata)->context : NULL;
}

#endif /* _VRDMA_BELL_H */

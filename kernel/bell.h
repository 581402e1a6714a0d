/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_BELL_H
#define _VRDMA_BELL_H

#include <linux/refcount.h>
#include <linux/xarray.h>

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
 * struct vrdma_bell - one context's doorbells; outlives context and device
 * @ref: the context, and each open doorbell file
 * @dead: the context is gone: every call answers -EIO
 * @qps: QPN to target; its lock also orders removal against vrdma_bell_ring()
 * @srqs: SRQ number to target
 *
 * A doorbell file may be passed to other processes and outlives everything, so
 * it holds this and nothing of ib_core.
 */
struct vrdma_bell {
	refcount_t ref;
	bool dead;
	struct xarray qps;
	struct xarray srqs;
};

struct vrdma_bell *vrdma_bell_create(void);
void vrdma_bell_get(struct vrdma_bell *bell);
void vrdma_bell_put(struct vrdma_bell *bell);
void vrdma_bell_kill(struct vrdma_bell *bell);

/* @table is &bell->qps or &bell->srqs; add may sleep, -EBUSY when @number is taken. */
int vrdma_bell_add(struct xarray *table, u32 number, struct vrdma_target *target);
void vrdma_bell_remove(struct xarray *table, u32 number);

/* What the file's ioctl does; @cmd is VRDMA_IOC_*, @number from user space. */
int vrdma_bell_ring(struct vrdma_bell *bell, unsigned int cmd, unsigned long number);

#endif /* _VRDMA_BELL_H */

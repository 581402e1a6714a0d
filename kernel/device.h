/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_DEVICE_H
#define _VRDMA_DEVICE_H

#include <rdma/ib_verbs.h>

struct net_device;
struct vrdma_device;

/* Which function serves which verb; the table is in ops.c. */
extern const struct ib_device_ops vrdma_device_ops;

int vrdma_device_create(const char *name, struct net_device *ndev);

/* The one way to end a device; any context, also more than once. */
void vrdma_device_kill(struct vrdma_device *dev);

/* Verbs. */
int vrdma_query_device(struct ib_device *ibdev, struct ib_device_attr *attr,
		       struct ib_udata *udata);
int vrdma_enable_driver(struct ib_device *ibdev);
void vrdma_dealloc_driver(struct ib_device *ibdev);

#endif /* _VRDMA_DEVICE_H */

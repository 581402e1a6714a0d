/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_PORT_H
#define _VRDMA_PORT_H

#include <rdma/ib_verbs.h>

struct vrdma_device;

/* May a device be bound to @ndev?  0 or -errno for `rdma link add`. */
int vrdma_port_check(struct net_device *ndev);

/* What the netdev says now; any context. */
enum ib_port_state vrdma_port_state(const struct vrdma_device *dev);

/* Announce the state if it has changed; rtnl, and the lock of the device's list. */
void vrdma_port_update(struct vrdma_device *dev);

/* Verbs. */
int vrdma_query_port(struct ib_device *ibdev, u32 port, struct ib_port_attr *attr);
int vrdma_query_pkey(struct ib_device *ibdev, u32 port, u16 index, u16 *pkey);
int vrdma_get_port_immutable(struct ib_device *ibdev, u32 port,
			     struct ib_port_immutable *immutable);
enum rdma_link_layer vrdma_get_link_layer(struct ib_device *ibdev, u32 port);

#endif /* _VRDMA_PORT_H */

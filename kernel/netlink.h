/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_NETLINK_H
#define _VRDMA_NETLINK_H

/* `rdma link add ... type vrdma`; unregister waits for one that runs. */
void vrdma_netlink_register(void);
void vrdma_netlink_unregister(void);

#endif /* _VRDMA_NETLINK_H */

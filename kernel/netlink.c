// SPDX-License-Identifier: GPL-2.0
/* What an administrator says: rdma link add NAME type vrdma netdev DEV. */
#include "netlink.h"

#include <linux/module.h>
#include <rdma/rdma_netlink.h>

#include "device.h"

static struct rdma_link_ops vrdma_link_ops = {
	.type = "vrdma",
	.newlink = vrdma_device_create,
};

void vrdma_netlink_register(void)
{
	rdma_link_register(&vrdma_link_ops);
}

void vrdma_netlink_unregister(void)
{
	rdma_link_unregister(&vrdma_link_ops);
}

MODULE_ALIAS_RDMA_LINK("vrdma");

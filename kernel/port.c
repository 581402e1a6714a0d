// SPDX-License-Identifier: GPL-2.0
/* The one port of a device: the netdev, as RDMA programs see it. */
#include "port.h"

#include <linux/if_arp.h>
#include <linux/netdevice.h>
#include <rdma/ib_mad.h>

#include "limits.h"
#include "resolver.h"
#include "vdev.h"

/* Does a device of another driver call @ndev its own port? */
static bool vrdma_port_of_hca(struct net_device *ndev)
{
	struct ib_device *ibdev = ib_device_get_by_netdev(ndev, RDMA_DRIVER_UNKNOWN);
	bool hca;

	if (!ibdev)
		return false;
	hca = !vrdma_device_is_ours(ibdev);
	ib_device_put(ibdev);
	return hca;
}

/**
 * vrdma_port_check - tell what ib_core could not work with
 * @ndev: held
 *
 * ib_core fills GID tables from Ethernet netdevs only, and knows two devices of
 * one netdev apart in no way that rdma_cm would respect.
 */
int vrdma_port_check(struct net_device *ndev)
{
	if (ndev->type != ARPHRD_ETHER)	/* loopback, tun, InfiniBand */
		return -EOPNOTSUPP;
	if (vrdma_port_of_hca(ndev))
		return -EBUSY;
	return 0;
}

enum ib_port_state vrdma_port_state(const struct vrdma_device *dev)
{
	if (netif_running(dev->ndev) && netif_carrier_ok(dev->ndev))
		return IB_PORT_ACTIVE;
	return IB_PORT_DOWN;
}

/**
 * vrdma_port_update - follow the netdev
 * @dev: in its namespace's list, whose lock is held
 *
 * Kernels that announce netdev changes themselves announce them twice then.
 */
void vrdma_port_update(struct vrdma_device *dev)
{
	enum ib_port_state state = vrdma_port_state(dev);
	struct ib_event event = {
		.device = &dev->ibdev,
		.element.port_num = 1,
		.event = state == IB_PORT_ACTIVE ? IB_EVENT_PORT_ACTIVE :
						   IB_EVENT_PORT_ERR,
	};

	if (state == dev->port_state)
		return;
	dev->port_state = state;
	if (state != IB_PORT_ACTIVE)
		vrdma_resolver_changed(dev);
	if (!ib_device_try_get(&dev->ibdev))
		return;
	ib_dispatch_event(&event);
	ib_device_put(&dev->ibdev);
}

/* Never takes rtnl: ib_core asks in contexts that hold what rtnl's holder waits for. */
int vrdma_query_port(struct ib_device *ibdev, u32 port, struct ib_port_attr *attr)
{
	struct vrdma_device *dev = to_vdev(ibdev);

	attr->state = vrdma_port_state(dev);
	if (attr->state == IB_PORT_ACTIVE)
		attr->phys_state = IB_PORT_PHYS_STATE_LINK_UP;
	else if (netif_running(dev->ndev))
		attr->phys_state = IB_PORT_PHYS_STATE_POLLING;
	else
		attr->phys_state = IB_PORT_PHYS_STATE_DISABLED;
	attr->max_mtu = IB_MTU_4096;
	attr->active_mtu = IB_MTU_4096;
	attr->phys_mtu = VRDMA_UD_MTU;
	attr->gid_tbl_len = VRDMA_GID_TABLE;
	attr->ip_gids = true;
	attr->port_cap_flags = IB_PORT_CM_SUP;
	attr->max_msg_sz = VRDMA_MAX_MSG;
	attr->pkey_tbl_len = VRDMA_PKEY_TABLE;
	attr->max_vl_num = 1;
	/* 100 Gb/s: about what one processor copies. */
	attr->active_width = IB_WIDTH_4X;
	attr->active_speed = IB_SPEED_EDR;
	return 0;
}

int vrdma_query_pkey(struct ib_device *ibdev, u32 port, u16 index, u16 *pkey)
{
	if (index >= VRDMA_PKEY_TABLE)
		return -EINVAL;
	*pkey = IB_DEFAULT_PKEY_FULL;
	return 0;
}

int vrdma_get_port_immutable(struct ib_device *ibdev, u32 port,
			     struct ib_port_immutable *immutable)
{
	immutable->core_cap_flags = RDMA_CORE_PORT_IBA_ROCE_UDP_ENCAP;
	immutable->gid_tbl_len = VRDMA_GID_TABLE;
	immutable->pkey_tbl_len = VRDMA_PKEY_TABLE;
	immutable->max_mad_size = IB_MGMT_MAD_SIZE;
	return 0;
}

enum rdma_link_layer vrdma_get_link_layer(struct ib_device *ibdev, u32 port)
{
	return IB_LINK_LAYER_ETHERNET;
}

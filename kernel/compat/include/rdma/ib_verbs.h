/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_COMPAT_RDMA_IB_VERBS_H
#define _VRDMA_COMPAT_RDMA_IB_VERBS_H

#include_next <rdma/ib_verbs.h>

#ifndef HAVE_REG_USER_MR_DMAH
struct ib_dmah;
#endif

#ifndef HAVE_IB_ALLOC_DEVICE_WITH_NET
#include <net/net_namespace.h>

/*
 * A fresh device sits in init_net, where shared mode wants it; that another
 * namespace has no access tells exclusive mode.  @dev: its first member is the
 * ib_device, as ib_alloc_device() demands.
 */
static inline void *compat_ib_device_place(void *dev, struct net *net)
{
	struct ib_device *ibdev = dev;

	if (ibdev && !net_eq(net, &init_net) && !rdma_dev_access_netns(ibdev, net))
		write_pnet(&ibdev->coredev.rdma_net, net);
	return dev;
}

#define ib_alloc_device_with_net(drv_struct, member, net)		\
	compat_ib_device_place(ib_alloc_device(drv_struct, member), net)
#endif

/*
 * Before 6.2 the core knows neither FLUSH nor ATOMIC_WRITE: no region is granted the right, and
 * no device says so.
 */
#ifndef HAVE_IB_FLUSH
#define IB_ACCESS_FLUSH_GLOBAL		BIT(8)
#define IB_ACCESS_FLUSH_PERSISTENT	BIT(9)
#define IB_DEVICE_FLUSH_GLOBAL		0
#define IB_DEVICE_ATOMIC_WRITE		0
#define IB_WC_FLUSH			8
#define IB_WC_ATOMIC_WRITE		9
#endif

#ifndef HAVE_IB_MARK_NAME_ASSIGNED_BY_USER
#define ib_mark_name_assigned_by_user(ibdev)	((void)(ibdev))
#endif

#endif /* _VRDMA_COMPAT_RDMA_IB_VERBS_H */

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
 * namespace has no access tells exclusive mode.
 */
static inline void compat_ib_device_place(struct ib_device *ibdev, struct net *net)
{
	if (!net_eq(net, &init_net) && !rdma_dev_access_netns(ibdev, net))
		write_pnet(&ibdev->coredev.rdma_net, net);
}

#define ib_alloc_device_with_net(drv_struct, member, where) ({		\
	struct drv_struct *_dev = ib_alloc_device(drv_struct, member);	\
									\
	if (_dev)							\
		compat_ib_device_place(&_dev->member, where);		\
	_dev;								\
})
#endif

#ifndef HAVE_IB_MARK_NAME_ASSIGNED_BY_USER
#define ib_mark_name_assigned_by_user(ibdev)	((void)(ibdev))
#endif

#endif /* _VRDMA_COMPAT_RDMA_IB_VERBS_H */

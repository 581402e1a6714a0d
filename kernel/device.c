// SPDX-License-Identifier: GPL-2.0
/* The life of a device. */
#include "device.h"

#include <linux/random.h>
#include <linux/slab.h>
#include <rdma/ib_verbs.h>

#include "hca.h"
#include "join.h"
#include "limits.h"
#include "netns.h"
#include "port.h"
#include "resolver.h"
#include "send.h"
#include "ucontext.h"
#include "ud.h"
#include "vdev.h"

#define VRDMA_XA_FLAGS	(XA_FLAGS_ALLOC | XA_FLAGS_LOCK_IRQ | XA_FLAGS_ACCOUNT)

/* A random EUI-64, locally administered: a MAC may be shared (ipvlan). */
static __be64 vrdma_device_guid(const struct vrdma_device *dev)
{
	return cpu_to_be64((dev->id & ~(3ULL << 56)) | (2ULL << 56));
}

int vrdma_query_device(struct ib_device *ibdev, struct ib_device_attr *attr,
		       struct ib_udata *udata)
{
	if (udata && (udata->inlen || udata->outlen))
		return -EINVAL;

	*attr = (struct ib_device_attr) {
		.sys_image_guid = ibdev->node_guid,
		.max_mr_size = VRDMA_MAX_MR_SIZE,
		.page_size_cap = PAGE_SIZE,
		.device_cap_flags = IB_DEVICE_RC_RNR_NAK_GEN |
				    IB_DEVICE_PORT_ACTIVE_EVENT |
				    IB_DEVICE_SYS_IMAGE_GUID |
				    IB_DEVICE_SRQ_RESIZE |
				    IB_DEVICE_MEM_MGT_EXTENSIONS |
				    IB_DEVICE_MEM_WINDOW |
				    IB_DEVICE_MEM_WINDOW_TYPE_2B |
				    IB_DEVICE_FLUSH_GLOBAL |
				    IB_DEVICE_ATOMIC_WRITE,
		.vendor_id = 0xffffff,	/* nobody's: what software devices show */
		.timestamp_mask = U64_MAX,
		.hca_core_clock = NSEC_PER_MSEC,	/* kHz: of ktime_get_ns() */
		.kernel_cap_flags = IBK_ALLOW_USER_UNREG | IBK_LOCAL_DMA_LKEY,
		.max_qp = VRDMA_MAX_QP,
		.max_qp_wr = VRDMA_MAX_QP_WR,
		.max_send_sge = VRDMA_MAX_SGE,
		.max_recv_sge = VRDMA_MAX_SGE,
		.max_sge_rd = VRDMA_MAX_SGE,
		.max_cq = VRDMA_MAX_CQ,
		.max_cqe = VRDMA_MAX_CQE,
		.max_mr = VRDMA_MAX_MR,
		.max_mw = VRDMA_MAX_MW,
		.max_fast_reg_page_list_len = VRDMA_MAX_FAST_PAGES,
		.max_pd = VRDMA_MAX_PD,
		.max_qp_rd_atom = VRDMA_MAX_RD_ATOMIC,
		.max_qp_init_rd_atom = VRDMA_MAX_RD_ATOMIC,
		.max_res_rd_atom = VRDMA_MAX_RD_ATOMIC * VRDMA_MAX_QP,
		.atomic_cap = IB_ATOMIC_HCA,
		.max_mcast_grp = VRDMA_MAX_GROUPS,
		.max_mcast_qp_attach = VRDMA_MAX_GROUP_QPS,
		.max_total_mcast_qp_attach = VRDMA_MAX_ATTACHED,
		.max_ah = VRDMA_MAX_AH,
		.max_srq = VRDMA_MAX_SRQ,
		.max_srq_wr = VRDMA_MAX_SRQ_WR,
		.max_srq_sge = VRDMA_MAX_SGE,
		.max_pkeys = VRDMA_PKEY_TABLE,
	};
	return 0;
}

static void vrdma_device_init(struct vrdma_device *dev, struct net_device *ndev)
{
	dev->ndev = ndev;
	netdev_hold(ndev, &dev->tracker, GFP_KERNEL); /* put in vrdma_device_exit() */
	get_random_bytes(&dev->id, sizeof(dev->id));
	get_random_bytes(&dev->secret, sizeof(dev->secret));

	xa_init_flags(&dev->qps, VRDMA_XA_FLAGS);
	xa_init_flags(&dev->places, VRDMA_XA_FLAGS);
	xa_init_flags(&dev->ahs, VRDMA_XA_FLAGS);
	INIT_LIST_HEAD(&dev->netns_node);
	spin_lock_init(&dev->ready_lock);
	INIT_LIST_HEAD(&dev->ready);
	INIT_WORK(&dev->work, vrdma_send_worker);
	dev->port_state = vrdma_port_state(dev);

	dev->ibdev.node_type = RDMA_NODE_IB_CA;
	dev->ibdev.phys_port_cnt = 1;
	dev->ibdev.node_guid = vrdma_device_guid(dev);
	dev->ibdev.num_comp_vectors = num_online_cpus();
	dev->ibdev.local_dma_lkey = 0;	/* kernel queues take it, users' do not */
	dev->ibdev.driver_def = vrdma_uapi;
	strscpy(dev->ibdev.node_desc, "vrdma", sizeof(dev->ibdev.node_desc));
	ib_mark_name_assigned_by_user(&dev->ibdev);
}

static void vrdma_device_exit(struct vrdma_device *dev)
{
	WARN_ON(!xa_empty(&dev->qps) || !xa_empty(&dev->places) || !xa_empty(&dev->ahs));
	vrdma_hca_netdev_changed(dev->ndev);
	netdev_put(dev->ndev, &dev->tracker);
}

/*
 * A device that ib_core does not know yet.  Once it has its ops,
 * ib_dealloc_device() undoes everything through vrdma_dealloc_driver().
 */
static struct vrdma_device *vrdma_device_alloc(struct net_device *ndev)
{
	struct vrdma_device *dev;
	int ret = -ENOMEM;

	dev = ib_alloc_device_with_net(vrdma_device, ibdev, dev_net(ndev));
	if (!dev)
		return ERR_PTR(-ENOMEM);
	vrdma_device_init(dev, ndev);

	dev->stats = alloc_percpu(struct vrdma_stats);
	if (!dev->stats)
		goto err_exit;
	ret = vrdma_joins_create(dev);
	if (ret)
		goto err_free_stats;
	ret = vrdma_resolver_create(dev);
	if (ret)
		goto err_destroy_joins;
	ret = vrdma_ud_create(dev);
	if (ret)
		goto err_destroy_resolver;
	vrdma_devices_add(dev);
	ib_set_device_ops(&dev->ibdev, &vrdma_device_ops);
	return dev;

err_destroy_resolver:
	vrdma_resolver_stop(dev);
	vrdma_resolver_destroy(dev);
err_destroy_joins:
	vrdma_joins_destroy(dev);
err_free_stats:
	free_percpu(dev->stats);
err_exit:
	vrdma_device_exit(dev);
	ib_dealloc_device(&dev->ibdev);
	return ERR_PTR(ret);
}

/**
 * vrdma_dealloc_driver - take a device apart; ib_core then frees it
 * @ibdev: has no users, queues or memory any more
 *
 * First everything that could start something, last what a namespace that ends
 * waits for.
 */
void vrdma_dealloc_driver(struct ib_device *ibdev)
{
	struct vrdma_device *dev = to_vdev(ibdev);

	vrdma_devices_remove(dev);
	vrdma_ud_stop(dev);
	vrdma_resolver_stop(dev);
	cancel_work_sync(&dev->work);

	vrdma_ud_destroy(dev);
	vrdma_resolver_destroy(dev);
	vrdma_joins_destroy(dev);
	free_percpu(dev->stats);
	vrdma_device_exit(dev);
	vrdma_netns_remove(dev);
}

/**
 * vrdma_device_kill - end a device
 * @dev: may be under registration, moving to another namespace, or dying
 *
 * Any context in which @dev cannot go away: it has a reference or is in its
 * namespace's list, whose lock is held.  No reference can be had when the device
 * is dying, or when ib_core is about to call vrdma_enable_driver().
 */
void vrdma_device_kill(struct vrdma_device *dev)
{
	if (test_and_set_bit(VRDMA_DEVICE_KILLED, &dev->flags))
		return;
	if (!ib_device_try_get(&dev->ibdev))
		return;
	ib_unregister_device_queued(&dev->ibdev);
	ib_device_put(&dev->ibdev);
}

/**
 * vrdma_enable_driver - a device becomes visible, for the first time or again
 * @ibdev: can be had references of since a moment
 *
 * Finishes what vrdma_device_kill() could not do before.
 */
int vrdma_enable_driver(struct ib_device *ibdev)
{
	smp_mb(); /* pairs with test_and_set_bit() in vrdma_device_kill() */
	if (test_bit(VRDMA_DEVICE_KILLED, &to_vdev(ibdev)->flags))
		ib_unregister_device_queued(ibdev);
	return 0;
}

/**
 * vrdma_device_create - make and register the device of a netdev
 * @name: of the device; unique in the host
 * @ndev: held by the caller; its namespace does not end meanwhile
 *
 * Process context without rtnl.  Return: 0 or -errno, as docs/operating.md lists.
 */
int vrdma_device_create(const char *name, struct net_device *ndev)
{
	struct vrdma_device *dev;
	int ret;

	ret = vrdma_port_check(ndev);
	if (ret)
		return ret;
	dev = vrdma_device_alloc(ndev);
	if (IS_ERR(dev))
		return PTR_ERR(dev);

	ret = ib_device_set_netdev(&dev->ibdev, ndev, 1);
	if (ret)
		goto err_dealloc;
	ret = vrdma_netns_add(dev);
	if (ret)
		goto err_dealloc;
	ret = ib_register_device(&dev->ibdev, name, NULL);
	if (ret)
		goto err_dealloc;
	vrdma_hca_netdev_changed(ndev);
	return 0;	/* @dev may be gone already */

err_dealloc:
	ib_dealloc_device(&dev->ibdev);
	return ret == -ENFILE ? -EEXIST : ret;	/* ib_core's word for a name in use */
}

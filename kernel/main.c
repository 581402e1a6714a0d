// SPDX-License-Identifier: GPL-2.0
/* The module's beginning and end. */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/workqueue.h>
#include <rdma/ib_verbs.h>
#include <rdma/vrdma-abi.h>

#include "binding.h"
#include "channel.h"
#include "hca.h"
#include "netlink.h"
#include "netns.h"
#include "remote.h"
#include "resolver.h"
#include "vdev.h"

static int __init vrdma_init(void)
{
	int ret;

	vrdma_wq = alloc_workqueue("vrdma", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	if (!vrdma_wq)
		return -ENOMEM;
	vrdma_debugfs = debugfs_create_dir(KBUILD_MODNAME, NULL);
	vrdma_devices_init();
	ret = vrdma_resolver_init();
	if (ret)
		goto err_debugfs;
	vrdma_channel_init();
	ret = vrdma_remote_init();
	if (ret)
		goto err_resolver;
	ret = vrdma_hca_init();
	if (ret)
		goto err_remote;
	ret = vrdma_netns_register();
	if (ret)
		goto err_hca;
	vrdma_netlink_register();
	return 0;

err_hca:
	vrdma_channel_exit();
	vrdma_hca_exit();
err_remote:
	vrdma_remote_exit();
err_resolver:
	vrdma_resolver_exit();
err_debugfs:
	debugfs_remove(vrdma_debugfs);
	destroy_workqueue(vrdma_wq);
	return ret;
}

/* Nobody new, end all in parallel, wait for the last; then what they stood on. */
static void __exit vrdma_exit(void)
{
	vrdma_netlink_unregister();
	vrdma_netns_kill_all();
	ib_unregister_driver((enum rdma_driver_id)VRDMA_DRIVER_ID);
	vrdma_netns_unregister();
	vrdma_channel_exit();
	vrdma_hca_exit();
	vrdma_remote_exit();
	vrdma_resolver_exit();
	debugfs_remove(vrdma_debugfs);
	destroy_workqueue(vrdma_wq);
	rcu_barrier();
}

module_init(vrdma_init);
module_exit(vrdma_exit);

MODULE_DESCRIPTION("A virtual RDMA device for every network namespace");
MODULE_LICENSE("GPL");

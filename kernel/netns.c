// SPDX-License-Identifier: GPL-2.0
/* The devices of each network namespace, and what happens to it and its netdevs. */
#include "netns.h"

#include <linux/inetdevice.h>
#include <linux/netdevice.h>
#include <linux/nsproxy.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <net/addrconf.h>
#include <net/if_inet6.h>
#include <net/netns/generic.h>

#include "device.h"
#include "hca.h"
#include "port.h"
#include "resolver.h"
#include "vdev.h"

/**
 * struct vrdma_netns - devices of one namespace
 * @devices: whose netdev was in it when they were made; under vrdma_netns_lock
 */
struct vrdma_netns {
	struct list_head devices;
};

static unsigned int vrdma_netns_id;
static DECLARE_WAIT_QUEUE_HEAD(vrdma_netns_empty); /* a device has left its list */
/*
 * Protects every list and the port_state of those in them: a device in a list
 * is not freed.  Under it: what vrdma_device_kill() and ib_dispatch_event() take.
 */
static DEFINE_SPINLOCK(vrdma_netns_lock);

static struct vrdma_netns *vrdma_netns_of(const struct net *net)
{
	return net_generic(net, vrdma_netns_id);
}

/* The live device of a netdev, under vrdma_netns_lock. */
static struct vrdma_device *vrdma_netns_find(const struct net_device *ndev)
{
	struct vrdma_device *dev;

	list_for_each_entry(dev, &vrdma_netns_of(dev_net(ndev))->devices, netns_node) {
		if (dev->ndev == ndev && !test_bit(VRDMA_DEVICE_KILLED, &dev->flags))
			return dev;
	}
	return NULL;
}

/**
 * vrdma_netns_add - make a device known to its namespace
 * @dev: about to be registered
 *
 * From now on it dies with its netdev and its namespace.  Takes rtnl: the netdev
 * cannot begin to unregister unseen.
 *
 * Return: 0, -ENODEV (the netdev is going) or -EEXIST (it has a device).
 */
int vrdma_netns_add(struct vrdma_device *dev)
{
	int ret = 0;

	rtnl_lock();
	spin_lock_bh(&vrdma_netns_lock);
	if (dev->ndev->reg_state != NETREG_REGISTERED)
		ret = -ENODEV;
	else if (vrdma_netns_find(dev->ndev))
		ret = -EEXIST;
	else
		list_add_tail(&dev->netns_node,
			      &vrdma_netns_of(dev_net(dev->ndev))->devices);
	spin_unlock_bh(&vrdma_netns_lock);
	rtnl_unlock();
	return ret;
}

/**
 * vrdma_netns_remove - the last step of a device
 * @dev: added, or not
 *
 * Afterwards nothing of the device needs the namespace.
 */
void vrdma_netns_remove(struct vrdma_device *dev)
{
	spin_lock_bh(&vrdma_netns_lock);
	list_del_init(&dev->netns_node);
	spin_unlock_bh(&vrdma_netns_lock);
	wake_up_all(&vrdma_netns_empty);
}

static void vrdma_netns_kill(struct net *net)
{
	struct vrdma_device *dev;

	spin_lock_bh(&vrdma_netns_lock);
	list_for_each_entry(dev, &vrdma_netns_of(net)->devices, netns_node)
		vrdma_device_kill(dev);
	spin_unlock_bh(&vrdma_netns_lock);
}

void vrdma_netns_kill_all(void)
{
	struct net *net;

	down_read(&net_rwsem);
	for_each_net(net)
		vrdma_netns_kill(net);
	up_read(&net_rwsem);
}

bool vrdma_netns_is_mine(const struct vrdma_device *dev)
{
	return net_eq(current->nsproxy->net_ns, dev_net(dev->ndev));
}

static bool vrdma_netns_is_empty(struct net *net)
{
	bool empty;

	spin_lock_bh(&vrdma_netns_lock);
	empty = list_empty(&vrdma_netns_of(net)->devices);
	spin_unlock_bh(&vrdma_netns_lock);
	return empty;
}

static int __net_init vrdma_netns_net_init(struct net *net)
{
	INIT_LIST_HEAD(&vrdma_netns_of(net)->devices);
	return 0;
}

/* Before anybody's exit, and before netdevs go: all devices end in parallel. */
static void __net_exit vrdma_netns_net_pre_exit(struct net *net)
{
	vrdma_netns_kill(net);
}

/* Registered after ib_core's: it finds no device of ours to move to init_net. */
static void __net_exit vrdma_netns_net_exit(struct net *net)
{
	wait_event(vrdma_netns_empty, vrdma_netns_is_empty(net));
}

static struct pernet_operations vrdma_netns_ops = {
	.init = vrdma_netns_net_init,
	.pre_exit = vrdma_netns_net_pre_exit,
	.exit = vrdma_netns_net_exit,
	.id = &vrdma_netns_id,
	.size = sizeof(struct vrdma_netns),
};

static int vrdma_netns_netdev_event(struct notifier_block *nb, unsigned long event,
				    void *ptr)
{
	struct net_device *ndev = netdev_notifier_info_to_dev(ptr);
	struct vrdma_device *dev;

	if (event == NETDEV_CHANGEUPPER || event == NETDEV_UP || event == NETDEV_DOWN)
		vrdma_hca_netdev_changed(ndev);
	if (event != NETDEV_UNREGISTER && event != NETDEV_UP &&
	    event != NETDEV_DOWN && event != NETDEV_CHANGE)
		return NOTIFY_DONE;

	spin_lock_bh(&vrdma_netns_lock);
	dev = vrdma_netns_find(ndev);
	if (dev && event == NETDEV_UNREGISTER) /* also when it moves to another namespace */
		vrdma_device_kill(dev);
	else if (dev)
		vrdma_port_update(dev);
	spin_unlock_bh(&vrdma_netns_lock);
	return NOTIFY_DONE;
}

/* An address came or went. */
static void vrdma_netns_addresses_changed(const struct net_device *ndev)
{
	struct vrdma_device *dev;

	vrdma_hca_netdev_changed(ndev);
	spin_lock_bh(&vrdma_netns_lock);
	dev = vrdma_netns_find(ndev);
	if (dev)
		vrdma_resolver_changed(dev);
	spin_unlock_bh(&vrdma_netns_lock);
}

static int vrdma_netns_inetaddr_event(struct notifier_block *nb, unsigned long event,
				      void *ptr)
{
	const struct in_ifaddr *ifa = ptr;

	vrdma_netns_addresses_changed(ifa->ifa_dev->dev);
	return NOTIFY_DONE;
}

/* Softirq context. */
static int vrdma_netns_inet6addr_event(struct notifier_block *nb, unsigned long event,
				       void *ptr)
{
	const struct inet6_ifaddr *ifa = ptr;

	vrdma_netns_addresses_changed(ifa->idev->dev);
	return NOTIFY_DONE;
}

static struct notifier_block vrdma_netns_netdev_nb = {
	.notifier_call = vrdma_netns_netdev_event,
};

static struct notifier_block vrdma_netns_inetaddr_nb = {
	.notifier_call = vrdma_netns_inetaddr_event,
};

static struct notifier_block vrdma_netns_inet6addr_nb = {
	.notifier_call = vrdma_netns_inet6addr_event,
};

int vrdma_netns_register(void)
{
	int ret;

	ret = register_pernet_device(&vrdma_netns_ops);
	if (ret)
		return ret;
	ret = register_netdevice_notifier(&vrdma_netns_netdev_nb);
	if (ret)
		goto err_pernet;
	ret = register_inetaddr_notifier(&vrdma_netns_inetaddr_nb);
	if (ret)
		goto err_netdevice;
	ret = register_inet6addr_notifier(&vrdma_netns_inet6addr_nb);
	if (ret)
		goto err_inetaddr;
	return 0;

err_inetaddr:
	unregister_inetaddr_notifier(&vrdma_netns_inetaddr_nb);
err_netdevice:
	unregister_netdevice_notifier(&vrdma_netns_netdev_nb);
err_pernet:
	unregister_pernet_device(&vrdma_netns_ops);
	return ret;
}

void vrdma_netns_unregister(void)
{
	unregister_inet6addr_notifier(&vrdma_netns_inet6addr_nb);
	unregister_inetaddr_notifier(&vrdma_netns_inetaddr_nb);
	unregister_netdevice_notifier(&vrdma_netns_netdev_nb);
	unregister_pernet_device(&vrdma_netns_ops);
}

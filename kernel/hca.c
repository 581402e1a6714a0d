// SPDX-License-Identifier: GPL-2.0
/* HCAs: which there are, and where they can be reached. */
#include "hca.h"

#include <linux/debugfs.h>
#include <linux/inetdevice.h>
#include <linux/netdevice.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <net/addrconf.h>
#include <net/ipv6.h>
#include <rdma/ib_addr.h>
#include <rdma/ib_cache.h>
#include <rdma/vrdma-abi.h>

#include "channel.h"
#include "limits.h"
#include "listen.h"
#include "rnet.h"
#include "vdev.h"

static LIST_HEAD(vrdma_hcas);
static DEFINE_SPINLOCK(vrdma_hcas_lock); /* protects vrdma_hcas, their dead and addresses */

static struct ib_client vrdma_hca_client;

struct workqueue_struct *vrdma_hca_wq;

static void vrdma_hcas_look(struct work_struct *work);
static DECLARE_DELAYED_WORK(vrdma_hcas_work, vrdma_hcas_look);

#define VRDMA_IPV4_BITS	96	/* before an IPv4 address in a GID */

void vrdma_gid_show(struct seq_file *file, const union ib_gid *gid)
{
	if (vrdma_gid_is_ipv4(gid))
		seq_printf(file, " %pI4", gid->raw + 12);
	else
		seq_printf(file, " %pI6c", gid->raw);
}

void vrdma_hca_sockaddr(struct sockaddr_storage *addr, const union ib_gid *gid, u16 port)
{
	memset(addr, 0, sizeof(*addr));
	rdma_gid2ip((struct sockaddr *)addr, gid);
	if (addr->ss_family == AF_INET)
		((struct sockaddr_in *)addr)->sin_port = htons(port);
	else
		((struct sockaddr_in6 *)addr)->sin6_port = htons(port);
}

static bool vrdma_hca_is_usable(struct ib_device *ibdev)
{
	return !vrdma_device_is_ours(ibdev) && rdma_dev_access_netns(ibdev, &init_net) &&
	       ibdev->attrs.device_cap_flags & IB_DEVICE_MEM_MGT_EXTENSIONS;
}

static const struct in6_addr *vrdma_gid_ip(const union ib_gid *gid)
{
	return (const struct in6_addr *)gid->raw;
}

static bool vrdma_hca_same_network(const struct vrdma_hca_address *a,
				   const struct vrdma_hca_address *b)
{
	return a->bits == b->bits &&
	       ipv6_prefix_equal(vrdma_gid_ip(&a->prefix), vrdma_gid_ip(&b->prefix), a->bits);
}

static bool vrdma_hca_has_network(const struct vrdma_hca_address *list, unsigned int nr,
				  const struct vrdma_hca_address *address)
{
	while (nr--)
		if (vrdma_hca_same_network(&list[nr], address))
			return true;
	return false;
}

/* Make room for an address of a network of its own: another network has two. */
static void vrdma_hca_replace_address(struct vrdma_hca_addresses *list,
				      const struct vrdma_hca_address *address)
{
	unsigned int i = list->nr;

	if (vrdma_hca_has_network(list->at, list->nr, address))
		return;
	while (--i)
		if (vrdma_hca_has_network(list->at, i, &list->at[i]))
			break;
	if (i)
		list->at[i] = *address;
}

static void vrdma_hca_add_address(struct vrdma_hca_addresses *list, const union ib_gid *gid,
				  const union ib_gid *prefix, u8 bits)
{
	struct vrdma_hca_address address = {
		.gid = *gid,
		.prefix = *prefix,
		.bits = bits,
	};
	unsigned int i;

	for (i = 0; i < list->nr; i++)
		if (!memcmp(&list->at[i].gid, gid, sizeof(*gid)))
			return;
	if (list->nr < VRDMA_HCA_ADDRESSES) {
		list->at[list->nr++] = address;
		return;
	}
	list->left_out++;
	vrdma_hca_replace_address(list, &address);
}

static void vrdma_gid_set_ipv4(union ib_gid *gid, __be32 addr)
{
	ipv6_addr_set_v4mapped(addr, (struct in6_addr *)gid->raw);
}

/* Addresses of @ndev: the one that @only is, or all. */
static void vrdma_hca_read_ipv4(struct vrdma_hca_addresses *list, struct net_device *ndev,
				const union ib_gid *only)
{
	struct in_device *in_dev = __in_dev_get_rcu(ndev);
	union ib_gid gid, prefix;
	struct in_ifaddr *ifa;

	if (!in_dev)
		return;
	in_dev_for_each_ifa_rcu(ifa, in_dev) {
		vrdma_gid_set_ipv4(&gid, ifa->ifa_local);
		vrdma_gid_set_ipv4(&prefix, ifa->ifa_address);
		if (ipv4_is_loopback(ifa->ifa_local))
			continue;
		if (!only || !memcmp(only, &gid, sizeof(gid)))
			vrdma_hca_add_address(list, &gid, &prefix,
					      VRDMA_IPV4_BITS + ifa->ifa_prefixlen);
	}
}

static void vrdma_hca_read_ipv6(struct vrdma_hca_addresses *list, struct net_device *ndev,
				const union ib_gid *only)
{
	struct inet6_dev *in6_dev = __in6_dev_get(ndev);
	struct inet6_ifaddr *ifp;
	union ib_gid gid;

	if (!in6_dev)
		return;
	list_for_each_entry_rcu(ifp, &in6_dev->addr_list, if_list) {
		memcpy(&gid, &ifp->addr, sizeof(gid));
		if (!(ipv6_addr_type(&ifp->addr) & IPV6_ADDR_UNICAST) ||
		    ipv6_addr_type(&ifp->addr) & (IPV6_ADDR_LINKLOCAL | IPV6_ADDR_LOOPBACK))
			continue;
		if (!only || !memcmp(only, &gid, sizeof(gid)))
			vrdma_hca_add_address(list, &gid, &gid, ifp->prefix_len);
	}
}

/*
 * The GIDs of an HCA are also addresses of what lies above its netdev.  What is in
 * another namespace or carries a device of ours is for virtual devices, and what is
 * down leads nowhere.
 */
static bool vrdma_hca_ndev_is_physical(struct net_device *ndev)
{
	struct ib_device *ours;

	if (!net_eq(dev_net(ndev), &init_net) || !netif_running(ndev))
		return false;
	ours = ib_device_get_by_netdev(ndev, (enum rdma_driver_id)VRDMA_DRIVER_ID);
	if (ours)
		ib_device_put(ours);
	return !ours;
}

static void vrdma_hca_read_gid(struct vrdma_hca_addresses *list,
			       const struct ib_gid_attr *attr, bool iwarp)
{
	struct net_device *ndev;

	rcu_read_lock();
	ndev = rcu_dereference(attr->ndev);
	if (ndev && vrdma_hca_ndev_is_physical(ndev)) {
		vrdma_hca_read_ipv4(list, ndev, iwarp ? NULL : &attr->gid);
		vrdma_hca_read_ipv6(list, ndev, iwarp ? NULL : &attr->gid);
	}
	rcu_read_unlock();
}

/* RoCE: each GID that is an address.  iWARP: the one GID leads to the netdev. */
static void vrdma_hca_read_port(struct vrdma_hca_addresses *list, struct ib_device *ibdev,
				u32 port)
{
	bool iwarp = rdma_protocol_iwarp(ibdev, port);
	const struct ib_gid_attr *attr;
	int i;

	if (!iwarp && !rdma_protocol_roce_udp_encap(ibdev, port))
		return;
	for (i = 0; i < ibdev->port_data[port].immutable.gid_tbl_len; i++) {
		attr = rdma_get_gid_attr(ibdev, port, i);
		if (IS_ERR(attr))
			continue;
		if (iwarp || attr->gid_type == IB_GID_TYPE_ROCE_UDP_ENCAP)
			vrdma_hca_read_gid(list, attr, iwarp);
		rdma_put_gid_attr(attr);
	}
}

/* @second: it is not the first one of its network. */
static void vrdma_hca_choose(struct vrdma_hca_addresses *list, unsigned int i, bool second,
			     unsigned int *nr)
{
	if (i < list->nr && vrdma_hca_has_network(list->at, i, &list->at[i]) == second)
		list->at[i].told = (*nr)++ < VRDMA_WIRE_HCAS;
}

/* Choose what answers name: all networks of all HCAs first, in turn. */
static void vrdma_hcas_choose(void)
{
	struct vrdma_hca *hca;
	unsigned int nr = 0;
	unsigned int i;

	lockdep_assert_held(&vrdma_hcas_lock);
	for (i = 0; i < VRDMA_HCA_ADDRESSES; i++)
		list_for_each_entry(hca, &vrdma_hcas, node)
			vrdma_hca_choose(&hca->addresses, i, false, &nr);
	for (i = 0; i < VRDMA_HCA_ADDRESSES; i++)
		list_for_each_entry(hca, &vrdma_hcas, node)
			vrdma_hca_choose(&hca->addresses, i, true, &nr);
}

static void vrdma_hca_work(struct work_struct *work)
{
	struct vrdma_hca *hca = container_of(to_delayed_work(work), struct vrdma_hca, work);
	struct vrdma_hca_addresses list = {};
	u32 port;

	rdma_for_each_port(hca->ibdev, port)
		vrdma_hca_read_port(&list, hca->ibdev, port);

	spin_lock(&vrdma_hcas_lock);
	hca->addresses = list;
	vrdma_hcas_choose();
	spin_unlock(&vrdma_hcas_lock);
	/* An address may still be another's. */
	if (!vrdma_listen_update(hca))
		queue_delayed_work(vrdma_hca_wq, &hca->work,
				   msecs_to_jiffies(VRDMA_LISTEN_RETRY_MS));
}

static void vrdma_hca_event(struct ib_event_handler *handler, struct ib_event *event)
{
	struct vrdma_hca *hca = container_of(handler, struct vrdma_hca, events);

	if (event->event == IB_EVENT_GID_CHANGE)
		mod_delayed_work(vrdma_hca_wq, &hca->work, 0);
}

/* All that is above or below a netdev may be an HCA's: let each look. */
static void vrdma_hcas_look(struct work_struct *work)
{
	struct vrdma_hca *hca;

	spin_lock(&vrdma_hcas_lock);
	list_for_each_entry(hca, &vrdma_hcas, node)
		mod_delayed_work(vrdma_hca_wq, &hca->work, 0);
	spin_unlock(&vrdma_hcas_lock);
}

void vrdma_hca_netdev_changed(const struct net_device *ndev)
{
	if (net_eq(dev_net(ndev), &init_net))
		queue_delayed_work(vrdma_hca_wq, &vrdma_hcas_work,
				   msecs_to_jiffies(VRDMA_HCA_LOOK_MS));
}

unsigned int vrdma_hca_told(union ib_gid *gids)
{
	const struct vrdma_hca *hca;
	unsigned int nr = 0;
	unsigned int i;

	spin_lock(&vrdma_hcas_lock);
	list_for_each_entry(hca, &vrdma_hcas, node)
		for (i = 0; i < hca->addresses.nr && nr < VRDMA_WIRE_HCAS; i++)
			if (hca->addresses.at[i].told)
				gids[nr++] = hca->addresses.at[i].gid;
	spin_unlock(&vrdma_hcas_lock);
	return nr;
}

static bool vrdma_hca_reaches(const struct vrdma_hca_address *address, const union ib_gid *to)
{
	return ipv6_prefix_equal(vrdma_gid_ip(&address->prefix), vrdma_gid_ip(to),
				 address->bits);
}

/* Its own address reaches an HCA best. */
static const struct vrdma_hca_address *vrdma_hca_address_to(const struct vrdma_hca *hca,
							    const union ib_gid *to)
{
	const struct vrdma_hca_address *best = NULL;
	const struct vrdma_hca_address *address;
	unsigned int i;

	for (i = 0; i < hca->addresses.nr; i++) {
		address = &hca->addresses.at[i];
		if (!address->told)
			continue;
		if (!memcmp(&address->gid, to, sizeof(*to)))
			return address;
		if (!best && vrdma_hca_reaches(address, to))
			best = address;
	}
	return best;
}

struct vrdma_hca *vrdma_hca_get_to(const struct vrdma_hca *only, const union ib_gid *to,
				   union ib_gid *from)
{
	const struct vrdma_hca_address *address;
	struct vrdma_hca *found = NULL;
	struct vrdma_hca *hca;

	spin_lock(&vrdma_hcas_lock);
	list_for_each_entry(hca, &vrdma_hcas, node) {
		address = only && hca != only ? NULL : vrdma_hca_address_to(hca, to);
		if (!address || (found && memcmp(&address->gid, to, sizeof(*to))))
			continue;
		found = hca;
		*from = address->gid;
	}
	if (found)
		refcount_inc(&found->refs);
	spin_unlock(&vrdma_hcas_lock);
	return found;
}

bool vrdma_hca_get(struct vrdma_hca *hca)
{
	bool alive;

	spin_lock(&vrdma_hcas_lock);
	alive = !hca->dead;
	if (alive)
		refcount_inc(&hca->refs);
	spin_unlock(&vrdma_hcas_lock);
	return alive;
}

void vrdma_hca_put(struct vrdma_hca *hca)
{
	if (refcount_dec_and_test(&hca->refs))
		complete(&hca->unused);
}

static struct vrdma_hca *vrdma_hca_alloc(struct ib_device *ibdev)
{
	struct vrdma_hca *hca;

	hca = kzalloc(sizeof(*hca), GFP_KERNEL);
	if (!hca)
		return NULL;
	hca->ibdev = ibdev;
	refcount_set(&hca->refs, 1); /* put in vrdma_hca_remove() */
	init_completion(&hca->unused);
	INIT_DELAYED_WORK(&hca->work, vrdma_hca_work);
	INIT_LIST_HEAD(&hca->listeners);
	INIT_IB_EVENT_HANDLER(&hca->events, ibdev, vrdma_hca_event);
	return hca;
}

/* ib_core holds its rwsems: what may take them, or rtnl, is left to the work. */
static int vrdma_hca_add(struct ib_device *ibdev)
{
	struct vrdma_hca *hca;

	if (!vrdma_hca_is_usable(ibdev))
		return -EOPNOTSUPP;
	hca = vrdma_hca_alloc(ibdev);
	if (!hca)
		return -ENOMEM;
	ib_set_client_data(ibdev, &vrdma_hca_client, hca);

	spin_lock(&vrdma_hcas_lock);
	list_add_tail(&hca->node, &vrdma_hcas);
	spin_unlock(&vrdma_hcas_lock);
	ib_register_event_handler(&hca->events);
	mod_delayed_work(vrdma_hca_wq, &hca->work, 0);
	return 0;
}

/* Nobody new, wait for those who use it, free it: the driver may go right after. */
static void vrdma_hca_remove(struct ib_device *ibdev, void *client_data)
{
	struct vrdma_hca *hca = client_data;

	ib_unregister_event_handler(&hca->events);
	spin_lock(&vrdma_hcas_lock);
	list_del(&hca->node);
	WRITE_ONCE(hca->dead, true);
	vrdma_hcas_choose();
	spin_unlock(&vrdma_hcas_lock);
	cancel_delayed_work_sync(&hca->work);
	vrdma_listen_stop(hca);
	vrdma_channels_leave(hca);

	vrdma_hca_put(hca);
	wait_for_completion(&hca->unused);
	kfree(hca);
}

static struct ib_client vrdma_hca_client = {
	.name = KBUILD_MODNAME,
	.add = vrdma_hca_add,
	.remove = vrdma_hca_remove,
};

static void vrdma_hca_show(struct seq_file *file, const struct vrdma_hca *hca)
{
	unsigned int untold = hca->addresses.left_out;
	unsigned int i;

	for (i = 0; i < hca->addresses.nr; i++)
		untold += !hca->addresses.at[i].told;
	seq_printf(file, "%s users %u refused %u untold %u", dev_name(&hca->ibdev->dev),
		   refcount_read(&hca->refs) - 1, atomic_read(&hca->refused), untold);
	for (i = 0; i < hca->addresses.nr; i++)
		if (hca->addresses.at[i].told)
			vrdma_gid_show(file, &hca->addresses.at[i].gid);
	seq_putc(file, '\n');
}

static int vrdma_hcas_show(struct seq_file *file, void *unused)
{
	const struct vrdma_hca *hca;

	spin_lock(&vrdma_hcas_lock);
	list_for_each_entry(hca, &vrdma_hcas, node)
		vrdma_hca_show(file, hca);
	spin_unlock(&vrdma_hcas_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(vrdma_hcas);

int vrdma_hca_init(void)
{
	int ret;

	/* Not for memory reclaim: rdma_cm waits for queues that are not, either. */
	vrdma_hca_wq = alloc_workqueue("vrdma_hca", WQ_UNBOUND, 0);
	if (!vrdma_hca_wq)
		return -ENOMEM;
	ret = ib_register_client(&vrdma_hca_client);
	if (ret) {
		destroy_workqueue(vrdma_hca_wq);
		return ret;
	}
	debugfs_create_file("hcas", 0400, vrdma_debugfs, NULL, &vrdma_hcas_fops);
	return 0;
}

void vrdma_hca_exit(void)
{
	debugfs_lookup_and_remove("hcas", vrdma_debugfs);
	cancel_delayed_work_sync(&vrdma_hcas_work);
	ib_unregister_client(&vrdma_hca_client);
	destroy_workqueue(vrdma_hca_wq);
}

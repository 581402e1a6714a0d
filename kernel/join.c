// SPDX-License-Identifier: GPL-2.0
/* The IP groups that devices are in: their netdevs join them as for any program. */
#include "join.h"

#include <linux/igmp.h>
#include <linux/inetdevice.h>
#include <linux/jhash.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/addrconf.h>

#include "resolver.h"
#include "rnet.h"
#include "route.h"
#include "vdev.h"

static u32 vrdma_join_hash(const union ib_gid *group)
{
	return jhash2((const u32 *)group->raw, sizeof(*group) / sizeof(u32), 0);
}

static struct net *vrdma_join_net(const struct vrdma_device *dev)
{
	return dev->resolver->rnet->net;
}

/* ---- the netdev's side ---- */

/* What counts members of @group on the netdev; NULL: it has no such family, or is gone. */
static void *vrdma_join_at(const struct vrdma_device *dev, const union ib_gid *group)
{
	ASSERT_RTNL();
	if (!net_eq(dev_net(dev->ndev), vrdma_join_net(dev)) ||
	    dev->ndev->reg_state != NETREG_REGISTERED)
		return NULL;
	if (vrdma_gid_is_ipv4(group))
		return __in_dev_get_rtnl(dev->ndev);
	return __in6_dev_get(dev->ndev);
}

static bool vrdma_join_is_in(struct in_device *in_dev, __be32 group)
{
	const struct ip_mc_list *im;

	for (im = rtnl_dereference(in_dev->mc_list); im; im = rtnl_dereference(im->next_rcu))
		if (im->multiaddr == group)
			return true;
	return false;
}

/* ip_mc_inc_group() does not say when it finds no memory. */
static int vrdma_join_ipv4(struct in_device *in_dev, __be32 group)
{
	ip_mc_inc_group(in_dev, group);
	return vrdma_join_is_in(in_dev, group) ? 0 : -ENOMEM;
}

static int vrdma_join_netdev(struct vrdma_device *dev, struct vrdma_join *join)
{
	void *at;
	int err;

	rtnl_lock();
	at = vrdma_join_at(dev, &join->group);
	if (!at)
		err = -ENODEV;
	else if (vrdma_gid_is_ipv4(&join->group))
		err = vrdma_join_ipv4(at, vrdma_gid_ipv4(&join->group));
	else
		err = ipv6_dev_mc_inc(dev->ndev, (struct in6_addr *)join->group.raw);
	rtnl_unlock();
	join->at = at;
	return err;
}

/* When the netdev has lost its addresses' home meanwhile it was counted out with that. */
static void vrdma_join_unjoin_netdev(struct vrdma_device *dev, struct vrdma_join *join)
{
	void *at;

	rtnl_lock();
	at = vrdma_join_at(dev, &join->group);
	if (at && at == join->at) {
		if (vrdma_gid_is_ipv4(&join->group))
			ip_mc_dec_group(at, vrdma_gid_ipv4(&join->group));
		else
			ipv6_dev_mc_dec(dev->ndev, (struct in6_addr *)join->group.raw);
	}
	rtnl_unlock();
}

/* ---- the device's side ---- */

struct vrdma_join *vrdma_join_find(struct vrdma_device *dev, const union ib_gid *group)
{
	struct vrdma_joins *joins = dev->joins;
	struct vrdma_join *join;

	hash_for_each_possible(joins->hash, join, node, vrdma_join_hash(group))
		if (!memcmp(&join->group, group, sizeof(*group)))
			return join;
	return NULL;
}

bool vrdma_joined(struct vrdma_device *dev, const union ib_gid *group)
{
	bool joined;

	spin_lock(&dev->joins->lock);
	joined = vrdma_join_find(dev, group);
	spin_unlock(&dev->joins->lock);
	return joined;
}

/**
 * vrdma_join_enter - join an IP group
 * @dev: not in it; its vrdma_joins::change is held
 * @join: with its group; found from now on
 *
 * Return: 0; -ENODEV: the netdev is going, or has no IPv4; what IPv6 says; -ENOMEM.
 */
int vrdma_join_enter(struct vrdma_device *dev, struct vrdma_join *join)
{
	int err;

	lockdep_assert_held(&dev->joins->change);
	err = vrdma_join_netdev(dev, join);
	if (err)
		return err;
	spin_lock(&dev->joins->lock);
	hash_add(dev->joins->hash, &join->node, vrdma_join_hash(&join->group));
	spin_unlock(&dev->joins->lock);
	return 0;
}

/**
 * vrdma_join_leave - leave an IP group
 * @dev: in it; its vrdma_joins::change is held
 * @join: nobody finds it afterwards
 */
void vrdma_join_leave(struct vrdma_device *dev, struct vrdma_join *join)
{
	lockdep_assert_held(&dev->joins->change);
	spin_lock(&dev->joins->lock);
	hash_del(&join->node);
	spin_unlock(&dev->joins->lock);
	vrdma_join_unjoin_netdev(dev, join);
}

int vrdma_joins_create(struct vrdma_device *dev)
{
	struct vrdma_joins *joins;

	joins = kzalloc(sizeof(*joins), GFP_KERNEL_ACCOUNT);
	if (!joins)
		return -ENOMEM;
	hash_init(joins->hash);
	mutex_init(&joins->change);
	spin_lock_init(&joins->lock);
	dev->joins = joins;
	return 0;
}

/**
 * vrdma_joins_destroy - the device is in no group, for its queue pairs are gone
 * @dev: nobody asks it any more
 */
void vrdma_joins_destroy(struct vrdma_device *dev)
{
	WARN_ON_ONCE(!hash_empty(dev->joins->hash));
	mutex_destroy(&dev->joins->change);
	kfree(dev->joins);
}

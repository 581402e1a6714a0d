// SPDX-License-Identifier: GPL-2.0
/* The resolver of a device: its life, and what it answers. */
#include "resolver.h"

#include <linux/net.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <net/addrconf.h>

#include "hca.h"
#include "join.h"
#include "limits.h"
#include "rnet.h"
#include "route.h"
#include "stats.h"
#include "token.h"
#include "vdev.h"
#include "wire.h"

u8 vrdma_host_id[16];

static_assert(sizeof(vrdma_host_id) == VRDMA_WIRE_HOST);
static_assert(sizeof(union ib_gid) == VRDMA_WIRE_GID);

/* A link-local address means something on one link only. */
static bool vrdma_dgram_in_scope(const struct vrdma_dgram *dgram,
				 const struct net_device *ndev)
{
	if (!vrdma_gid_is_linklocal(&dgram->dst) && !vrdma_gid_is_linklocal(&dgram->src))
		return true;
	return dgram->ifindex == READ_ONCE(ndev->ifindex);
}

/* Which device is in the group, on the netdev that the datagram came in on? */
static struct vrdma_resolver *vrdma_rnet_member(struct vrdma_rnet *rnet,
						const struct vrdma_dgram *dgram)
{
	struct vrdma_resolver *res;

	lockdep_assert_held(&rnet->lock);
	list_for_each_entry(res, &rnet->resolvers, node)
		if (READ_ONCE(res->dev->ndev->ifindex) == dgram->ifindex &&
		    netif_running(res->dev->ndev) && vrdma_joined(res->dev, &dgram->dst))
			return res;
	return NULL;
}

/* Whose device has the address that this datagram was sent to? */
static struct vrdma_resolver *vrdma_rnet_owner(struct vrdma_rnet *rnet,
					       const struct vrdma_dgram *dgram)
{
	struct vrdma_resolver *res;

	lockdep_assert_held(&rnet->lock);
	list_for_each_entry(res, &rnet->resolvers, node) {
		const struct net_device *ndev = res->dev->ndev;

		if (netif_running(ndev) && vrdma_dgram_in_scope(dgram, ndev) &&
		    vrdma_rnet_owns(rnet->net, ndev, &dgram->dst, true))
			return res;
	}
	return NULL;
}

static bool vrdma_dgram_is_query(const struct vrdma_dgram *dgram,
				 const struct vrdma_resolve *msg)
{
	return msg->type == VRDMA_WIRE_QUERY &&
	       !memcmp(msg->asked, &dgram->dst, sizeof(dgram->dst)) &&
	       !memcmp(msg->asker, &dgram->src, sizeof(dgram->src));
}

/* Who is asked of a group answers from an address of its own. */
static bool vrdma_dgram_is_answer(const struct vrdma_dgram *dgram,
				  const struct vrdma_resolve *msg)
{
	return msg->type == VRDMA_WIRE_ANSWER &&
	       (!memcmp(msg->asked, &dgram->src, sizeof(dgram->src)) ||
		vrdma_gid_is_group((const union ib_gid *)msg->asked)) &&
	       !memcmp(msg->asker, &dgram->dst, sizeof(dgram->dst));
}

/* Turn a good question into its answer; false: not now. */
static bool vrdma_resolver_answer(struct vrdma_resolver *res, struct vrdma_dgram *dgram,
				  struct vrdma_resolve *msg)
{
	const union ib_gid *group = vrdma_gid_is_group(&dgram->dst) ? &dgram->dst : NULL;
	union ib_gid hcas[VRDMA_WIRE_HCAS];
	struct vrdma_device *dev = res->dev;
	union ib_gid from = dgram->dst;

	vrdma_stat_inc(dev, resolver_rx_queries);
	if (!vrdma_rnet_admit(res->rnet, &dgram->src)) {
		vrdma_stat_inc(dev, resolver_rx_limited);
		return false;
	}
	if (group && !vrdma_rnet_source(res->rnet->net, dev->ndev, &dgram->src, &from))
		return false;
	msg->type = VRDMA_WIRE_ANSWER;
	memcpy(msg->host, vrdma_host_id, sizeof(msg->host));
	msg->device = dev->id;
	msg->token = vrdma_tokens_make(&res->tokens, &dev->secret, &dgram->src, group);
	msg->hca_count = vrdma_hca_told(hcas);
	memcpy(msg->hca, hcas, msg->hca_count * sizeof(hcas[0]));
	vrdma_resolve_build(&dgram->wire, msg);
	dgram->dst = dgram->src;
	dgram->src = from;
	return true;
}

static bool vrdma_resolver_answered(struct vrdma_rnet *rnet, const struct vrdma_dgram *dgram,
				    const struct vrdma_resolve *msg)
{
	bool group = vrdma_gid_is_group((const union ib_gid *)msg->asked);
	struct vrdma_resolver *res;

	list_for_each_entry(res, &rnet->resolvers, node)
		if (vrdma_dgram_in_scope(dgram, res->dev->ndev) &&
		    (group ? vrdma_audiences_answer(res, dgram, msg) :
			     vrdma_routes_answer(res, dgram, msg)))
			return true;
	return false;
}

/* Count what is not for us at the device it was sent to, or at some other. */
static void vrdma_resolver_bad(struct vrdma_rnet *rnet, struct vrdma_resolver *res)
{
	if (!res)
		res = list_first_entry_or_null(&rnet->resolvers, struct vrdma_resolver, node);
	if (res)
		vrdma_stat_inc(res->dev, resolver_rx_bad);
}

/*
 * No device has that address, or is in that group: a program of the namespace may be,
 * so a question that reaches it is none the worse for that.
 */
static void vrdma_resolver_unowned(struct vrdma_rnet *rnet, const struct vrdma_dgram *dgram,
				   const struct vrdma_resolve *msg)
{
	struct vrdma_resolver *res;

	if (!vrdma_gid_is_group(&dgram->dst) || !vrdma_dgram_is_query(dgram, msg)) {
		vrdma_resolver_bad(rnet, NULL);
		return;
	}
	res = list_first_entry_or_null(&rnet->resolvers, struct vrdma_resolver, node);
	if (res)
		vrdma_stat_inc(res->dev, resolver_rx_no_group);
}

/**
 * vrdma_resolver_receive - look at one datagram of a namespace
 * @rnet: the namespace's
 * @dgram: becomes the answer where there is one
 *
 * Questions are answered and taught nothing by: who asks may be forging.
 */
void vrdma_resolver_receive(struct vrdma_rnet *rnet, struct vrdma_dgram *dgram)
{
	struct vrdma_resolver *owner;
	struct vrdma_resolve msg;
	bool answer = false;

	mutex_lock(&rnet->lock);
	owner = vrdma_gid_is_group(&dgram->dst) ? vrdma_rnet_member(rnet, dgram) :
						  vrdma_rnet_owner(rnet, dgram);
	if (vrdma_resolve_parse(&msg, &dgram->wire, dgram->len) ||
	    dgram->sport != htons(VRDMA_RESOLVER_PORT))
		vrdma_resolver_bad(rnet, owner);
	else if (!owner)
		vrdma_resolver_unowned(rnet, dgram, &msg);
	else if (vrdma_dgram_is_query(dgram, &msg))
		answer = vrdma_resolver_answer(owner, dgram, &msg);
	else if (!vrdma_dgram_is_answer(dgram, &msg) ||
		 !vrdma_resolver_answered(rnet, dgram, &msg))
		vrdma_resolver_bad(rnet, owner);
	mutex_unlock(&rnet->lock);

	if (answer)
		vrdma_rnet_send(rnet, dgram);
}

bool vrdma_where_names(const struct vrdma_where *where, const u8 *host,
		       const union ib_gid *addr)
{
	unsigned int i;

	if (memcmp(where->host, host, sizeof(where->host)))
		return false;
	for (i = 0; i < where->nr_hcas; i++)
		if (!memcmp(&where->hcas[i], addr, sizeof(*addr)))
			return true;
	return false;
}

bool vrdma_token_valid(struct vrdma_device *dev, const union ib_gid *sgid, u64 token)
{
	return vrdma_tokens_valid(&dev->resolver->tokens, &dev->secret, sgid, NULL, token);
}

bool vrdma_group_token_valid(struct vrdma_device *dev, const union ib_gid *sgid,
			     const union ib_gid *group, u64 token)
{
	return vrdma_tokens_valid(&dev->resolver->tokens, &dev->secret, sgid, group, token);
}

bool vrdma_resolver_source(struct vrdma_device *dev, const union ib_gid *sgid,
			   union ib_gid *source)
{
	return vrdma_rnet_source(dev->resolver->rnet->net, dev->ndev, sgid, source);
}

/**
 * vrdma_resolver_changed - the link went down, or an address came or went
 * @dev: stays; its resolver may be ending
 */
void vrdma_resolver_changed(struct vrdma_device *dev)
{
	struct vrdma_resolver *res;

	rcu_read_lock();
	res = READ_ONCE(dev->resolver);
	if (res) {
		vrdma_tokens_turn(&res->tokens);
		vrdma_routes_recheck(res);
	}
	rcu_read_unlock();
}

/**
 * vrdma_resolver_create - let a device ask and answer
 * @dev: its netdev is held
 *
 * Return: 0; -EADDRINUSE when a program of the namespace has the port.
 */
int vrdma_resolver_create(struct vrdma_device *dev)
{
	struct vrdma_resolver *res;
	struct vrdma_rnet *rnet;

	rnet = vrdma_rnet_get(dev_net(dev->ndev)); /* put in vrdma_resolver_stop() */
	if (rnet == ERR_PTR(-EADDRINUSE) && net_ratelimit())
		netdev_warn(dev->ndev, "UDP port %d, which vrdma needs, is taken\n",
			    VRDMA_RESOLVER_PORT);
	if (IS_ERR(rnet))
		return PTR_ERR(rnet);

	res = kzalloc(sizeof(*res), GFP_KERNEL_ACCOUNT);
	if (!res) {
		vrdma_rnet_put(rnet);
		return -ENOMEM;
	}
	res->dev = dev;
	res->rnet = rnet;
	vrdma_tokens_init(&res->tokens);
	vrdma_routes_init(res);
	vrdma_audiences_init(res);
	vrdma_stat_add(dev, resolver_no_socket, vrdma_rnet_missing(rnet));
	WRITE_ONCE(dev->resolver, res);

	mutex_lock(&rnet->lock);
	list_add_tail(&res->node, &rnet->resolvers);
	mutex_unlock(&rnet->lock);
	return 0;
}

/**
 * vrdma_resolver_stop - neither ask nor answer nor call anybody from now on
 * @dev: its routes may still be held; stopping again does nothing
 */
void vrdma_resolver_stop(struct vrdma_device *dev)
{
	struct vrdma_resolver *res = dev->resolver;
	struct vrdma_rnet *rnet;

	if (!res || !res->rnet)
		return;
	rnet = res->rnet;
	mutex_lock(&rnet->lock);
	list_del(&res->node);
	mutex_unlock(&rnet->lock);
	vrdma_audiences_stop(res);
	vrdma_routes_stop(res);
	res->rnet = NULL;
	vrdma_rnet_put(rnet);
}

void vrdma_resolver_destroy(struct vrdma_device *dev)
{
	struct vrdma_resolver *res = dev->resolver;

	if (!res)
		return;
	vrdma_resolver_stop(dev);
	WRITE_ONCE(dev->resolver, NULL);
	vrdma_audiences_destroy(res);
	vrdma_routes_destroy(res);
}

int vrdma_resolver_init(void)
{
	get_random_bytes(vrdma_host_id, sizeof(vrdma_host_id));
	return 0;
}

void vrdma_resolver_exit(void)
{
	/* A softirq that found our sk_data_ready may still be in it. */
	synchronize_rcu();
}

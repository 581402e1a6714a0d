/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_RNET_H
#define _VRDMA_RNET_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <net/ipv6.h>
#include <rdma/ib_addr.h>
#include <rdma/ib_verbs.h>

#include "bucket.h"
#include "limits.h"
#include "wire.h"

struct net;
struct net_device;
struct vrdma_rsock;

enum vrdma_family {
	VRDMA_IPV4,
	VRDMA_IPV6,
	VRDMA_FAMILIES
};

/**
 * struct vrdma_rnet - the resolver's side of a network namespace
 * @net: the namespace; not held: its devices end before it does
 * @node: in the list of all
 * @users: devices that hold it; under the lock of the list
 * @socks: by family, NULL where the namespace has none; appear at any time,
 *	   go when @users is 0
 * @lock: protects @resolvers, @sources and @all; taken over a receiver's lock
 * @resolvers: of the devices that ask and answer here
 * @seed: of the hash into @sources
 * @sources: answers by source address; strangers may share one
 * @all: answers to everybody
 */
struct vrdma_rnet {
	struct net *net;
	struct list_head node;
	unsigned int users;
	struct vrdma_rsock *socks[VRDMA_FAMILIES];
	struct mutex lock;	/* resolvers, sources, all */
	struct list_head resolvers;
	u32 seed;
	struct vrdma_bucket sources[VRDMA_ANSWER_SOURCES];
	struct vrdma_bucket all;
};

/**
 * struct vrdma_dgram - a datagram to or from port VRDMA_RESOLVER_PORT
 * @src: its source
 * @dst: its destination
 * @ifindex: where it came in; sent: where a link-local one, or one to a group, goes out
 * @ttl: sent to a group: how many routers pass it on, and one
 * @sport: received: its source port
 * @len: received: its bytes; more than sizeof(@wire) when it is longer
 * @wire: what it carries
 */
struct vrdma_dgram {
	union ib_gid src;
	union ib_gid dst;
	int ifindex;
	u8 ttl;
	__be16 sport;
	size_t len;
	struct vrdma_wire_resolve wire;
};

/*
 * Find or make the namespace's sockets; process context.  -EADDRINUSE: one of
 * its programs has the port.
 */
struct vrdma_rnet *vrdma_rnet_get(struct net *net);
void vrdma_rnet_put(struct vrdma_rnet *rnet);
unsigned int vrdma_rnet_missing(const struct vrdma_rnet *rnet);

/* Process context; never waits for the network. */
int vrdma_rnet_send(struct vrdma_rnet *rnet, const struct vrdma_dgram *dgram);

/* May this source get one more answer?  @lock is held. */
bool vrdma_rnet_admit(struct vrdma_rnet *rnet, const union ib_gid *src);

/* Is @gid an address of @ndev, in @net?  @usable: not one that is still checked. */
bool vrdma_rnet_owns(struct net *net, const struct net_device *ndev,
		     const union ib_gid *gid, bool usable);

/* An address of @ndev, in @net, from which @to could be written to; false: none. */
bool vrdma_rnet_source(struct net *net, const struct net_device *ndev,
		       const union ib_gid *to, union ib_gid *source);

/* In resolver.c: called from work for each datagram; @dgram is the sockets'. */
void vrdma_resolver_receive(struct vrdma_rnet *rnet, struct vrdma_dgram *dgram);

static inline bool vrdma_gid_is_ipv4(const union ib_gid *gid)
{
	return ipv6_addr_v4mapped((const struct in6_addr *)gid->raw);
}

static inline __be32 vrdma_gid_ipv4(const union ib_gid *gid)
{
	return ((const struct in6_addr *)gid->raw)->s6_addr32[3];
}

static inline bool vrdma_gid_is_group(const union ib_gid *gid)
{
	return rdma_is_multicast_addr((struct in6_addr *)gid->raw);
}

static inline bool vrdma_gid_is_linklocal(const union ib_gid *gid)
{
	return ipv6_addr_type((const struct in6_addr *)gid->raw) & IPV6_ADDR_LINKLOCAL;
}

#endif /* _VRDMA_RNET_H */

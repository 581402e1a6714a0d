/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_RESOLVER_H
#define _VRDMA_RESOLVER_H

#include <linux/types.h>
#include <rdma/ib_verbs.h>

#include "wire.h"

struct net;
struct vrdma_device;
struct vrdma_route;

/**
 * struct vrdma_where - where a GID lives: one checked answer
 * @host: the host's random 128-bit id
 * @device: the device's id on that host
 * @token: proves to that device that its network delivered our question
 * @local: @host is this host
 * @nr_hcas: how many of @hcas
 * @hcas: addresses of that host's HCAs
 */
struct vrdma_where {
	u8 host[16];
	u64 device;
	u64 token;
	bool local;
	unsigned int nr_hcas;
	union ib_gid hcas[VRDMA_WIRE_HCAS];
};

enum vrdma_route_state {
	VRDMA_ROUTE_ASKING,	/* no answer as fresh as the last get wanted */
	VRDMA_ROUTE_VALID,	/* answered; may be under re-asking */
	VRDMA_ROUTE_LOST,	/* nobody answers; asked again on the next get */
};

/**
 * struct vrdma_route_watch - be told when a route's state or place changes
 * @node: in the route's list
 * @changed: called from work, without locks of the resolver that the callee may
 *	     want (it may call vrdma_route_state(), not _watch or _put)
 */
struct vrdma_route_watch {
	struct list_head node;
	void (*changed)(struct vrdma_route_watch *watch);
};

/*
 * The route of (@sgid, @dgid) of a device, made and asked for if there is none,
 * asked for again when its answer is older than @max_age_ms or it is
 * lost (not sooner than VRDMA_ROUTE_NEGATIVE_MS after the last miss).  Never
 * blocks, any context (@gfp).  NULL: no memory, device dying, too many routes.
 */
struct vrdma_route *vrdma_route_get(struct vrdma_device *dev, const union ib_gid *sgid,
				    const union ib_gid *dgid, unsigned int max_age_ms,
				    gfp_t gfp);
void vrdma_route_put(struct vrdma_route *route);

/* @where is filled when VALID. */
enum vrdma_route_state vrdma_route_state(struct vrdma_route *route,
					 struct vrdma_where *where);
enum vrdma_route_state vrdma_route_last(struct vrdma_route *route, struct vrdma_where *where);

/*
 * While watched a route is in use: re-asked every VRDMA_ROUTE_REASK_MS, lost
 * after VRDMA_ROUTE_MISSES.  Unwatch waits for a running callback (may sleep).
 */
void vrdma_route_watch(struct vrdma_route *route, struct vrdma_route_watch *watch);
void vrdma_route_unwatch(struct vrdma_route *route, struct vrdma_route_watch *watch);

/* Ask again soon, with the usual retransmissions (a lost route, an unanswered bind). */
void vrdma_route_refresh(struct vrdma_route *route);

/* Did @dev hand out @token to @sgid, in this epoch or the last? */
bool vrdma_token_valid(struct vrdma_device *dev, const union ib_gid *sgid, u64 token);

/* The same for what @sgid sends to @group: did its network deliver the group's question? */
bool vrdma_group_token_valid(struct vrdma_device *dev, const union ib_gid *sgid,
			     const union ib_gid *group, u64 token);

/* The address by which @dev answers for a group that @sgid asked of; false: it has none. */
bool vrdma_resolver_source(struct vrdma_device *dev, const union ib_gid *sgid,
			   union ib_gid *source);

/* This host's id. */
extern u8 vrdma_host_id[16];

/* Does @where name that host, and @addr as one of its HCAs'? (R9) */
bool vrdma_where_names(const struct vrdma_where *where, const u8 *host,
		       const union ib_gid *addr);

/* Life: of the module, of a device (create: process context). */
int vrdma_resolver_init(void);
void vrdma_resolver_exit(void);
int vrdma_resolver_create(struct vrdma_device *dev);	/* opens the namespace's sockets */
void vrdma_resolver_stop(struct vrdma_device *dev);	/* no callback afterwards */
void vrdma_resolver_destroy(struct vrdma_device *dev);

/* The netdev's link went down, or an address came or went: any context. */
void vrdma_resolver_changed(struct vrdma_device *dev);

#endif /* _VRDMA_RESOLVER_H */

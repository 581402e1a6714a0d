/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_ROUTE_H
#define _VRDMA_ROUTE_H

#include <linux/rbtree.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "audience.h"
#include "bucket.h"
#include "resolver.h"
#include "token.h"

struct vrdma_dgram;
struct vrdma_resolve;
struct vrdma_rnet;

#define VRDMA_ROUTE_HASH_BITS	8	/* 16 routes a bucket at VRDMA_MAX_ROUTES */

/**
 * struct vrdma_resolver - what a device knows of where GIDs live
 * @dev: whose
 * @rnet: its namespace's sockets; NULL once stopped
 * @node: in @rnet->resolvers
 * @tokens: what it hands to askers
 * @flags: VRDMA_RESOLVER_* bits
 * @hash: all routes by their addresses
 * @seed: of the hash
 * @count: routes in @hash
 * @idle: routes nobody holds, longest idle first
 * @due: routes by the time at which something is to be done for them
 * @changed: routes whose watchers are to be told
 * @calling: the watch that is being called
 * @waiting: for the end of that call
 * @questions: bounds what one device asks; taken from by @work only
 * @stopped: no more work
 * @work: asks, notices misses, tells watchers
 * @audiences: of the groups that the device sends to; has a lock of its own
 * @rcu: frees it, behind the notifiers' backs
 * @lock: protects @hash to @stopped and the routes; irq safe, over no other lock
 */
struct vrdma_resolver {
	struct vrdma_device *dev;
	struct vrdma_rnet *rnet;
	struct list_head node;
	struct vrdma_tokens tokens;
	unsigned long flags;

	struct hlist_head hash[1 << VRDMA_ROUTE_HASH_BITS];
	u32 seed;
	unsigned int count;
	struct list_head idle;
	struct rb_root_cached due;
	struct list_head changed;
	struct vrdma_route_watch *calling;
	wait_queue_head_t waiting;
	struct vrdma_bucket questions;
	bool stopped;
	struct delayed_work work;
	struct vrdma_audiences audiences;
	struct rcu_head rcu;
	spinlock_t lock;	/* hash to stopped, and the routes */
};

/* Bits of vrdma_resolver::flags. */
enum vrdma_resolver_flag {
	VRDMA_RESOLVER_RECHECK,	/* addresses or link changed since the last look */
};

/* The routes' part of a resolver's life. */
void vrdma_routes_init(struct vrdma_resolver *res);
void vrdma_routes_stop(struct vrdma_resolver *res);
void vrdma_routes_destroy(struct vrdma_resolver *res);

/* See whether our end of each route still stands; any context. */
void vrdma_routes_recheck(struct vrdma_resolver *res);

/* Take an answer; false: nobody asked.  Its addresses have been compared. */
bool vrdma_routes_answer(struct vrdma_resolver *res, const struct vrdma_dgram *dgram,
			 const struct vrdma_resolve *msg);

bool vrdma_gid_askable(const union ib_gid *gid);

#endif /* _VRDMA_ROUTE_H */

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_JOIN_H
#define _VRDMA_JOIN_H

#include <linux/hashtable.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <rdma/ib_verbs.h>

struct vrdma_device;

#define VRDMA_JOIN_HASH_BITS	6	/* 4 a bucket at VRDMA_MAX_GROUPS */

/**
 * struct vrdma_joins - the IP groups that a device is in
 * @hash: of struct vrdma_join by group
 * @change: serializes joining and leaving; over rtnl and @lock
 * @lock: protects @hash and what users keep with each group; leaf, process context
 */
struct vrdma_joins {
	DECLARE_HASHTABLE(hash, VRDMA_JOIN_HASH_BITS);
	struct mutex change;	/* one at a time joins or leaves */
	spinlock_t lock;	/* hash; struct vrdma_group */
};

/**
 * struct vrdma_join - one of them
 * @node: in vrdma_joins::hash
 * @group: IPv4 as in a GID
 * @at: the netdev's IP state that counts us; never looked at, it may be gone
 */
struct vrdma_join {
	struct hlist_node node;
	union ib_gid group;
	const void *at;
};

/* Parts of a device's life. */
int vrdma_joins_create(struct vrdma_device *dev);
void vrdma_joins_destroy(struct vrdma_device *dev);

/* Let the netdev join @join->group, or leave it.  vrdma_joins::change is held; may sleep. */
int vrdma_join_enter(struct vrdma_device *dev, struct vrdma_join *join);
void vrdma_join_leave(struct vrdma_device *dev, struct vrdma_join *join);

/* NULL: the device is not in it.  vrdma_joins::lock or ::change is held. */
struct vrdma_join *vrdma_join_find(struct vrdma_device *dev, const union ib_gid *group);

/* Is the device in it?  Process context. */
bool vrdma_joined(struct vrdma_device *dev, const union ib_gid *group);

#endif /* _VRDMA_JOIN_H */

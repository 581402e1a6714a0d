/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_VDEV_H
#define _VRDMA_VDEV_H

#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/siphash.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <rdma/ib_verbs.h>

#include "stats.h"

struct dentry;
struct vrdma_joins;
struct vrdma_resolver;
struct vrdma_ud;

/* What is counted against a limit of the device. */
enum vrdma_object {
	VRDMA_OBJ_CONTEXT,
	VRDMA_OBJ_PD,
	VRDMA_OBJ_QP,
	VRDMA_OBJ_CQ,
	VRDMA_OBJ_SRQ,
	VRDMA_OBJ_AH,
	VRDMA_OBJ_MR,
	VRDMA_OBJ_MW,
	VRDMA_OBJ_GROUP,
	VRDMA_OBJ_ATTACHED,
	VRDMA_OBJ_MAX
};

/**
 * struct vrdma_device - one virtual RDMA device, as its objects see it
 * @ibdev: what ib_core knows of us; must be first
 * @ndev: gives addresses, reachability and life; held until dealloc_driver, fixed
 * @tracker: of the reference to @ndev
 * @id: random; names the device to the host's own kernel
 * @id_node: in the table of devices by id
 * @secret: keys of the tokens it hands out
 * @netns_node: in its namespace's list from before registration until
 *		dealloc_driver; protected by a lock of netns.c
 * @stats: per CPU
 * @qps: QPN to struct vrdma_qp; lookups take the lock and a reference
 * @places: key >> 8 to struct vrdma_place; lookups under RCU
 * @ahs: number to struct vrdma_ah; lookups copy under the lock
 * @srqn: last SRQ number given out
 * @used: objects that exist, indexed by enum vrdma_object
 * @flags: VRDMA_DEVICE_* bits
 * @local_off: root wants it to be off the local path
 * @port_state: last state that was announced; protected by a lock of netns.c
 * @resolver: its routes
 * @ud: its datagrams that wait for a route
 * @joins: the IP groups that it is in
 * @ready_lock: protects @ready; leaf lock, irq safe
 * @ready: send queues for the worker
 * @work: the worker: one per device, so that one container keeps one CPU busy at most
 */
struct vrdma_device {
	struct ib_device ibdev;
	struct net_device *ndev;
	netdevice_tracker tracker;
	u64 id;
	struct hlist_node id_node;
	siphash_key_t secret;
	struct list_head netns_node;
	struct vrdma_stats __percpu *stats;

	struct xarray qps;
	struct xarray places;
	struct xarray ahs;
	atomic_t srqn;
	atomic_t used[VRDMA_OBJ_MAX];

	unsigned long flags;
	bool local_off;
	enum ib_port_state port_state;

	struct vrdma_resolver *resolver;
	struct vrdma_ud *ud;
	struct vrdma_joins *joins;

	spinlock_t ready_lock;	/* of ready */
	struct list_head ready;
	struct work_struct work;
};

/* Bits of vrdma_device::flags. */
enum vrdma_device_flag {
	VRDMA_DEVICE_KILLED,	/* set by the one caller that ends the device */
};

/* All work of the module: WQ_MEM_RECLAIM | WQ_UNBOUND; made first, ended last. */
extern struct workqueue_struct *vrdma_wq;

static inline struct vrdma_device *to_vdev(struct ib_device *ibdev)
{
	return container_of(ibdev, struct vrdma_device, ibdev);
}

/* Directory of the module in debugfs, root's alone; made with the module. */
extern struct dentry *vrdma_debugfs;

/* Is this one of our devices? */
bool vrdma_device_is_ours(const struct ib_device *ibdev);

/*
 * Count an object against the device's limit; -ENOMEM above it.  Each create
 * pairs it with vrdma_device_discharge() in its destroy and its error ladder.
 */
int vrdma_device_charge(struct vrdma_device *dev, enum vrdma_object obj);
void vrdma_device_discharge(struct vrdma_device *dev, enum vrdma_object obj);

/*
 * The devices of the host by their id.  The reference is ib_device_try_get():
 * hold it for a bounded time without sleeping on others, drop it with
 * vrdma_device_put().
 */
void vrdma_devices_add(struct vrdma_device *dev);
void vrdma_devices_remove(struct vrdma_device *dev);
struct vrdma_device *vrdma_device_get_by_id(u64 id);

/* May @dev and the device @id of this host be on the local path?  See debugfs.  Any context. */
bool vrdma_devices_take_local(const struct vrdma_device *dev, u64 id);
static inline void vrdma_device_put(struct vrdma_device *dev)
{
	ib_device_put(&dev->ibdev);
}

/* For main.c: after vrdma_debugfs is made. */
void vrdma_devices_init(void);

#endif /* _VRDMA_VDEV_H */

// SPDX-License-Identifier: GPL-2.0
/* Multicast groups: which queue pairs of a device are attached to them. */
#include "group.h"

#include <linux/slab.h>

#include "join.h"
#include "limits.h"
#include "qp.h"
#include "vdev.h"

/**
 * struct vrdma_group - a group that queue pairs are attached to
 * @join: the netdev's membership
 * @attached: of struct vrdma_attached, in the order in which they came
 * @count: of @attached
 * @serial: of the last that came
 *
 * Changed with both locks of struct vrdma_joins.
 */
struct vrdma_group {
	struct vrdma_join join;
	struct list_head attached;
	unsigned int count;
	u64 serial;
};

/**
 * struct vrdma_attached - a queue pair in a group
 * @node: in vrdma_group::attached
 * @qp: ib_core keeps it until it is detached
 * @times: it was attached and not detached: ib_core counts each LID that it gives as one
 * @serial: goes up in the list
 */
struct vrdma_attached {
	struct list_head node;
	struct vrdma_qp *qp;
	unsigned int times;
	u64 serial;
};

static struct vrdma_group *vrdma_group_find(struct vrdma_device *dev, const union ib_gid *gid)
{
	struct vrdma_join *join = vrdma_join_find(dev, gid);

	return join ? container_of(join, struct vrdma_group, join) : NULL;
}

static struct vrdma_group *vrdma_group_create(struct vrdma_device *dev, const union ib_gid *gid)
{
	struct vrdma_group *group;
	int err;

	err = vrdma_device_charge(dev, VRDMA_OBJ_GROUP);
	if (err)
		return ERR_PTR(err);
	group = kzalloc(sizeof(*group), GFP_KERNEL_ACCOUNT);
	if (!group) {
		err = -ENOMEM;
		goto err_discharge;
	}
	group->join.group = *gid;
	INIT_LIST_HEAD(&group->attached);
	err = vrdma_join_enter(dev, &group->join);
	if (err)
		goto err_free;
	return group;

err_free:
	kfree(group);
err_discharge:
	vrdma_device_discharge(dev, VRDMA_OBJ_GROUP);
	return ERR_PTR(err);
}

/* The last to leave. */
static void vrdma_group_release(struct vrdma_device *dev, struct vrdma_group *group)
{
	if (group->count)
		return;
	vrdma_join_leave(dev, &group->join);
	kfree(group);
	vrdma_device_discharge(dev, VRDMA_OBJ_GROUP);
}

static struct vrdma_attached *vrdma_group_attached(struct vrdma_group *group,
						   const struct vrdma_qp *qp)
{
	struct vrdma_attached *att;

	list_for_each_entry(att, &group->attached, node)
		if (att->qp == qp)
			return att;
	return NULL;
}

static int vrdma_group_add(struct vrdma_device *dev, struct vrdma_group *group,
			   struct vrdma_qp *qp)
{
	struct vrdma_attached *att;
	int err;

	att = vrdma_group_attached(group, qp);
	if (att) {
		if (att->times == UINT_MAX)
			return -ENOMEM;
		att->times++;
		return 0;
	}
	if (group->count == VRDMA_MAX_GROUP_QPS)
		return -ENOMEM;
	err = vrdma_device_charge(dev, VRDMA_OBJ_ATTACHED);
	if (err)
		return err;
	att = kzalloc(sizeof(*att), GFP_KERNEL_ACCOUNT);
	if (!att) {
		vrdma_device_discharge(dev, VRDMA_OBJ_ATTACHED);
		return -ENOMEM;
	}
	att->qp = qp;
	att->times = 1;
	spin_lock(&dev->joins->lock);
	att->serial = ++group->serial;
	list_add_tail(&att->node, &group->attached);
	group->count++;
	spin_unlock(&dev->joins->lock);
	return 0;
}

/**
 * vrdma_attach_mcast - attach_mcast verb
 * @ibqp: UD, as ib_core has seen to
 * @gid: a group's, as ib_core has seen to
 * @lid: means nothing here
 *
 * Return: 0, also when it is attached already, to be detached as often; -ENOMEM above a limit
 * of the device; -ENODEV: the netdev has no such addresses.
 */
int vrdma_attach_mcast(struct ib_qp *ibqp, union ib_gid *gid, u16 lid)
{
	struct vrdma_device *dev = to_vdev(ibqp->device);
	struct vrdma_group *group;
	int err;

	mutex_lock(&dev->joins->change);
	group = vrdma_group_find(dev, gid) ?: vrdma_group_create(dev, gid);
	if (IS_ERR(group)) {
		err = PTR_ERR(group);
		goto out;
	}
	err = vrdma_group_add(dev, group, to_vqp(ibqp));
	if (err)
		vrdma_group_release(dev, group);
out:
	mutex_unlock(&dev->joins->change);
	return err;
}

/* Once; with the last time it is gone. */
static void vrdma_group_remove(struct vrdma_device *dev, struct vrdma_group *group,
			       struct vrdma_attached *att)
{
	if (--att->times)
		return;
	spin_lock(&dev->joins->lock);
	list_del(&att->node);
	group->count--;
	spin_unlock(&dev->joins->lock);
	kfree(att);
	vrdma_device_discharge(dev, VRDMA_OBJ_ATTACHED);
	vrdma_group_release(dev, group);
}

/**
 * vrdma_detach_mcast - detach_mcast verb
 * @ibqp: any
 * @gid: any
 * @lid: means nothing here
 *
 * A datagram that is just being placed is still received.
 *
 * Return: 0; -EINVAL: it is not attached.
 */
int vrdma_detach_mcast(struct ib_qp *ibqp, union ib_gid *gid, u16 lid)
{
	struct vrdma_device *dev = to_vdev(ibqp->device);
	struct vrdma_attached *att = NULL;
	struct vrdma_group *group;
	int err = -EINVAL;

	mutex_lock(&dev->joins->change);
	group = vrdma_group_find(dev, gid);
	if (group)
		att = vrdma_group_attached(group, to_vqp(ibqp));
	if (att) {
		vrdma_group_remove(dev, group, att);
		err = 0;
	}
	mutex_unlock(&dev->joins->change);
	return err;
}

unsigned int vrdma_group_get(struct vrdma_device *dev, const union ib_gid *gid,
			     struct vrdma_group_walk *walk, struct vrdma_qp **qps,
			     unsigned int max)
{
	struct vrdma_attached *att;
	struct vrdma_group *group;
	unsigned int nr = 0;

	spin_lock(&dev->joins->lock);
	group = vrdma_group_find(dev, gid);
	if (group) {
		if (!walk->last)
			walk->last = group->serial;
		list_for_each_entry(att, &group->attached, node) {
			if (att->serial > walk->last)
				break;
			if (att->serial <= walk->at || !refcount_inc_not_zero(&att->qp->ref))
				continue;
			walk->at = att->serial;
			qps[nr++] = att->qp;
			if (nr == max)
				break;
		}
	}
	spin_unlock(&dev->joins->lock);
	return nr;
}

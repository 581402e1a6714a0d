// SPDX-License-Identifier: GPL-2.0
/* What every part knows of devices: their limits, and each by its id. */
#include "vdev.h"

#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/hashtable.h>
#include <linux/kstrtox.h>
#include <linux/seq_file.h>
#include <rdma/vrdma-abi.h>

#include "limits.h"

#define VRDMA_DEVICE_HASH_BITS	8

static DEFINE_HASHTABLE(vrdma_devices, VRDMA_DEVICE_HASH_BITS);
static DEFINE_SPINLOCK(vrdma_devices_lock); /* protects changes of vrdma_devices; leaf */

struct workqueue_struct *vrdma_wq;
struct dentry *vrdma_debugfs;

/* Nobody takes the local path: to try the other one on one host. */
static bool vrdma_local_off;

static const int vrdma_device_limit[VRDMA_OBJ_MAX] = {
	[VRDMA_OBJ_CONTEXT] = VRDMA_MAX_CONTEXTS,
	[VRDMA_OBJ_PD] = VRDMA_MAX_PD,
	[VRDMA_OBJ_QP] = VRDMA_MAX_QP,
	[VRDMA_OBJ_CQ] = VRDMA_MAX_CQ,
	[VRDMA_OBJ_SRQ] = VRDMA_MAX_SRQ,
	[VRDMA_OBJ_AH] = VRDMA_MAX_AH,
	[VRDMA_OBJ_MR] = VRDMA_MAX_MR,
	[VRDMA_OBJ_MW] = VRDMA_MAX_MW,
	[VRDMA_OBJ_GROUP] = VRDMA_MAX_GROUPS,
	[VRDMA_OBJ_ATTACHED] = VRDMA_MAX_ATTACHED,
};

bool vrdma_device_is_ours(const struct ib_device *ibdev)
{
	return ibdev->ops.driver_id == (enum rdma_driver_id)VRDMA_DRIVER_ID;
}

/**
 * vrdma_device_charge - count a new object
 * @dev: whose it is
 * @obj: its kind
 *
 * Any context.  Return: 0, or -ENOMEM when there are as many as there may be.
 */
int vrdma_device_charge(struct vrdma_device *dev, enum vrdma_object obj)
{
	if (atomic_inc_return(&dev->used[obj]) <= vrdma_device_limit[obj])
		return 0;
	atomic_dec(&dev->used[obj]);
	return -ENOMEM;
}

void vrdma_device_discharge(struct vrdma_device *dev, enum vrdma_object obj)
{
	WARN_ON_ONCE(atomic_dec_return(&dev->used[obj]) < 0);
}

/**
 * vrdma_devices_add - let vrdma_device_get_by_id() find a device
 * @dev: not registered yet, or registered
 *
 * It is found once ib_core has registered it and until its end begins.
 */
void vrdma_devices_add(struct vrdma_device *dev)
{
	spin_lock(&vrdma_devices_lock);
	hash_add_rcu(vrdma_devices, &dev->id_node, dev->id);
	spin_unlock(&vrdma_devices_lock);
}

/**
 * vrdma_devices_remove - let nobody find a device any more
 * @dev: added; its memory must stay for an RCU grace period
 */
void vrdma_devices_remove(struct vrdma_device *dev)
{
	spin_lock(&vrdma_devices_lock);
	hash_del_rcu(&dev->id_node);
	spin_unlock(&vrdma_devices_lock);
}

/**
 * vrdma_device_get_by_id - find a device of this host
 * @id: what vrdma_device::id is
 *
 * Any context.  Return: the device with a reference, for vrdma_device_put(), or
 * NULL.
 */
struct vrdma_device *vrdma_device_get_by_id(u64 id)
{
	struct vrdma_device *found = NULL;
	struct vrdma_device *dev;

	rcu_read_lock();
	hash_for_each_possible_rcu(vrdma_devices, dev, id_node, id) {
		if (dev->id == id && ib_device_try_get(&dev->ibdev)) {
			found = dev;
			break;
		}
	}
	rcu_read_unlock();
	return found;
}

bool vrdma_devices_take_local(const struct vrdma_device *dev, u64 id)
{
	struct vrdma_device *far;
	bool off;

	if (READ_ONCE(vrdma_local_off) || READ_ONCE(dev->local_off))
		return false;
	far = vrdma_device_get_by_id(id);
	if (!far)
		return true;
	off = READ_ONCE(far->local_off);
	vrdma_device_put(far);
	return !off;
}

/* ---- for root ---- */

static int vrdma_devices_show(struct seq_file *file, void *unused)
{
	struct vrdma_device *dev;
	unsigned int bucket;

	rcu_read_lock();
	hash_for_each_rcu(vrdma_devices, bucket, dev, id_node)
		if (ib_device_try_get(&dev->ibdev)) {
			seq_printf(file, "%s id %016llx local_off %c\n", dev_name(&dev->ibdev.dev),
				   dev->id, READ_ONCE(dev->local_off) ? 'Y' : 'N');
			vrdma_device_put(dev);
		}
	rcu_read_unlock();
	return 0;
}

static int vrdma_devices_open(struct inode *inode, struct file *file)
{
	return single_open(file, vrdma_devices_show, NULL);
}

/* All devices of that name, where namespaces have names of their own. */
static int vrdma_devices_set_local_off(const char *name, bool off)
{
	struct vrdma_device *dev;
	unsigned int bucket;
	int ret = -ENODEV;

	rcu_read_lock();
	hash_for_each_rcu(vrdma_devices, bucket, dev, id_node)
		if (ib_device_try_get(&dev->ibdev)) {
			if (!strcmp(dev_name(&dev->ibdev.dev), name)) {
				WRITE_ONCE(dev->local_off, off);
				ret = 0;
			}
			vrdma_device_put(dev);
		}
	rcu_read_unlock();
	return ret;
}

/* `NAME local_off Y`, or N. */
static ssize_t vrdma_devices_write(struct file *file, const char __user *from, size_t len,
				   loff_t *pos)
{
	char text[IB_DEVICE_NAME_MAX + sizeof(" local_off Y\n")] = "";
	char name[IB_DEVICE_NAME_MAX], value[2];
	ssize_t ret;
	bool off;
	int err;

	static_assert(IB_DEVICE_NAME_MAX == 64);
	ret = simple_write_to_buffer(text, sizeof(text) - 1, pos, from, len);
	if (ret < 0)
		return ret;
	if (sscanf(text, "%63s local_off %1s", name, value) != 2 || kstrtobool(value, &off))
		return -EINVAL;
	err = vrdma_devices_set_local_off(name, off);
	return err ?: ret;
}

static const struct file_operations vrdma_devices_fops = {
	.owner = THIS_MODULE,
	.open = vrdma_devices_open,
	.read = seq_read,
	.write = vrdma_devices_write,
	.llseek = seq_lseek,
	.release = single_release,
};

void vrdma_devices_init(void)
{
	debugfs_create_bool("local_off", 0600, vrdma_debugfs, &vrdma_local_off);
	debugfs_create_file("devices", 0600, vrdma_debugfs, NULL, &vrdma_devices_fops);
}

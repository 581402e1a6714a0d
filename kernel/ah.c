// SPDX-License-Identifier: GPL-2.0
/* Address handles: what a datagram's work request names its receiver by. */
#include "ah.h"

#include <rdma/uverbs_ioctl.h>
#include <rdma/vrdma-abi.h>

#include "limits.h"
#include "vdev.h"

static inline struct vrdma_ah *to_vah(struct ib_ah *ibah)
{
	return container_of(ibah, struct vrdma_ah, ibah);
}

int vrdma_av_init(struct vrdma_av *av, const struct rdma_ah_attr *attr)
{
	const struct ib_gid_attr *sgid_attr = attr->grh.sgid_attr;

	if (!(rdma_ah_get_ah_flags(attr) & IB_AH_GRH) || !sgid_attr)
		return -EINVAL;

	*av = (struct vrdma_av) {
		.sgid = sgid_attr->gid,
		.dgid = attr->grh.dgid,
		.sgid_index = attr->grh.sgid_index,
		.sl = attr->sl,
		.traffic_class = attr->grh.traffic_class,
		.hop_limit = attr->grh.hop_limit,
		.flow_label = attr->grh.flow_label,
		.network_type = rdma_gid_attr_network_type(sgid_attr),
	};
	return 0;
}

/*
 * Give @ah a number.  Who may not sleep may also have interrupts off.  The
 * numbers are the device's, but only the handle's own PD can use one.
 */
static int vrdma_ah_publish(struct vrdma_device *dev, struct vrdma_ah *ah, u32 flags)
{
	const struct xa_limit limit = XA_LIMIT(1, VRDMA_MAX_AH);
	unsigned long irq;
	int ret;

	if (flags & RDMA_CREATE_AH_SLEEPABLE)
		return xa_alloc_irq(&dev->ahs, &ah->number, ah, limit, GFP_KERNEL_ACCOUNT);

	xa_lock_irqsave(&dev->ahs, irq);
	ret = __xa_alloc(&dev->ahs, &ah->number, ah, limit, GFP_ATOMIC);
	xa_unlock_irqrestore(&dev->ahs, irq);
	return ret;
}

static void vrdma_ah_unpublish(struct vrdma_device *dev, struct vrdma_ah *ah)
{
	unsigned long irq;

	xa_lock_irqsave(&dev->ahs, irq);
	__xa_erase(&dev->ahs, ah->number);
	xa_unlock_irqrestore(&dev->ahs, irq);
}

static int vrdma_ah_respond(struct vrdma_ah *ah, struct ib_udata *udata)
{
	struct vrdma_create_ah_resp resp = { .ah = ah->number };

	return ib_respond_udata(udata, resp);
}

int vrdma_create_ah(struct ib_ah *ibah, struct rdma_ah_init_attr *attr,
		    struct ib_udata *udata)
{
	struct vrdma_device *dev = to_vdev(ibah->device);
	struct vrdma_ah *ah = to_vah(ibah);
	int ret;

	if (udata && udata->outlen < sizeof(struct vrdma_create_ah_resp))
		return -EINVAL;

	ret = vrdma_av_init(&ah->av, attr->ah_attr);
	if (ret)
		return ret;

	ret = vrdma_device_charge(dev, VRDMA_OBJ_AH);
	if (ret)
		return ret;

	ret = vrdma_ah_publish(dev, ah, attr->flags);
	if (ret)
		goto err_discharge;

	ret = udata ? vrdma_ah_respond(ah, udata) : 0;
	if (ret)
		goto err_unpublish;
	return 0;

err_unpublish:
	vrdma_ah_unpublish(dev, ah);
err_discharge:
	vrdma_device_discharge(dev, VRDMA_OBJ_AH);
	return ret;
}

int vrdma_destroy_ah(struct ib_ah *ibah, u32 flags)
{
	struct vrdma_device *dev = to_vdev(ibah->device);

	vrdma_ah_unpublish(dev, to_vah(ibah));
	vrdma_device_discharge(dev, VRDMA_OBJ_AH);
	return 0;
}

int vrdma_query_ah(struct ib_ah *ibah, struct rdma_ah_attr *attr)
{
	struct vrdma_av *av = &to_vah(ibah)->av;

	memset(attr, 0, sizeof(*attr));
	attr->type = ibah->type;
	rdma_ah_set_port_num(attr, 1);
	rdma_ah_set_sl(attr, av->sl);
	rdma_ah_set_grh(attr, NULL, av->flow_label, av->sgid_index, av->hop_limit,
			av->traffic_class);
	rdma_ah_set_dgid_raw(attr, av->dgid.raw);
	return 0;
}

int vrdma_modify_ah(struct ib_ah *ibah, struct rdma_ah_attr *attr)
{
	struct vrdma_device *dev = to_vdev(ibah->device);
	struct vrdma_ah *ah = to_vah(ibah);
	struct vrdma_av av;
	unsigned long irq;
	int ret;

	ret = vrdma_av_init(&av, attr);
	if (ret)
		return ret;

	xa_lock_irqsave(&dev->ahs, irq);
	ah->av = av;
	xa_unlock_irqrestore(&dev->ahs, irq);
	return 0;
}

int vrdma_ah_find(struct vrdma_device *dev, struct ib_pd *pd, u32 number,
		  struct vrdma_av *av)
{
	struct vrdma_ah *ah;
	unsigned long irq;
	int ret = -EINVAL;

	xa_lock_irqsave(&dev->ahs, irq);
	ah = xa_load(&dev->ahs, number);
	if (ah && ah->ibah.pd == pd) {
		*av = ah->av;
		ret = 0;
	}
	xa_unlock_irqrestore(&dev->ahs, irq);
	return ret;
}

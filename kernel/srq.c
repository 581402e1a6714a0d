// SPDX-License-Identifier: GPL-2.0
/* Shared receive queues. */
#include "srq.h"

#include <linux/uaccess.h>
#include <rdma/uverbs_ioctl.h>

#include "limits.h"
#include "ring.h"
#include "vdev.h"

#define VRDMA_SRQN_MASK	0xffffffU	/* doorbells take 24 bits */

static inline struct vrdma_srq *target_to_vsrq(struct vrdma_target *target)
{
	return container_of(target, struct vrdma_srq, target);
}

static bool vrdma_srq_target_get(struct vrdma_target *target)
{
	return refcount_inc_not_zero(&target_to_vsrq(target)->ref);
}

static void vrdma_srq_put(struct vrdma_srq *srq)
{
	if (refcount_dec_and_test(&srq->ref))
		complete(&srq->released);
}

static void vrdma_srq_target_put(struct vrdma_target *target)
{
	vrdma_srq_put(target_to_vsrq(target));
}

static int vrdma_srq_target_ring(struct vrdma_target *target, unsigned int cmd)
{
	struct vrdma_srq *srq = target_to_vsrq(target);

	if (cmd != VRDMA_IOC_KICK_SRQ)
		return -EINVAL;
	vrdma_stat_inc(to_vdev(srq->ibsrq.device), kicks);
	vrdma_rq_kick(&srq->rq);
	return 0;
}

/* Make the doorbell of a user SRQ work, under a number new in its context. */
static int vrdma_srq_list(struct vrdma_srq *srq, struct vrdma_bell *bell)
{
	struct vrdma_device *dev = to_vdev(srq->ibsrq.device);
	int ret;

	srq->target.get = vrdma_srq_target_get;
	srq->target.put = vrdma_srq_target_put;
	srq->target.ring = vrdma_srq_target_ring;
	srq->bell = bell;
	do {
		srq->number = atomic_inc_return(&dev->srqn) & VRDMA_SRQN_MASK;
		ret = vrdma_bell_add(&bell->srqs, srq->number, &srq->target);
	} while (ret == -EBUSY);
	return ret;
}

/* Unlink the doorbell and wait for the calls that are inside. */
static void vrdma_srq_unlist(struct vrdma_srq *srq)
{
	if (srq->bell)
		vrdma_bell_remove(&srq->bell->srqs, srq->number);
	vrdma_srq_put(srq);
	wait_for_completion(&srq->released);
}

static int vrdma_srq_respond(struct vrdma_srq *srq, struct vrdma_create_srq_resp *resp,
			     struct ib_udata *udata)
{
	int ret;

	ret = vrdma_srq_list(srq, vrdma_udata_bell(udata));
	if (ret)
		return ret;

	resp->srqn = srq->number;
	ret = ib_respond_udata(udata, *resp);
	if (ret)
		vrdma_srq_unlist(srq);
	return ret;
}

static int vrdma_srq_check(const struct ib_srq_init_attr *attr, struct ib_udata *udata)
{
	if (attr->srq_type != IB_SRQT_BASIC)
		return -EOPNOTSUPP;
	if (!attr->attr.max_wr || attr->attr.max_wr > VRDMA_MAX_SRQ_WR)
		return -EINVAL;
	if (attr->attr.max_sge > VRDMA_MAX_SGE)
		return -EINVAL;
	if (udata && udata->outlen < sizeof(struct vrdma_create_srq_resp))
		return -EINVAL;
	return 0;
}

int vrdma_create_srq(struct ib_srq *ibsrq, struct ib_srq_init_attr *attr,
		     struct ib_udata *udata)
{
	struct vrdma_device *dev = to_vdev(ibsrq->device);
	struct vrdma_create_srq_resp resp = {};
	struct vrdma_srq *srq = to_vsrq(ibsrq);
	int ret;

	ret = vrdma_srq_check(attr, udata);
	if (ret)
		return ret;

	ret = vrdma_device_charge(dev, VRDMA_OBJ_SRQ);
	if (ret)
		return ret;

	ret = vrdma_rq_init(&srq->rq, vrdma_udata_ucontext(udata), attr->attr.max_wr,
			    attr->attr.max_sge, &resp.rq);
	if (ret)
		goto err_discharge;

	refcount_set(&srq->ref, 1);
	init_completion(&srq->released);
	mutex_init(&srq->resize_lock);
	ret = udata ? vrdma_srq_respond(srq, &resp, udata) : 0;
	if (ret)
		goto err_exit_rq;
	return 0;

err_exit_rq:
	vrdma_rq_exit(&srq->rq);
err_discharge:
	vrdma_device_discharge(dev, VRDMA_OBJ_SRQ);
	return ret;
}

/* ib_core made sure that no QP uses it. */
int vrdma_destroy_srq(struct ib_srq *ibsrq, struct ib_udata *udata)
{
	struct vrdma_srq *srq = to_vsrq(ibsrq);

	vrdma_srq_unlist(srq);
	vrdma_rq_exit(&srq->rq);
	mutex_destroy(&srq->resize_lock);
	vrdma_device_discharge(to_vdev(ibsrq->device), VRDMA_OBJ_SRQ);
	return 0;
}

/* Before the switch: the application must not lose both rings. */
static int vrdma_srq_tell_ring(const struct vrdma_modify_srq_cmd *cmd,
			       const struct vrdma_ring_info *info)
{
	return copy_to_user(u64_to_user_ptr(cmd->ring), info, sizeof(*info)) ? -EFAULT : 0;
}

static int vrdma_srq_resize_locked(struct vrdma_srq *srq, u32 wr,
				   const struct vrdma_modify_srq_cmd *cmd,
				   struct ib_udata *udata)
{
	struct vrdma_ring_info info = {};
	struct vrdma_ring *old = NULL;
	struct vrdma_ring *ring;
	int ret;

	ring = vrdma_ring_create(vrdma_udata_ucontext(udata), wr,
				 vrdma_rq_stride(srq->rq.max_sge), &info);
	if (IS_ERR(ring))
		return PTR_ERR(ring);
	ret = vrdma_srq_tell_ring(cmd, &info);
	if (!ret)
		ret = vrdma_rq_switch(&srq->rq, ring, wr, &old);
	vrdma_ring_destroy(ret ? ring : old);
	return ret;
}

/* For applications: users in the kernel never ask. */
static int vrdma_srq_resize(struct vrdma_srq *srq, u32 wr, struct ib_udata *udata)
{
	struct vrdma_modify_srq_cmd cmd;
	int ret;

	if (!udata || udata->inlen < sizeof(cmd))
		return -EOPNOTSUPP;
	if (!wr || wr > VRDMA_MAX_SRQ_WR)
		return -EINVAL;
	ret = ib_copy_from_udata(&cmd, udata, sizeof(cmd));
	if (ret)
		return ret;
	mutex_lock(&srq->resize_lock);
	ret = vrdma_srq_resize_locked(srq, wr, &cmd, udata);
	mutex_unlock(&srq->resize_lock);
	return ret;
}

static int vrdma_srq_set_limit(struct vrdma_srq *srq, u32 limit)
{
	unsigned long flags;

	if (limit > READ_ONCE(srq->rq.wr))
		return -EINVAL;
	spin_lock_irqsave(&srq->rq.lock, flags);
	srq->limit = limit;
	spin_unlock_irqrestore(&srq->rq.lock, flags);
	return 0;
}

/**
 * vrdma_modify_srq - modify_srq verb
 * @ibsrq: any
 * @attr: size, limit
 * @mask: which of them
 * @udata: with a size: struct vrdma_modify_srq_cmd
 *
 * Return: -EINVAL for what cannot be, also for fewer than are posted; -EOPNOTSUPP for the size
 * of a kernel user's, or one whose provider does not know how.
 */
int vrdma_modify_srq(struct ib_srq *ibsrq, struct ib_srq_attr *attr,
		     enum ib_srq_attr_mask mask, struct ib_udata *udata)
{
	struct vrdma_srq *srq = to_vsrq(ibsrq);
	int ret = 0;
	u32 limit;

	if (mask & ~(IB_SRQ_MAX_WR | IB_SRQ_LIMIT))
		return -EOPNOTSUPP;
	limit = mask & IB_SRQ_LIMIT ? attr->srq_limit : READ_ONCE(srq->limit);
	if (mask & IB_SRQ_MAX_WR && limit > attr->max_wr)
		return -EINVAL;
	if (mask & IB_SRQ_MAX_WR)
		ret = vrdma_srq_resize(srq, attr->max_wr, udata);
	if (!ret && mask & IB_SRQ_LIMIT)
		ret = vrdma_srq_set_limit(srq, attr->srq_limit);
	return ret;
}

int vrdma_query_srq(struct ib_srq *ibsrq, struct ib_srq_attr *attr)
{
	struct vrdma_srq *srq = to_vsrq(ibsrq);

	attr->max_wr = READ_ONCE(srq->rq.wr);
	attr->max_sge = srq->rq.max_sge;
	attr->srq_limit = READ_ONCE(srq->limit);
	return 0;
}

int vrdma_post_srq_recv(struct ib_srq *ibsrq, const struct ib_recv_wr *wr,
			const struct ib_recv_wr **bad_wr)
{
	struct vrdma_srq *srq = to_vsrq(ibsrq);
	int ret;

	ret = vrdma_rq_post(&srq->rq, wr, bad_wr);
	vrdma_rq_kick(&srq->rq);
	return ret;
}

bool vrdma_srq_limit_passed(struct vrdma_srq *srq)
{
	if (!srq->limit || vrdma_rq_count(&srq->rq) >= (int)srq->limit)
		return false;
	WRITE_ONCE(srq->limit, 0);
	return true;
}

/* Whoever calls holds a QP that uses the SRQ, and thereby the SRQ. */
void vrdma_srq_limit_event(struct vrdma_srq *srq)
{
	struct ib_event event = {
		.device = srq->ibsrq.device,
		.element.srq = &srq->ibsrq,
		.event = IB_EVENT_SRQ_LIMIT_REACHED,
	};

	if (srq->ibsrq.event_handler)
		srq->ibsrq.event_handler(&event, srq->ibsrq.srq_context);
}

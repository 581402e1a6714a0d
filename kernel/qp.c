// SPDX-License-Identifier: GPL-2.0
/* Queue pairs: life, numbers and references. */
#include "qp.h"

#include <linux/random.h>
#include <rdma/uverbs_ioctl.h>
#include <rdma/vrdma-abi.h>

#include "binding.h"
#include "cq.h"
#include "limits.h"
#include "ring.h"
#include "send.h"
#include "srq.h"

enum {
	VRDMA_GSI_QPN = 1,
	VRDMA_FIRST_QPN = 0x10,		/* below: the special QPs of the specification */
	VRDMA_QPN_MASK = 0xffffff,	/* 24 bits on any wire */
	VRDMA_QPN_TRIES = 64,		/* 16 Ki of 16 Mi numbers are in use at most */
};

/* ---- references ---- */

struct vrdma_qp *vrdma_qp_get(struct vrdma_device *dev, u32 number)
{
	struct vrdma_qp *qp;
	unsigned long flags;

	xa_lock_irqsave(&dev->qps, flags);
	qp = xa_load(&dev->qps, number);
	if (qp && !refcount_inc_not_zero(&qp->ref))
		qp = NULL;
	xa_unlock_irqrestore(&dev->qps, flags);
	return qp;
}

void vrdma_qp_put(struct vrdma_qp *qp)
{
	if (refcount_dec_and_test(&qp->ref))
		complete(&qp->released);
}

static bool vrdma_qp_target_get(struct vrdma_target *target)
{
	return refcount_inc_not_zero(&container_of(target, struct vrdma_qp, target)->ref);
}

static void vrdma_qp_target_put(struct vrdma_target *target)
{
	vrdma_qp_put(container_of(target, struct vrdma_qp, target));
}

/* The application posted receives somebody waits for, or the QP is in error. */
static int vrdma_qp_kick(struct vrdma_qp *qp)
{
	vrdma_stat_inc(to_vdev(qp->ibqp.device), kicks);
	if (vrdma_qp_state(qp) == IB_QPS_ERR)
		return vrdma_send_doorbell(qp);
	if (!qp->ibqp.srq)
		vrdma_rq_kick(&qp->rq);
	return 0;
}

static int vrdma_qp_target_ring(struct vrdma_target *target, unsigned int cmd)
{
	struct vrdma_qp *qp = container_of(target, struct vrdma_qp, target);

	switch (cmd) {
	case VRDMA_IOC_SEND:
		vrdma_stat_inc(to_vdev(qp->ibqp.device), doorbells);
		return vrdma_send_doorbell(qp);
	case VRDMA_IOC_KICK_QP:
		return vrdma_qp_kick(qp);
	}
	return -ENOTTY;
}

/* ---- events ---- */

void vrdma_qp_event(struct vrdma_qp *qp, enum ib_event_type type)
{
	struct ib_event event = {
		.device = qp->ibqp.device,
		.element.qp = &qp->ibqp,
		.event = type,
	};

	if (qp->ibqp.event_handler)
		qp->ibqp.event_handler(&event, qp->ibqp.qp_context);
}

void vrdma_qp_fail(struct vrdma_qp *qp, int event)
{
	unsigned long flags;
	bool failed = false;

	spin_lock_irqsave(&qp->lock, flags);
	if (qp->state != IB_QPS_ERR && qp->state != IB_QPS_RESET) {
		WRITE_ONCE(qp->state, IB_QPS_ERR);
		failed = true;
	}
	spin_unlock_irqrestore(&qp->lock, flags);

	if (!failed)
		return;
	if (event >= 0)
		vrdma_qp_event(qp, event);
	vrdma_send_wake(qp);
}

void vrdma_qp_fail_send(struct vrdma_qp *qp)
{
	unsigned long flags;

	if (qp->ibqp.qp_type == IB_QPT_RC) {
		vrdma_qp_fail(qp, -1);
		return;
	}
	spin_lock_irqsave(&qp->lock, flags);
	if (qp->state == IB_QPS_RTS || qp->state == IB_QPS_SQD)
		WRITE_ONCE(qp->state, IB_QPS_SQE);
	spin_unlock_irqrestore(&qp->lock, flags);
}

void vrdma_qp_drained(struct vrdma_qp *qp)
{
	WRITE_ONCE(qp->drained, true);
	if (!qp->drain_notify)
		return;
	qp->drain_notify = false;
	vrdma_qp_event(qp, IB_EVENT_SQ_DRAINED);
}

/* ---- create ---- */

static int vrdma_qp_check(const struct ib_qp_init_attr *attr, bool user)
{
	const struct ib_qp_cap *cap = &attr->cap;

	if (attr->create_flags)
		return -EOPNOTSUPP;
	switch (attr->qp_type) {
	case IB_QPT_RC:
	case IB_QPT_UC:
	case IB_QPT_UD:
		break;
	case IB_QPT_GSI:
		if (!user)
			break;
		fallthrough;
	default:
		return -EOPNOTSUPP;
	}
	if (!attr->send_cq || !attr->recv_cq)
		return -EINVAL;
	if (cap->max_send_wr > VRDMA_MAX_QP_WR || cap->max_send_sge > VRDMA_MAX_SGE ||
	    cap->max_inline_data > VRDMA_MAX_INLINE)
		return -EINVAL;
	if (!attr->srq && (cap->max_recv_wr > VRDMA_MAX_QP_WR ||
			   cap->max_recv_sge > VRDMA_MAX_SGE))
		return -EINVAL;
	return 0;
}

static int vrdma_qp_number(struct vrdma_device *dev, struct vrdma_qp *qp)
{
	int tries, err;

	if (qp->ibqp.qp_type == IB_QPT_GSI) {
		qp->number = VRDMA_GSI_QPN;
		return xa_insert_irq(&dev->qps, qp->number, qp, GFP_KERNEL);
	}
	for (tries = 0; tries < VRDMA_QPN_TRIES; tries++) {
		qp->number = get_random_u32() & VRDMA_QPN_MASK;
		if (qp->number < VRDMA_FIRST_QPN || qp->number == IB_MULTICAST_QPN)
			continue;
		err = xa_insert_irq(&dev->qps, qp->number, qp, GFP_KERNEL_ACCOUNT);
		if (err != -EBUSY)
			return err;
	}
	return -ENOMEM;
}

static int vrdma_qp_init_queues(struct vrdma_qp *qp, struct ib_qp_init_attr *attr,
				struct ib_ucontext *uctx, struct vrdma_create_qp_resp *resp)
{
	int err;

	err = vrdma_sq_init(qp, uctx, &attr->cap, &resp->sq);
	if (err)
		return err;
	if (attr->srq) {
		attr->cap.max_recv_wr = 0;
		attr->cap.max_recv_sge = 0;
		return 0;
	}
	err = vrdma_rq_init(&qp->rq, uctx, attr->cap.max_recv_wr, attr->cap.max_recv_sge,
			    &resp->rq);
	if (err)
		vrdma_sq_exit(qp);
	return err;
}

static void vrdma_qp_exit_queues(struct vrdma_qp *qp)
{
	if (!qp->ibqp.srq)
		vrdma_rq_exit(&qp->rq);
	vrdma_sq_exit(qp);
}

static void vrdma_qp_init(struct vrdma_qp *qp, const struct ib_qp_init_attr *attr, bool user)
{
	static atomic64_t serial;

	qp->serial = atomic64_inc_return(&serial);
	qp->user = user;
	qp->state = IB_QPS_RESET;
	qp->sig_all = attr->sq_sig_type == IB_SIGNAL_ALL_WR;
	qp->target.get = vrdma_qp_target_get;
	qp->target.put = vrdma_qp_target_put;
	qp->target.ring = vrdma_qp_target_ring;
	vrdma_rx_init(&qp->rx);
	mutex_init(&qp->modify_lock);
	spin_lock_init(&qp->lock);
	refcount_set(&qp->ref, 1);
	init_completion(&qp->released);
}

static int vrdma_qp_publish(struct vrdma_qp *qp, struct vrdma_create_qp_resp *resp,
			    struct ib_udata *udata)
{
	int err;

	if (!udata)
		return 0;
	qp->bell = vrdma_udata_bell(udata);
	err = vrdma_bell_add(&qp->bell->qps, qp->number, &qp->target);
	if (err)
		return err;
	err = ib_respond_udata(udata, *resp);
	if (err)
		vrdma_bell_remove(&qp->bell->qps, qp->number);
	return err;
}

/* Nobody finds the QP any more, and nobody who found it is left. */
static void vrdma_qp_unpublish(struct vrdma_qp *qp)
{
	xa_erase_irq(&to_vdev(qp->ibqp.device)->qps, qp->number);
	vrdma_qp_put(qp);
	wait_for_completion(&qp->released);
}

/**
 * vrdma_create_qp - create_qp verb
 * @ibqp: allocated by ib_core with type, PD, CQs and SRQ set
 * @attr: in: wanted; out: granted capacities
 * @udata: NULL for a kernel user
 *
 * Return: 0; -EOPNOTSUPP for a type or flag that is not offered; -EINVAL above
 * the device's limits; -ENOMEM.
 */
int vrdma_create_qp(struct ib_qp *ibqp, struct ib_qp_init_attr *attr,
		    struct ib_udata *udata)
{
	struct vrdma_device *dev = to_vdev(ibqp->device);
	struct vrdma_create_qp_resp resp = {};
	struct vrdma_qp *qp = to_vqp(ibqp);
	int err;

	err = vrdma_qp_check(attr, udata);
	if (err)
		return err;
	err = vrdma_device_charge(dev, VRDMA_OBJ_QP);
	if (err)
		return err;

	vrdma_qp_init(qp, attr, udata);
	err = vrdma_qp_init_queues(qp, attr, vrdma_udata_ucontext(udata), &resp);
	if (err)
		goto err_discharge;
	qp->cap = attr->cap;
	err = vrdma_qp_number(dev, qp);
	if (err)
		goto err_queues;
	ibqp->qp_num = qp->number;
	err = vrdma_qp_publish(qp, &resp, udata);
	if (err)
		goto err_unpublish;
	return 0;

err_unpublish:
	vrdma_qp_unpublish(qp);
err_queues:
	vrdma_qp_exit_queues(qp);
err_discharge:
	vrdma_device_discharge(dev, VRDMA_OBJ_QP);
	return err;
}

/**
 * vrdma_destroy_qp - destroy_qp verb
 * @ibqp: any state
 * @udata: unused
 *
 * Waits for the send queue's owner, for sections of the far side and for
 * lookups: each is bounded by a drain or a chunk.
 */
int vrdma_destroy_qp(struct ib_qp *ibqp, struct ib_udata *udata)
{
	struct vrdma_device *dev = to_vdev(ibqp->device);
	struct vrdma_qp *qp = to_vqp(ibqp);

	if (qp->bell)
		vrdma_bell_remove(&qp->bell->qps, qp->number);
	vrdma_qp_to_reset(qp);
	vrdma_qp_unpublish(qp);
	/* ib_free_cq() expects no handler to be called once its QPs are gone. */
	vrdma_cq_flush(to_vcq(ibqp->send_cq));
	vrdma_cq_flush(to_vcq(ibqp->recv_cq));
	timer_delete_sync(&qp->sq.timer);
	vrdma_qp_exit_queues(qp);
	vrdma_device_discharge(dev, VRDMA_OBJ_QP);
	return 0;
}

/**
 * vrdma_post_recv - post_recv verb of kernel users
 * @ibqp: without an SRQ; not in RESET
 * @wr: chain
 * @bad_wr: the first that was not posted
 *
 * Any context.
 */
int vrdma_post_recv(struct ib_qp *ibqp, const struct ib_recv_wr *wr,
		    const struct ib_recv_wr **bad_wr)
{
	struct vrdma_qp *qp = to_vqp(ibqp);
	int err;

	if (qp->user || ibqp->srq || vrdma_qp_state(qp) == IB_QPS_RESET) {
		*bad_wr = wr;
		return -EINVAL;
	}
	err = vrdma_rq_post(&qp->rq, wr, bad_wr);
	if (vrdma_qp_state(qp) == IB_QPS_ERR)
		vrdma_send_wake(qp);
	else
		vrdma_rq_kick(&qp->rq);
	return err;
}

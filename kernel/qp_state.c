// SPDX-License-Identifier: GPL-2.0
/* modify_qp and query_qp: the QP's states and attributes. */
#include "binding.h"
#include "limits.h"
#include "qp.h"
#include "send.h"

#define VRDMA_QP_REFUSED	(IB_QP_ALT_PATH | IB_QP_PATH_MIG_STATE | IB_QP_CAP)

#define VRDMA_QPN_MAX		0xffffffU

static bool vrdma_qp_above(int mask, enum ib_qp_attr_mask bit, u32 value, u32 max)
{
	return mask & bit && value > max;
}

static int vrdma_qp_check_attr(const struct ib_qp_attr *attr, int mask)
{
	if (mask & VRDMA_QP_REFUSED)	/* no alternate paths, no resizing */
		return -EOPNOTSUPP;
	if (vrdma_qp_above(mask, IB_QP_PKEY_INDEX, attr->pkey_index, VRDMA_PKEY_TABLE - 1) ||
	    vrdma_qp_above(mask, IB_QP_TIMEOUT, attr->timeout, 31) ||
	    vrdma_qp_above(mask, IB_QP_RETRY_CNT, attr->retry_cnt, 7) ||
	    vrdma_qp_above(mask, IB_QP_RNR_RETRY, attr->rnr_retry, 7) ||
	    vrdma_qp_above(mask, IB_QP_MIN_RNR_TIMER, attr->min_rnr_timer, 31) ||
	    vrdma_qp_above(mask, IB_QP_MAX_QP_RD_ATOMIC, attr->max_rd_atomic,
			   VRDMA_MAX_RD_ATOMIC) ||
	    vrdma_qp_above(mask, IB_QP_MAX_DEST_RD_ATOMIC, attr->max_dest_rd_atomic,
			   VRDMA_MAX_RD_ATOMIC) ||
	    vrdma_qp_above(mask, IB_QP_DEST_QPN, attr->dest_qp_num, VRDMA_QPN_MAX))
		return -EINVAL;
	if (mask & IB_QP_PORT && attr->port_num != 1)
		return -EINVAL;
	if (mask & IB_QP_PATH_MTU &&
	    (attr->path_mtu < IB_MTU_256 || attr->path_mtu > IB_MTU_4096))
		return -EINVAL;
	if (mask & IB_QP_AV && !(rdma_ah_get_ah_flags(&attr->ah_attr) & IB_AH_GRH))
		return -EINVAL;
	return 0;
}

/* What the path and the far QP are. */
static void vrdma_qp_store_path(struct ib_qp_attr *mine, const struct ib_qp_attr *attr,
				int mask)
{
	if (mask & IB_QP_AV) {
		mine->ah_attr = attr->ah_attr;
		mine->ah_attr.grh.sgid_attr = NULL;	/* ib_core's reference */
	}
	if (mask & IB_QP_PATH_MTU)
		mine->path_mtu = attr->path_mtu;
	if (mask & IB_QP_DEST_QPN)
		mine->dest_qp_num = attr->dest_qp_num;
	if (mask & IB_QP_PKEY_INDEX)
		mine->pkey_index = attr->pkey_index;
	if (mask & IB_QP_PORT)
		mine->port_num = attr->port_num;
	if (mask & IB_QP_RQ_PSN)
		mine->rq_psn = attr->rq_psn;
	if (mask & IB_QP_SQ_PSN)
		mine->sq_psn = attr->sq_psn;
}

/* What is allowed, and for how long. */
static void vrdma_qp_store_rules(struct ib_qp_attr *mine, const struct ib_qp_attr *attr,
				 int mask)
{
	if (mask & IB_QP_ACCESS_FLAGS)
		mine->qp_access_flags = attr->qp_access_flags;
	if (mask & IB_QP_QKEY)
		mine->qkey = attr->qkey;
	if (mask & IB_QP_TIMEOUT)
		mine->timeout = attr->timeout;
	if (mask & IB_QP_RETRY_CNT)
		mine->retry_cnt = attr->retry_cnt;
	if (mask & IB_QP_RNR_RETRY)
		mine->rnr_retry = attr->rnr_retry;
	if (mask & IB_QP_MIN_RNR_TIMER)
		mine->min_rnr_timer = attr->min_rnr_timer;
	if (mask & IB_QP_MAX_QP_RD_ATOMIC)
		mine->max_rd_atomic = attr->max_rd_atomic;
	if (mask & IB_QP_MAX_DEST_RD_ATOMIC)
		mine->max_dest_rd_atomic = attr->max_dest_rd_atomic;
	if (mask & IB_QP_EN_SQD_ASYNC_NOTIFY)
		mine->en_sqd_async_notify = attr->en_sqd_async_notify;
}

/* A QP that has failed since the caller looked stays in error until RESET. */
static int vrdma_qp_set_state(struct vrdma_qp *qp, enum ib_qp_state state,
			      const struct ib_qp_attr *attr, int mask)
{
	unsigned long flags;
	int err = 0;

	spin_lock_irqsave(&qp->lock, flags);
	if (qp->state == IB_QPS_ERR && state != IB_QPS_ERR && state != IB_QPS_RESET) {
		err = -EINVAL;
	} else {
		if (attr) {
			vrdma_qp_store_path(&qp->attr, attr, mask);
			vrdma_qp_store_rules(&qp->attr, attr, mask);
		}
		WRITE_ONCE(qp->state, state);
	}
	spin_unlock_irqrestore(&qp->lock, flags);
	return err;
}

static void vrdma_qp_set_binding(struct vrdma_qp *qp, struct vrdma_binding *binding)
{
	unsigned long flags;

	spin_lock_irqsave(&qp->lock, flags);
	qp->binding = binding;
	spin_unlock_irqrestore(&qp->lock, flags);
}

/**
 * vrdma_qp_to_reset - end all traffic and forget all work
 * @qp: any state; the caller holds modify_lock or is destroy_qp
 *
 * First nobody new: the state.  Then nobody old: the send queue's owner, then
 * the far side's sections.  Then the work itself.
 */
void vrdma_qp_to_reset(struct vrdma_qp *qp)
{
	struct vrdma_binding *binding = qp->binding;

	vrdma_qp_set_state(qp, IB_QPS_RESET, NULL, 0);
	vrdma_sq_stop(qp);
	if (binding) {
		vrdma_binding_stop(binding);
		vrdma_binding_wait(binding);
		vrdma_binding_end(binding);
	}
	vrdma_rx_abort(qp);
	if (binding) {
		vrdma_qp_set_binding(qp, NULL);
		vrdma_binding_release(binding);
	}
	if (!qp->ibqp.srq)
		vrdma_rq_reset(&qp->rq);
	qp->comm_est = false;
	qp->last_wqe = false;
	qp->drain_notify = false;
	memset(&qp->attr, 0, sizeof(qp->attr));
	vrdma_sq_reset(qp);
}

/* A connected QP learns its partner. */
static int vrdma_qp_to_rtr(struct vrdma_qp *qp, const struct ib_qp_attr *attr, int mask)
{
	struct vrdma_binding *binding;
	int err;

	if (qp->ibqp.qp_type != IB_QPT_RC && qp->ibqp.qp_type != IB_QPT_UC)
		return vrdma_qp_set_state(qp, IB_QPS_RTR, attr, mask);

	binding = vrdma_binding_create(qp, &attr->ah_attr, attr->dest_qp_num);
	if (!binding)
		return -ENOMEM;

	err = vrdma_qp_set_state(qp, IB_QPS_RTR, attr, mask);
	if (err) {
		vrdma_binding_discard(binding);
		return err;
	}
	vrdma_qp_set_binding(qp, binding);
	vrdma_binding_start(binding);
	return 0;
}

static int vrdma_qp_transit(struct vrdma_qp *qp, enum ib_qp_state next,
			    const struct ib_qp_attr *attr, int mask)
{
	int err;

	switch (next) {
	case IB_QPS_RESET:
		vrdma_qp_to_reset(qp);
		return 0;
	case IB_QPS_RTR:
		if (qp->state == IB_QPS_INIT)
			return vrdma_qp_to_rtr(qp, attr, mask);
		break;
	case IB_QPS_SQD:
		if (qp->state != IB_QPS_SQD)
			WRITE_ONCE(qp->drained, false);
		qp->drain_notify = mask & IB_QP_EN_SQD_ASYNC_NOTIFY &&
				   attr->en_sqd_async_notify;
		break;
	case IB_QPS_ERR:
		vrdma_qp_set_state(qp, next, attr, mask);
		vrdma_send_wake(qp);
		return 0;
	default:
		break;
	}
	err = vrdma_qp_set_state(qp, next, attr, mask);
	if (!err && (next == IB_QPS_RTS || next == IB_QPS_SQD))
		vrdma_send_doorbell(qp);
	return err;
}

/**
 * vrdma_modify_qp - modify_qp verb
 * @ibqp: any state
 * @attr: checked by ib_core for presence, by us for values
 * @mask: enum ib_qp_attr_mask
 * @udata: unused
 *
 * Process context.  To ERR returns at once; the flush follows.
 */
int vrdma_modify_qp(struct ib_qp *ibqp, struct ib_qp_attr *attr, int mask,
		    struct ib_udata *udata)
{
	struct vrdma_qp *qp = to_vqp(ibqp);
	enum ib_qp_state cur, next;
	int err;

	if (mask & ~IB_QP_ATTR_STANDARD_BITS)
		return -EOPNOTSUPP;
	err = vrdma_qp_check_attr(attr, mask);
	if (err)
		return err;

	mutex_lock(&qp->modify_lock);
	cur = vrdma_qp_state(qp);
	next = mask & IB_QP_STATE ? attr->qp_state : cur;
	err = -EINVAL;
	if (mask & IB_QP_CUR_STATE && attr->cur_qp_state != cur)
		goto out;
	if (!ib_modify_qp_is_ok(cur, next, ibqp->qp_type, mask))
		goto out;
	err = vrdma_qp_transit(qp, next, attr, mask);
out:
	mutex_unlock(&qp->modify_lock);
	return err;
}

/**
 * vrdma_query_qp - query_qp verb
 * @ibqp: any state
 * @attr: out
 * @mask: all attributes are returned whatever is asked for
 * @init_attr: out
 *
 * A snapshot; never waits for anybody.
 */
int vrdma_query_qp(struct ib_qp *ibqp, struct ib_qp_attr *attr, int mask,
		   struct ib_qp_init_attr *init_attr)
{
	struct vrdma_qp *qp = to_vqp(ibqp);
	unsigned long flags;

	spin_lock_irqsave(&qp->lock, flags);
	*attr = qp->attr;
	attr->qp_state = qp->state;
	attr->sq_draining = qp->state == IB_QPS_SQD && !READ_ONCE(qp->drained);
	spin_unlock_irqrestore(&qp->lock, flags);

	attr->cur_qp_state = attr->qp_state;
	attr->cap = qp->cap;
	init_attr->event_handler = ibqp->event_handler;
	init_attr->qp_context = ibqp->qp_context;
	init_attr->send_cq = ibqp->send_cq;
	init_attr->recv_cq = ibqp->recv_cq;
	init_attr->srq = ibqp->srq;
	init_attr->cap = qp->cap;
	init_attr->sq_sig_type = qp->sig_all ? IB_SIGNAL_ALL_WR : IB_SIGNAL_REQ_WR;
	init_attr->qp_type = ibqp->qp_type;
	return 0;
}

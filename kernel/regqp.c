// SPDX-License-Identifier: GPL-2.0
/*
 * Registration queue pairs.  Lanes could register memory themselves, in the order of their
 * messages; but an rxe that repeats what was not acknowledged carries out registrations
 * behind it a second time (6.12: req_retry() does not skip those that are done), fails, and
 * takes the lane with it.  Here is never anything to repeat: no packet is sent.
 */
#include "regqp.h"

#include <linux/completion.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <rdma/ib_cache.h>
#include <rdma/rdma_cm.h>

#include "hca.h"
#include "limits.h"

/* ---- the queue pair ---- */

static int vrdma_regqp_to_init(struct vrdma_regqp *regqp, const struct rdma_cm_id *id)
{
	struct ib_qp_attr attr = {
		.qp_state = IB_QPS_INIT,
		.port_num = id->port_num,
	};

	return ib_modify_qp(regqp->qp, &attr, IB_QP_STATE | IB_QP_PKEY_INDEX | IB_QP_PORT |
			    IB_QP_ACCESS_FLAGS);
}

/* To itself, at the address that @id has.  Nobody else knows the @psn of packets it takes. */
static int vrdma_regqp_to_rtr(struct vrdma_regqp *regqp, const struct rdma_cm_id *id, u32 psn)
{
	const struct rdma_dev_addr *dev_addr = &id->route.addr.dev_addr;
	const struct ib_gid_attr *gid = dev_addr->sgid_attr;
	struct ib_qp_attr attr = {
		.qp_state = IB_QPS_RTR,
		.path_mtu = IB_MTU_256,
		.dest_qp_num = regqp->qp->qp_num,
		.rq_psn = psn,
	};

	attr.ah_attr.type = rdma_ah_find_type(regqp->hca->ibdev, id->port_num);
	if (!gid || attr.ah_attr.type != RDMA_AH_ATTR_TYPE_ROCE)
		return -EOPNOTSUPP;
	rdma_ah_set_port_num(&attr.ah_attr, id->port_num);
	rdma_ah_set_grh(&attr.ah_attr, (union ib_gid *)&gid->gid, 0, gid->index, 1, 0);
	memcpy(attr.ah_attr.roce.dmac, dev_addr->src_dev_addr, ETH_ALEN);
	return ib_modify_qp(regqp->qp, &attr, IB_QP_STATE | IB_QP_AV | IB_QP_PATH_MTU |
			    IB_QP_DEST_QPN | IB_QP_RQ_PSN | IB_QP_MAX_DEST_RD_ATOMIC |
			    IB_QP_MIN_RNR_TIMER);
}

static int vrdma_regqp_to_rts(struct vrdma_regqp *regqp, u32 psn)
{
	struct ib_qp_attr attr = {
		.qp_state = IB_QPS_RTS,
		.sq_psn = psn,
	};

	return ib_modify_qp(regqp->qp, &attr, IB_QP_STATE | IB_QP_TIMEOUT | IB_QP_RETRY_CNT |
			    IB_QP_RNR_RETRY | IB_QP_SQ_PSN | IB_QP_MAX_QP_RD_ATOMIC);
}

static int vrdma_regqp_connect(struct vrdma_regqp *regqp, const struct rdma_cm_id *id)
{
	u32 psn = get_random_u32() >> 8;
	int ret;

	ret = vrdma_regqp_to_init(regqp, id);
	if (!ret)
		ret = vrdma_regqp_to_rtr(regqp, id, psn);
	if (!ret)
		ret = vrdma_regqp_to_rts(regqp, psn);
	return ret;
}

static int vrdma_regqp_create_qp(struct vrdma_regqp *regqp, const struct rdma_cm_id *id,
				 unsigned int wrs)
{
	struct ib_qp_init_attr attr = {
		.cap = {
			.max_send_wr = wrs,
			.max_recv_wr = 1,
			.max_send_sge = 1,
			.max_recv_sge = 1,
		},
		.sq_sig_type = IB_SIGNAL_ALL_WR,
		.qp_type = IB_QPT_RC,
	};
	struct ib_cq *cq;
	struct ib_qp *qp;
	int ret;

	cq = ib_alloc_cq_any(regqp->hca->ibdev, NULL, wrs, IB_POLL_WORKQUEUE);
	if (IS_ERR(cq))
		return PTR_ERR(cq);
	attr.send_cq = cq;
	attr.recv_cq = cq;
	qp = ib_create_qp(regqp->pd, &attr);
	if (IS_ERR(qp)) {
		ret = PTR_ERR(qp);
		goto err_free_cq;
	}
	regqp->cq = cq;
	regqp->qp = qp;
	ret = vrdma_regqp_connect(regqp, id);
	if (!ret)
		return 0;
	regqp->qp = NULL;
	ib_destroy_qp(qp);
err_free_cq:
	ib_free_cq(cq);
	return ret;
}

/* Nothing is registered, nothing posted that has not completed. */
static void vrdma_regqp_destroy(struct vrdma_regqp *regqp)
{
	struct ib_mr *mr, *next;

	if (regqp->qp) {
		ib_destroy_qp(regqp->qp);
		ib_free_cq(regqp->cq);
	}
	list_for_each_entry_safe(mr, next, &regqp->mrs, qp_entry)
		ib_dereg_mr(mr);
	ib_dealloc_pd(regqp->pd);
	kfree(regqp);
}

/* Without a queue pair it still has the protection domain that lanes need. */
static struct vrdma_regqp *vrdma_regqp_create(struct vrdma_hca *hca, const struct rdma_cm_id *id,
					      unsigned int wrs)
{
	struct vrdma_regqp *regqp;
	struct ib_pd *pd;
	int ret;

	regqp = kzalloc(sizeof(*regqp), GFP_KERNEL);
	if (!regqp)
		return ERR_PTR(-ENOMEM);
	pd = ib_alloc_pd(hca->ibdev, 0);
	if (IS_ERR(pd)) {
		kfree(regqp);
		return ERR_CAST(pd);
	}
	regqp->hca = hca;
	regqp->pd = pd;
	spin_lock_init(&regqp->lock);
	INIT_LIST_HEAD(&regqp->mrs);
	ret = wrs ? vrdma_regqp_create_qp(regqp, id, wrs) : 0;
	if (ret)
		pr_warn_ratelimited("%s: no registration queue pair (%d), large operations go in messages\n",
				    dev_name(&hca->ibdev->dev), ret);
	return regqp;
}

void vrdma_regqp_slot_init(struct vrdma_regqp_slot *slot)
{
	mutex_init(&slot->lock);
}

/**
 * vrdma_regqp_get - the registration queue pair of a channel
 * @slot: the channel's
 * @hca: of the connection that wants it, and holds @hca until it has put this
 * @id: of the same
 * @wrs: that may be posted at once; 0: none is wanted
 *
 * May sleep.  Return: it, or an error pointer.
 */
struct vrdma_regqp *vrdma_regqp_get(struct vrdma_regqp_slot *slot, struct vrdma_hca *hca,
				    const struct rdma_cm_id *id, unsigned int wrs)
{
	struct vrdma_regqp *regqp;

	mutex_lock(&slot->lock);
	regqp = slot->regqp;
	if (!regqp || regqp->hca != hca || READ_ONCE(regqp->broken) || (wrs && !regqp->qp))
		regqp = vrdma_regqp_create(hca, id, wrs);
	if (!IS_ERR(regqp)) {
		regqp->users++;
		slot->regqp = regqp;
	}
	mutex_unlock(&slot->lock);
	return regqp;
}

/**
 * vrdma_regqp_put - a connection needs it no longer
 * @slot: it came from
 * @regqp: of which that connection has nothing any more
 *
 * May sleep.
 */
void vrdma_regqp_put(struct vrdma_regqp_slot *slot, struct vrdma_regqp *regqp)
{
	mutex_lock(&slot->lock);
	if (!--regqp->users) {
		if (slot->regqp == regqp)
			slot->regqp = NULL;
		vrdma_regqp_destroy(regqp);
	}
	mutex_unlock(&slot->lock);
}

/* ---- memory ---- */

struct ib_mr *vrdma_regqp_get_mr(struct vrdma_regqp *regqp)
{
	struct ib_mr *mr;

	spin_lock_irq(&regqp->lock);
	mr = list_first_entry_or_null(&regqp->mrs, struct ib_mr, qp_entry);
	if (mr)
		list_del(&mr->qp_entry);
	spin_unlock_irq(&regqp->lock);
	return mr ?: ib_alloc_mr(regqp->pd, IB_MR_TYPE_MEM_REG, VRDMA_PIECE_PAGES);
}

void vrdma_regqp_put_mr(struct vrdma_regqp *regqp, struct ib_mr *mr)
{
	unsigned long flags;

	spin_lock_irqsave(&regqp->lock, flags);
	list_add(&mr->qp_entry, &regqp->mrs);
	spin_unlock_irqrestore(&regqp->lock, flags);
}

/**
 * struct vrdma_regqp_wait - somebody who waits for what was posted
 * @cqe: of it
 * @done: it has completed
 * @status: so
 */
struct vrdma_regqp_wait {
	struct ib_cqe cqe;
	struct completion done;
	enum ib_wc_status status;
};

static void vrdma_regqp_registered(struct ib_cq *cq, struct ib_wc *wc)
{
	struct vrdma_regqp_wait *wait = container_of(wc->wr_cqe, struct vrdma_regqp_wait, cqe);

	wait->status = wc->status;
	complete(&wait->done);
}

/**
 * vrdma_regqp_register - let the peer's HCA at memory
 * @regqp: has a queue pair
 * @mr: from vrdma_regqp_get_mr(), mapped; its key and address are what the peer needs
 * @access: IB_ACCESS_* for it
 *
 * May sleep.  Return: 0, or -EIO: what has become of @mr is not known, @regqp is broken.
 */
int vrdma_regqp_register(struct vrdma_regqp *regqp, struct ib_mr *mr, int access)
{
	struct vrdma_regqp_wait wait = { .cqe.done = vrdma_regqp_registered };
	struct ib_reg_wr reg = {
		.wr.wr_cqe = &wait.cqe,
		.wr.opcode = IB_WR_REG_MR,
		.mr = mr,
		.key = mr->rkey,
		.access = access,
	};

	init_completion(&wait.done);
	if (!ib_post_send(regqp->qp, &reg.wr, NULL)) {
		wait_for_completion(&wait.done);
		if (wait.status == IB_WC_SUCCESS)
			return 0;
	}
	vrdma_regqp_break(regqp);
	return -EIO;
}

/**
 * vrdma_regqp_invalidate - keep the peer's HCA from memory
 * @regqp: where it was registered
 * @key: of it
 * @cqe: completes when that is so; anything but success leaves the MR in an unknown state
 *
 * Any context.  Return: 0, or a negative error: nothing is posted, @regqp is broken.
 */
int vrdma_regqp_invalidate(struct vrdma_regqp *regqp, u32 key, struct ib_cqe *cqe)
{
	struct ib_send_wr inv = {
		.wr_cqe = cqe,
		.opcode = IB_WR_LOCAL_INV,
		.ex.invalidate_rkey = key,
	};
	int ret;

	ret = ib_post_send(regqp->qp, &inv, NULL);
	if (ret)
		vrdma_regqp_break(regqp);
	return ret;
}

/**
 * vrdma_regqp_fail - have everything complete that was posted
 * @regqp: which the HCA has left without an answer
 *
 * May sleep.
 */
void vrdma_regqp_fail(struct vrdma_regqp *regqp)
{
	struct ib_qp_attr attr = { .qp_state = IB_QPS_ERR };

	vrdma_regqp_break(regqp);
	ib_modify_qp(regqp->qp, &attr, IB_QP_STATE);
}

// SPDX-License-Identifier: GPL-2.0
/* The receiver's side of a datagram: check the Q_Key, place header and payload. */
#include "ud_recv.h"

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <rdma/ib_pack.h>

#include "cq.h"
#include "group.h"
#include "limits.h"
#include "qp.h"
#include "recv.h"
#include "srq.h"
#include "vdev.h"

#define VRDMA_UD_GROUP_BATCH	16	/* queue pairs that are held at once */

static void vrdma_grh_ipv4(struct iphdr *ip, const struct vrdma_ud_msg *msg)
{
	ip->version = 4;
	ip->ihl = sizeof(*ip) / 4;
	ip->tos = msg->av.traffic_class;
	ip->tot_len = htons(sizeof(*ip) + msg->length);
	ip->ttl = msg->av.hop_limit;
	ip->protocol = IPPROTO_UDP;
	memcpy(&ip->saddr, msg->av.sgid.raw + 12, 4);
	memcpy(&ip->daddr, msg->av.dgid.raw + 12, 4);
	ip->check = ip_fast_csum(ip, ip->ihl);	/* ib_core tells the family by it */
}

static void vrdma_grh_ipv6(struct ipv6hdr *ip6, const struct vrdma_ud_msg *msg)
{
	u32 word = 6U << 28 | (u32)msg->av.traffic_class << 20 |
		   (msg->av.flow_label & 0xfffff);

	*(__be32 *)ip6 = cpu_to_be32(word);
	ip6->payload_len = htons(msg->length);
	ip6->nexthdr = IPPROTO_UDP;
	ip6->hop_limit = msg->av.hop_limit;
	memcpy(&ip6->saddr, &msg->av.sgid, sizeof(ip6->saddr));
	memcpy(&ip6->daddr, &msg->av.dgid, sizeof(ip6->daddr));
}

/* RoCE v2, annex A17: an IPv4 header stands in the last 20 of the 40 bytes. */
static void vrdma_grh(u8 *grh, const struct vrdma_ud_msg *msg)
{
	memset(grh, 0, VRDMA_GRH);
	if (msg->av.network_type == RDMA_NETWORK_IPV4)
		vrdma_grh_ipv4((struct iphdr *)(grh + VRDMA_GRH - sizeof(struct iphdr)), msg);
	else
		vrdma_grh_ipv6((struct ipv6hdr *)grh, msg);
}

static void vrdma_ud_complete(struct vrdma_qp *qp, const struct vrdma_ud_msg *msg,
			      enum ib_wc_status status, bool *limit)
{
	bool imm = msg->opcode == IB_UVERBS_WR_SEND_WITH_IMM;
	struct vrdma_cqe cqe = {
		.wr_id = qp->rx.recv.wr_id,
		.status = status,
		.opcode = IB_WC_RECV,
		.byte_len = msg->length + VRDMA_GRH,
		.imm_data = imm ? msg->imm_data : 0,
		.qp_num = qp->number,
		.src_qp = msg->src_qpn,
		.wc_flags = VRDMA_WC_GRH | (imm ? VRDMA_WC_WITH_IMM : 0),
		.network_hdr_type = msg->av.network_type,
		.sl = msg->av.sl,
		.kernel = (uintptr_t)&qp->ibqp,
	};

	*limit = vrdma_recv_consume(qp);
	if (vrdma_cq_post(to_vcq(qp->ibqp.recv_cq), &cqe, msg->flags & VRDMA_SEND_SOLICITED))
		vrdma_qp_fail(qp, -1);
}

/* Header, then payload, into the receive that was read. */
static enum vrdma_fault vrdma_ud_copy(struct vrdma_qp *qp, const struct vrdma_ud_msg *msg,
				      struct vrdma_cursor *payload)
{
	struct vrdma_cursor *target = &qp->rx.target;
	struct vrdma_cursor *header = &qp->rx.header;
	u8 grh[VRDMA_GRH] __aligned(4);
	enum vrdma_fault fault;

	if (vrdma_cursor_add_sges(target, qp, qp->rx.recv.sge, qp->rx.recv.num_sge,
				  msg->length + VRDMA_GRH, IB_ACCESS_LOCAL_WRITE))
		return VRDMA_FAULT_TARGET;

	vrdma_grh(grh, msg);
	vrdma_cursor_init(header);
	vrdma_cursor_add_buffer(header, grh, sizeof(grh));
	fault = vrdma_cursor_copy(target, header, sizeof(grh));
	if (fault == VRDMA_FAULT_NONE)
		fault = vrdma_cursor_copy(target, payload, msg->length);
	return fault;
}

static bool vrdma_ud_receives(struct vrdma_qp *qp)
{
	enum ib_qp_state state = vrdma_qp_state(qp);

	if (qp->ibqp.qp_type != IB_QPT_UD && qp->ibqp.qp_type != IB_QPT_GSI)
		return false;
	return state == IB_QPS_RTR || state == IB_QPS_RTS || state == IB_QPS_SQD ||
	       state == IB_QPS_SQE;
}

/*
 * Under the receive queue's lock, so that completions are in the order of the
 * receives whoever sends.  A receive leaves its queue only to be completed: one
 * that a datagram could not use stays, for any QP of an SRQ.
 *
 * Return: 0; -EFAULT: the sender's memory is gone.  Drops are counted, not
 * reported.
 */
static int vrdma_ud_place(struct vrdma_qp *qp, const struct vrdma_ud_msg *msg,
			  struct vrdma_cursor *payload, bool *limit)
{
	struct vrdma_device *dev = to_vdev(qp->ibqp.device);
	enum vrdma_fault fault;

	if (!vrdma_ud_receives(qp)) {
		vrdma_stat_inc(dev, rx_bad_qp);
		return 0;
	}
	if (msg->qkey != qp->attr.qkey) {
		vrdma_stat_inc(dev, rx_bad_qkey);
		return 0;
	}
	if (vrdma_rq_peek(vrdma_recv_queue(qp), &qp->rx.recv)) {
		vrdma_stat_inc(dev, rx_no_receive);
		return 0;
	}
	if (msg->length + VRDMA_GRH > vrdma_recv_room(&qp->rx.recv)) {
		vrdma_stat_inc(dev, rx_bad_request);
		return 0;
	}

	fault = vrdma_ud_copy(qp, msg, payload);
	vrdma_cursor_exit(&qp->rx.target);
	if (fault == VRDMA_FAULT_SOURCE)
		return -EFAULT;
	if (fault == VRDMA_FAULT_TARGET) {
		vrdma_ud_complete(qp, msg, IB_WC_LOC_PROT_ERR, limit);
		vrdma_qp_fail(qp, -1);
		return 0;
	}
	if (vrdma_ud_is_far(msg)) {
		vrdma_stat_inc(dev, rx_remote_msgs);
		vrdma_stat_add(dev, rx_remote_bytes, msg->length);
	} else {
		vrdma_stat_inc(dev, rx_local_msgs);
		vrdma_stat_add(dev, rx_local_bytes, msg->length);
	}
	vrdma_ud_complete(qp, msg, IB_WC_SUCCESS, limit);
	return 0;
}

static int vrdma_ud_receive_on(struct vrdma_qp *qp, const struct vrdma_ud_msg *msg,
			       struct vrdma_cursor *payload)
{
	struct vrdma_rq *rq = vrdma_recv_queue(qp);
	bool limit = false;
	unsigned long flags;
	int err;

	spin_lock_irqsave(&rq->lock, flags);
	err = vrdma_ud_place(qp, msg, payload, &limit);
	spin_unlock_irqrestore(&rq->lock, flags);
	if (limit)
		vrdma_srq_limit_event(to_vsrq(qp->ibqp.srq));
	return err;
}

/* A copy to each that is attached, the sender's own queue pair among them, as rxe does. */
static void vrdma_ud_receive_group(struct vrdma_device *dev, const struct vrdma_ud_msg *msg,
				   struct vrdma_cursor *payload)
{
	struct vrdma_qp *qps[VRDMA_UD_GROUP_BATCH];
	struct vrdma_group_walk walk = {};
	unsigned int nr, i;

	while ((nr = vrdma_group_get(dev, &msg->av.dgid, &walk, qps, ARRAY_SIZE(qps)))) {
		for (i = 0; i < nr; i++) {
			vrdma_ud_receive_on(qps[i], msg, payload);
			vrdma_cursor_rewind(payload);
			vrdma_qp_put(qps[i]);
		}
		cond_resched();
	}
	if (!walk.at)
		vrdma_stat_inc(dev, rx_no_member);
}

/**
 * vrdma_ud_receive - let the receivers of a datagram have it
 * @dev: the receivers'
 * @msg: that @dev has accepted
 * @payload: its bytes; to a group, in the kernel's memory
 *
 * Process context.  Return: 0, also when it was dropped, which is counted; -EFAULT: the
 * sender's memory is gone.
 */
int vrdma_ud_receive(struct vrdma_device *dev, const struct vrdma_ud_msg *msg,
		     struct vrdma_cursor *payload)
{
	struct vrdma_qp *qp;
	int err;

	if (vrdma_ud_is_group(msg)) {
		vrdma_ud_receive_group(dev, msg, payload);
		return 0;
	}
	qp = vrdma_qp_get(dev, msg->dest_qpn);
	if (!qp) {
		vrdma_stat_inc(dev, rx_bad_qp);
		return 0;
	}
	err = vrdma_ud_receive_on(qp, msg, payload);
	vrdma_qp_put(qp);
	return err;
}

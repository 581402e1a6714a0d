// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Queue pairs: life, state. */
#include "qp.h"

#include <errno.h>
#include <stdlib.h>

#include "abi.h"
#include "cq.h"
#include "vrdma.h"

/* The kernel has made the QP: map its rings, or take it down again. */
static int qp_init(struct vrdma_qp *qp, struct ibv_context *context,
		   const struct ibv_qp_cap *cap, enum ibv_qp_type type,
		   const struct vrdma_create_qp_resp *resp)
{
	int fd = to_vctx(context)->bell_fd;
	uint32_t qpn = qp->vqp.qp.qp_num;
	int err;

	err = vrdma_sq_init(&qp->sq, context, &resp->sq, cap, type);
	if (err)
		goto err_destroy;
	err = vrdma_rq_init(&qp->rq, context, &resp->rq, cap->max_recv_wr, cap->max_recv_sge);
	if (err)
		goto err_exit_sq;
	qp->sq.bell = (struct vrdma_bell){ .fd = fd, .number = qpn, .cmd = VRDMA_IOC_SEND };
	qp->rq.bell = (struct vrdma_bell){ .fd = fd, .number = qpn, .cmd = VRDMA_IOC_KICK_QP };
	return 0;

err_exit_sq:
	vrdma_sq_exit(&qp->sq);
err_destroy:
	ibv_cmd_destroy_qp(&qp->vqp.qp);
	return err;
}

struct ibv_qp *vrdma_create_qp(struct ibv_pd *pd, struct ibv_qp_init_attr *attr)
{
	struct vrdma_cmd_create_qp_resp resp = {};
	struct ibv_create_qp cmd = {};
	struct vrdma_qp *qp;
	int err;

	qp = calloc(1, sizeof(*qp));
	if (!qp)
		return NULL;
	err = ibv_cmd_create_qp(pd, &qp->vqp.qp, attr, &cmd, sizeof(cmd),
				&resp.ibv_resp, sizeof(resp));
	if (err)
		goto err_free;
	err = qp_init(qp, pd->context, &attr->cap, attr->qp_type, &resp.drv_payload);
	if (err)
		goto err_free;
	return &qp->vqp.qp;

err_free:
	free(qp);
	errno = err;
	return NULL;
}

static int qp_set_ops(struct vrdma_qp *qp, struct ibv_context *context,
		      const struct ibv_qp_init_attr_ex *attr)
{
	const uint32_t known = IBV_QP_INIT_ATTR_PD | IBV_QP_INIT_ATTR_CREATE_FLAGS |
			       IBV_QP_INIT_ATTR_SEND_OPS_FLAGS;

	if (attr->comp_mask & ~known)
		return EOPNOTSUPP;
	if (attr->comp_mask & IBV_QP_INIT_ATTR_CREATE_FLAGS && attr->create_flags)
		return EOPNOTSUPP;
	if (!(attr->comp_mask & IBV_QP_INIT_ATTR_SEND_OPS_FLAGS))
		return 0;
	return vrdma_qp_set_wr_ops(&qp->vqp.qp_ex, to_vctx(context), attr->qp_type,
				   attr->send_ops_flags);
}

struct ibv_qp *vrdma_create_qp_ex(struct ibv_context *context,
				  struct ibv_qp_init_attr_ex *attr)
{
	struct vrdma_cmd_create_qp_ex_resp resp = {};
	struct ibv_create_qp_ex cmd = {};
	struct vrdma_qp *qp;
	int err;

	qp = calloc(1, sizeof(*qp));
	if (!qp)
		return NULL;
	err = qp_set_ops(qp, context, attr);
	if (err)
		goto err_free;
	err = ibv_cmd_create_qp_ex2(context, &qp->vqp, attr, &cmd, sizeof(cmd),
				    &resp.ibv_resp, sizeof(resp));
	if (err)
		goto err_free;
	/* The command has cleared it. */
	if (attr->comp_mask & IBV_QP_INIT_ATTR_SEND_OPS_FLAGS)
		qp->vqp.comp_mask |= VERBS_QP_EX;
	err = qp_init(qp, context, &attr->cap, attr->qp_type, &resp.drv_payload);
	if (err)
		goto err_free;
	return &qp->vqp.qp;

err_free:
	free(qp);
	errno = err;
	return NULL;
}

int vrdma_query_qp(struct ibv_qp *ibqp, struct ibv_qp_attr *attr, int mask,
		   struct ibv_qp_init_attr *init_attr)
{
	struct ibv_query_qp cmd = {};

	return ibv_cmd_query_qp(ibqp, attr, mask, init_attr, &cmd, sizeof(cmd));
}

int vrdma_modify_qp(struct ibv_qp *ibqp, struct ibv_qp_attr *attr, int mask)
{
	struct ibv_modify_qp cmd = {};
	int err;

	err = ibv_cmd_modify_qp(ibqp, attr, mask, &cmd, sizeof(cmd));
	if (err || !(mask & IBV_QP_STATE) || attr->qp_state != IBV_QPS_RESET)
		return err;
	vrdma_cq_forget(ibqp->recv_cq, ibqp->qp_num);
	if (ibqp->send_cq != ibqp->recv_cq)
		vrdma_cq_forget(ibqp->send_cq, ibqp->qp_num);
	return 0;
}

int vrdma_destroy_qp(struct ibv_qp *ibqp)
{
	struct vrdma_qp *qp = to_vqp(ibqp);
	int err;

	err = ibv_cmd_destroy_qp(ibqp);
	if (err)
		return err;
	vrdma_rq_exit(&qp->rq);
	vrdma_sq_exit(&qp->sq);
	free(qp);
	return 0;
}

int vrdma_post_recv(struct ibv_qp *ibqp, struct ibv_recv_wr *wr,
		    struct ibv_recv_wr **bad_wr)
{
	struct vrdma_qp *qp = to_vqp(ibqp);

	if (!qp->rq.ring.hdr || ibqp->state == IBV_QPS_RESET) {
		*bad_wr = wr;
		return EINVAL;
	}
	return vrdma_rq_post(&qp->rq, wr, bad_wr);
}

// SPDX-License-Identifier: GPL-2.0
/* One end of a connection. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "verbs_util.h"

#define EP_ALL (IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_READ | IBV_ACCESS_REMOTE_ATOMIC)

static int or_default(int value, int otherwise) { return value ? value : otherwise; }

static void ep_defaults(struct ep_cfg *cfg)
{
	cfg->type = or_default(cfg->type, IBV_QPT_RC);
	cfg->send_wr = or_default(cfg->send_wr, 64);
	cfg->recv_wr = or_default(cfg->recv_wr, 64);
	cfg->sge = or_default(cfg->sge, 4);
	cfg->cqe = or_default(cfg->cqe, 256);
	cfg->size = cfg->size ? cfg->size : 65536;
	cfg->access = or_default(cfg->access, IBV_ACCESS_LOCAL_WRITE | EP_ALL);
	cfg->qp_access = or_default(cfg->qp_access,
				    cfg->type == IBV_QPT_UC ? IBV_ACCESS_REMOTE_WRITE : EP_ALL);
	if (cfg->timers)
		return;
	cfg->timeout = 17;
	cfg->retry_cnt = 7;
	cfg->rnr_retry = 7;
	cfg->min_rnr_timer = 12;
}

static int ep_create_qp(struct ep *ep)
{
	struct ibv_qp_init_attr_ex attr = {
		.send_cq = ep->scq,
		.recv_cq = ep->rcq,
		.srq = ep->cfg.srq,
		.cap = {
			.max_send_wr = ep->cfg.send_wr,
			.max_recv_wr = ep->cfg.srq ? 0 : ep->cfg.recv_wr,
			.max_send_sge = ep->cfg.sge,
			.max_recv_sge = ep->cfg.srq ? 0 : ep->cfg.sge,
			.max_inline_data = ep->cfg.inline_bytes,
		},
		.qp_type = ep->cfg.type,
		.sq_sig_all = ep->cfg.sq_sig_all,
		.comp_mask = IBV_QP_INIT_ATTR_PD | IBV_QP_INIT_ATTR_SEND_OPS_FLAGS,
		.pd = ep->node->pd,
		.send_ops_flags = ep->cfg.send_ops,
	};

	if (ep->cfg.send_ops)
		ep->qp = ibv_create_qp_ex(ep->node->ctx, &attr);
	else	/* the one begins as the other */
		ep->qp = ibv_create_qp(ep->node->pd, (struct ibv_qp_init_attr *)&attr);
	EXPECT(ep->qp, "create_qp: %s", strerror(errno));
	return KTAP_PASS;
}

int ep_create(struct ep *ep, struct node *node, const struct ep_cfg *cfg)
{
	static uint32_t psn;

	memset(ep, 0, sizeof(*ep));
	ep->node = node;
	if (cfg)
		ep->cfg = *cfg;
	ep_defaults(&ep->cfg);
	ep->size = ep->cfg.size;
	psn += 4711;
	ep->psn = prng_mix(opt.seed + psn) & 0xffffff;

	ep->buf = aligned_alloc(4096, (ep->size + 4095) & ~4095UL);
	EXPECT(ep->buf, "%zu bytes", ep->size);
	memset(ep->buf, 0, ep->size);
	ep->mr = ibv_reg_mr(node->pd, ep->buf, ep->size, ep->cfg.access);
	EXPECT(ep->mr, "reg_mr: %s", strerror(errno));
	ep->scq = ep->cfg.scq;
	ep->rcq = ep->cfg.rcq;
	if (!ep->scq)
		ep->scq = ibv_create_cq(node->ctx, ep->cfg.cqe, NULL, ep->cfg.channel, 0);
	EXPECT(ep->scq, "create_cq: %s", strerror(errno));
	if (!ep->rcq)
		ep->rcq = ibv_create_cq(node->ctx, ep->cfg.cqe, NULL, ep->cfg.channel, 0);
	EXPECT(ep->rcq, "create_cq: %s", strerror(errno));
	TRY(ep_create_qp(ep));
	EXPECT_EQ(ep_init(ep), 0);
	return KTAP_PASS;
}

void ep_destroy(struct ep *ep)
{
	if (ep->qp)
		ibv_destroy_qp(ep->qp);
	if (ep->ah)
		ibv_destroy_ah(ep->ah);
	if (ep->scq && ep->scq != ep->cfg.scq)
		ibv_destroy_cq(ep->scq);
	if (ep->rcq && ep->rcq != ep->cfg.rcq)
		ibv_destroy_cq(ep->rcq);
	if (ep->mr)
		ibv_dereg_mr(ep->mr);
	free(ep->buf);
	memset(ep, 0, sizeof(*ep));
}

void ep_addr(const struct ep *ep, struct ep_addr *addr)
{
	memset(addr, 0, sizeof(*addr));
	addr->qpn = ep->qp->qp_num;
	addr->psn = ep->psn;
	addr->addr = (uintptr_t)ep->buf;
	addr->rkey = ep->mr->rkey;
	addr->mtu = ep->node->port.active_mtu;
	addr->gid = ep->node->gid;
}

int ep_init(struct ep *ep)
{
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_INIT,
		.port_num = 1,
		.qp_access_flags = ep->cfg.qp_access,
		.qkey = EP_QKEY,
	};
	int mask = IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT;

	mask |= ep->cfg.type == IBV_QPT_UD ? IBV_QP_QKEY : IBV_QP_ACCESS_FLAGS;
	return ibv_modify_qp(ep->qp, &attr, mask);
}

static void ep_ah_attr(const struct ep *ep, struct ibv_ah_attr *attr)
{
	memset(attr, 0, sizeof(*attr));
	attr->is_global = 1;
	attr->port_num = 1;
	attr->grh.dgid = ep->far.gid;
	attr->grh.sgid_index = ep->node->gid_index;
	attr->grh.hop_limit = 64;
}

int ep_rtr(struct ep *ep)
{
	uint32_t mtu = ep->node->port.active_mtu;
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_RTR,
		.path_mtu = ep->far.mtu && ep->far.mtu < mtu ? ep->far.mtu : mtu,
		.dest_qp_num = ep->far.qpn,
		.rq_psn = ep->far.psn,
		.max_dest_rd_atomic = 16,
		.min_rnr_timer = ep->cfg.min_rnr_timer,
	};
	int mask = IBV_QP_STATE;

	ep_ah_attr(ep, &attr.ah_attr);
	if (ep->cfg.type != IBV_QPT_UD)
		mask |= IBV_QP_AV | IBV_QP_PATH_MTU | IBV_QP_DEST_QPN | IBV_QP_RQ_PSN;
	if (ep->cfg.type == IBV_QPT_RC)
		mask |= IBV_QP_MAX_DEST_RD_ATOMIC | IBV_QP_MIN_RNR_TIMER;
	return ibv_modify_qp(ep->qp, &attr, mask);
}

int ep_rts(struct ep *ep)
{
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_RTS,
		.sq_psn = ep->psn,
		.timeout = ep->cfg.timeout,
		.retry_cnt = ep->cfg.retry_cnt,
		.rnr_retry = ep->cfg.rnr_retry,
		.max_rd_atomic = 16,
	};
	int mask = IBV_QP_STATE | IBV_QP_SQ_PSN;

	if (ep->cfg.type == IBV_QPT_RC)
		mask |= IBV_QP_TIMEOUT | IBV_QP_RETRY_CNT | IBV_QP_RNR_RETRY |
			IBV_QP_MAX_QP_RD_ATOMIC;
	return ibv_modify_qp(ep->qp, &attr, mask);
}

int ep_error(struct ep *ep)
{
	struct ibv_qp_attr attr = { .qp_state = IBV_QPS_ERR };

	return ibv_modify_qp(ep->qp, &attr, IBV_QP_STATE);
}

int ep_reset(struct ep *ep)
{
	struct ibv_qp_attr attr = { .qp_state = IBV_QPS_RESET };

	return ibv_modify_qp(ep->qp, &attr, IBV_QP_STATE);
}

enum ibv_qp_state ep_state(const struct ep *ep)
{
	struct ibv_qp_init_attr init;
	struct ibv_qp_attr attr;

	if (ibv_query_qp(ep->qp, &attr, IBV_QP_STATE, &init))
		return IBV_QPS_UNKNOWN;
	return attr.qp_state;
}

enum ibv_qp_state ep_wait_state(const struct ep *ep, enum ibv_qp_state state, int ms)
{
	uint64_t end = now_ms() + ms;

	while (ep_state(ep) != state && now_ms() < end)
		usleep(1000);
	return ep_state(ep);
}

static int ep_make_ah(struct ep *ep)
{
	struct ibv_ah_attr attr;

	ep_ah_attr(ep, &attr);
	ep->ah = ibv_create_ah(ep->node->pd, &attr);
	return ep->ah ? 0 : errno;
}

int ep_connect(struct ep *a, struct ep *b)
{
	ep_addr(a, &b->far);
	ep_addr(b, &a->far);
	EXPECT_EQ(ep_rtr(a), 0);
	if (a != b)
		EXPECT_EQ(ep_rtr(b), 0);
	EXPECT_EQ(ep_rts(a), 0);
	if (a != b)
		EXPECT_EQ(ep_rts(b), 0);
	if (a->cfg.type != IBV_QPT_UD)
		return KTAP_PASS;
	EXPECT_EQ(ep_make_ah(a), 0);
	if (a != b)
		EXPECT_EQ(ep_make_ah(b), 0);
	return KTAP_PASS;
}

int pair_open(struct pair *p)
{
	memset(p, 0, sizeof(*p));
	TRY(node_open(&p->node[0], 0));
	TRY(node_open(&p->node[1], 1));
	return KTAP_PASS;
}

int pair_make(struct pair *p, const struct ep_cfg *acfg, const struct ep_cfg *bcfg)
{
	TRY(pair_open(p));
	TRY(ep_create(&p->a, &p->node[0], acfg));
	TRY(ep_create(&p->b, &p->node[1], bcfg));
	return ep_connect(&p->a, &p->b);
}

int ep_recv(struct ep *ep, uint64_t wr_id, size_t off, uint32_t len)
{
	struct ibv_sge sge = {
		.addr = (uintptr_t)ep->buf + off,
		.length = len,
		.lkey = ep->mr->lkey,
	};
	struct ibv_recv_wr *bad, wr = { .wr_id = wr_id, .sg_list = &sge, .num_sge = !!len };

	if (ep->cfg.srq)
		return ibv_post_srq_recv(ep->cfg.srq, &wr, &bad);
	return ibv_post_recv(ep->qp, &wr, &bad);
}

void ep_wr(struct ep *ep, struct ibv_send_wr *wr, struct ibv_sge *sge,
	   enum ibv_wr_opcode op, uint64_t wr_id, size_t off, uint32_t len)
{
	*sge = (struct ibv_sge) {
		.addr = (uintptr_t)ep->buf + off,
		.length = len,
		.lkey = ep->mr->lkey,
	};
	*wr = (struct ibv_send_wr) {
		.wr_id = wr_id,
		.sg_list = sge,
		.num_sge = !!len,
		.opcode = op,
		.send_flags = IBV_SEND_SIGNALED,
	};
	if (op == IBV_WR_ATOMIC_CMP_AND_SWP || op == IBV_WR_ATOMIC_FETCH_AND_ADD) {
		wr->wr.atomic.remote_addr = ep->far.addr;
		wr->wr.atomic.rkey = ep->far.rkey;
	} else if (ep->cfg.type == IBV_QPT_UD) {
		wr->wr.ud.ah = ep->ah;
		wr->wr.ud.remote_qpn = ep->far.qpn;
		wr->wr.ud.remote_qkey = EP_QKEY;
	} else {
		wr->wr.rdma.remote_addr = ep->far.addr;
		wr->wr.rdma.rkey = ep->far.rkey;
	}
}

int ep_post(struct ep *ep, struct ibv_send_wr *wr)
{
	struct ibv_send_wr *bad;

	return ibv_post_send(ep->qp, wr, &bad);
}

int ep_send(struct ep *ep, uint64_t wr_id, size_t off, uint32_t len, int flags)
{
	struct ibv_send_wr wr;
	struct ibv_sge sge;

	ep_wr(ep, &wr, &sge, IBV_WR_SEND, wr_id, off, len);
	wr.send_flags = flags;
	return ep_post(ep, &wr);
}

int ep_rdma(struct ep *ep, enum ibv_wr_opcode op, uint64_t wr_id, size_t off,
	    uint32_t len, size_t roff, int flags)
{
	struct ibv_send_wr wr;
	struct ibv_sge sge;

	ep_wr(ep, &wr, &sge, op, wr_id, off, len);
	wr.wr.rdma.remote_addr += roff;
	wr.send_flags = flags;
	return ep_post(ep, &wr);
}

int ep_atomic(struct ep *ep, enum ibv_wr_opcode op, uint64_t wr_id, size_t off,
	      size_t roff, uint64_t compare_add, uint64_t swap, int flags)
{
	struct ibv_send_wr wr;
	struct ibv_sge sge;

	ep_wr(ep, &wr, &sge, op, wr_id, off, 8);
	wr.wr.atomic.remote_addr += roff;
	wr.wr.atomic.compare_add = compare_add;
	wr.wr.atomic.swap = swap;
	wr.send_flags = flags;
	return ep_post(ep, &wr);
}

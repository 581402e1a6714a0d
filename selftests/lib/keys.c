// SPDX-License-Identifier: GPL-2.0
#include <pthread.h>
#include <string.h>

#include "keys.h"

#define USE_ID		0x1001
#define CHANGE_ID	0x1002

int key_expect(struct ep *ep, uint64_t wr_id, enum ibv_wc_status status, struct ibv_wc *wc)
{
	struct ibv_wc own;

	if (!wc)
		wc = &own;
	if (!node_is_rxe(ep->node) || status == IBV_WC_SUCCESS)
		return cq_expect(ep->scq, wr_id, status, wc);
	EXPECT_EQ(cq_wait(ep->scq, wc, 1, WAIT_MS), 1);
	EXPECT(wc->wr_id == wr_id && (wc->status == status || wc->status == IBV_WC_WR_FLUSH_ERR),
	       "wr_id %llu %s", (unsigned long long)wc->wr_id, ibv_wc_status_str(wc->status));
	return KTAP_PASS;
}

int key_use(struct ep *ep, enum ibv_wr_opcode op, uint32_t rkey, uint64_t addr, uint32_t len,
	    enum ibv_wc_status status)
{
	struct ibv_send_wr wr;
	struct ibv_sge sge;

	ep_wr(ep, &wr, &sge, op, USE_ID, 0, len);
	if (op == IBV_WR_ATOMIC_CMP_AND_SWP || op == IBV_WR_ATOMIC_FETCH_AND_ADD) {
		wr.wr.atomic.remote_addr = addr;
		wr.wr.atomic.rkey = rkey;
	} else {
		wr.wr.rdma.remote_addr = addr;
		wr.wr.rdma.rkey = rkey;
	}
	EXPECT_EQ(ep_post(ep, &wr), 0);
	return cq_expect(ep->scq, USE_ID, status, NULL);
}

int key_post_bind(struct ep *ep, uint64_t wr_id, struct ibv_mw *mw, uint32_t rkey,
		  const struct ibv_mw_bind_info *info)
{
	struct ibv_send_wr wr = {
		.wr_id = wr_id,
		.opcode = IBV_WR_BIND_MW,
		.send_flags = IBV_SEND_SIGNALED,
		.bind_mw = { .mw = mw, .rkey = rkey, .bind_info = *info },
	};

	return ep_post(ep, &wr);
}

int key_post_invalidate(struct ep *ep, uint64_t wr_id, uint32_t rkey)
{
	struct ibv_send_wr wr = {
		.wr_id = wr_id,
		.opcode = IBV_WR_LOCAL_INV,
		.send_flags = IBV_SEND_SIGNALED,
		.invalidate_rkey = rkey,
	};

	return ep_post(ep, &wr);
}

int key_bind(struct ep *ep, struct ibv_mw *mw, const struct ibv_mw_bind_info *info,
	     enum ibv_wc_status status)
{
	uint32_t rkey = ibv_inc_rkey(mw->rkey);
	struct ibv_mw_bind bind = {
		.wr_id = CHANGE_ID,
		.send_flags = IBV_SEND_SIGNALED,
		.bind_info = *info,
	};
	struct ibv_wc wc;

	if (mw->type == IBV_MW_TYPE_1)
		EXPECT_EQ(ibv_bind_mw(ep->qp, mw, &bind), 0);
	else
		EXPECT_EQ(key_post_bind(ep, CHANGE_ID, mw, rkey, info), 0);
	TRY(key_expect(ep, CHANGE_ID, status, &wc));
	if (status == IBV_WC_SUCCESS) {
		EXPECT_EQ(wc.opcode, IBV_WC_BIND_MW);
		EXPECT_EQ(mw->type == IBV_MW_TYPE_1 ? mw->rkey : rkey, rkey);
		mw->rkey = rkey;
	}
	return KTAP_PASS;
}

int key_invalidate(struct ep *ep, uint32_t rkey, enum ibv_wc_status status)
{
	struct ibv_wc wc;

	EXPECT_EQ(key_post_invalidate(ep, CHANGE_ID, rkey), 0);
	TRY(key_expect(ep, CHANGE_ID, status, &wc));
	if (status == IBV_WC_SUCCESS)
		EXPECT_EQ(wc.opcode, IBV_WC_LOCAL_INV);
	return KTAP_PASS;
}

static int again(struct ep *ep)
{
	struct ibv_wc wc;

	EXPECT_EQ(ep_reset(ep), 0);
	while (ibv_poll_cq(ep->scq, 1, &wc) > 0 || ibv_poll_cq(ep->rcq, 1, &wc) > 0)
		;
	EXPECT_EQ(ep_init(ep), 0);
	return KTAP_PASS;
}

int keys_reconnect(struct pair *p)
{
	TRY(again(&p->a));
	TRY(again(&p->b));
	return ep_connect(&p->a, &p->b);
}

static struct aside {
	pthread_t thread;
	struct ep *ep;
	struct ibv_send_wr wr;
	struct ibv_sge sge;
	int err;
} aside;

static void *aside_run(void *unused)
{
	aside.err = ep_post(aside.ep, &aside.wr);
	return unused;
}

int keys_post_aside(struct ep *ep, const struct ibv_send_wr *wr)
{
	aside.ep = ep;
	aside.wr = *wr;
	aside.sge = wr->sg_list[0];
	aside.wr.sg_list = &aside.sge;
	EXPECT_EQ(pthread_create(&aside.thread, NULL, aside_run, NULL), 0);
	return KTAP_PASS;
}

int keys_join_aside(void)
{
	pthread_join(aside.thread, NULL);
	EXPECT_EQ(aside.err, 0);
	return KTAP_PASS;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * A send queue that is drained (SQD) finishes what it has begun, begins nothing
 * new, says so once if asked, and goes on when it is let.
 */
#include <errno.h>
#include <string.h>

#include "lib/verbs_util.h"

static struct pair p;

static int to_state(enum ibv_qp_state state, bool notify)
{
	struct ibv_qp_attr attr = { .qp_state = state, .en_sqd_async_notify = 1 };
	int mask = IBV_QP_STATE | (notify ? IBV_QP_EN_SQD_ASYNC_NOTIFY : 0);

	return ibv_modify_qp(p.a.qp, &attr, mask);
}

static bool is_draining(void)
{
	struct ibv_qp_init_attr init;
	struct ibv_qp_attr attr;

	return !ibv_query_qp(p.a.qp, &attr, IBV_QP_STATE, &init) && attr.sq_draining;
}

static int drain(void)
{
	int i;

	TRY(pair_make(&p, NULL, NULL));
	if (node_is_rxe(&p.node[0]))
		return ktap_skip("rxe goes on sending");
	EXPECT_EQ(to_state(IBV_QPS_SQD, true), 0);
	TRY(event_expect(p.node[0].ctx, IBV_EVENT_SQ_DRAINED, p.a.qp));
	TRY(event_expect_none(p.node[0].ctx, 20));
	for (i = 0; i < 4; i++) {
		memset(p.a.buf, 0x40 + i, 64);
		EXPECT_EQ(ep_rdma(&p.a, IBV_WR_RDMA_WRITE, i, 0, 64, i * 64,
				  IBV_SEND_SIGNALED), 0);
	}
	TRY(cq_expect_none(p.a.scq, 100));
	EXPECT_EQ(p.b.buf[0], 0);
	/* what comes in is not held up: the far side sends to us */
	EXPECT_EQ(ep_recv(&p.a, 9, 4096, 64), 0);
	EXPECT_EQ(ep_send(&p.b, 8, 0, 64, IBV_SEND_SIGNALED), 0);
	TRY(cq_expect(p.b.scq, 8, IBV_WC_SUCCESS, NULL));
	TRY(cq_expect(p.a.rcq, 9, IBV_WC_SUCCESS, NULL));

	EXPECT_EQ(to_state(IBV_QPS_RTS, false), 0);
	for (i = 0; i < 4; i++)
		TRY(cq_expect(p.a.scq, i, IBV_WC_SUCCESS, NULL));
	EXPECT_EQ(p.b.buf[3 * 64], 0x43);
	return KTAP_PASS;
}

/* One that waits for a receive is begun: it is drained when it has been received. */
static int drain_while_waiting(void)
{
	TRY(pair_make(&p, NULL, NULL));
	if (node_is_rxe(&p.node[0]))
		return ktap_skip("rxe goes on sending");
	EXPECT_EQ(ep_send(&p.a, 1, 0, 64, IBV_SEND_SIGNALED), 0);
	EXPECT_EQ(ep_send(&p.a, 2, 0, 64, IBV_SEND_SIGNALED), 0);
	TRY(cq_expect_none(p.a.scq, 20));
	EXPECT_EQ(to_state(IBV_QPS_SQD, true), 0);
	TRY(event_expect_none(p.node[0].ctx, 50));
	EXPECT(is_draining(), "it says that it is drained");
	EXPECT_EQ(ep_recv(&p.b, 1, 0, 64), 0);
	EXPECT_EQ(ep_recv(&p.b, 2, 0, 64), 0);
	TRY(cq_expect(p.a.scq, 1, IBV_WC_SUCCESS, NULL));
	TRY(event_expect(p.node[0].ctx, IBV_EVENT_SQ_DRAINED, p.a.qp));
	EXPECT(!is_draining(), "it says that it is not drained");
	TRY(cq_expect_none(p.a.scq, 50));
	EXPECT_EQ(to_state(IBV_QPS_RTS, false), 0);
	TRY(cq_expect(p.a.scq, 2, IBV_WC_SUCCESS, NULL));
	/* and without being asked it says nothing */
	EXPECT_EQ(to_state(IBV_QPS_SQD, false), 0);
	TRY(event_expect_none(p.node[0].ctx, 50));
	EXPECT_EQ(ep_state(&p.a), IBV_QPS_SQD);
	return KTAP_PASS;
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		{ "drain", drain },
		{ "drain while waiting", drain_while_waiting },
	};

	options_parse(argc, argv);
	return ktap_run(cases, ARRAY_SIZE(cases), opt.only);
}

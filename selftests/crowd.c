// SPDX-License-Identifier: GPL-2.0
/*
 * Many connections want more of a path than there is room for: others still get their
 * turn, also when those that wait for room stop for whatever reason.
 */
#include <string.h>

#include "lib/verbs_util.h"

/* More than all lanes of a channel have buffers. */
#define PAIRS	320
#define DEPTH	16
#define LENGTH	32768
/* Of neighbours, so that each lane has one. */
#define OTHERS	16
/* 4.096 us << 17: 0.5 s, eight times. */
#define PATIENCE	17

static struct node node[2];
static struct ep near[PAIRS], far[PAIRS];
static struct ep other_near[OTHERS], other_far[OTHERS];

/* @timeout: of local ACKs; 0: for ever. */
static int make(struct ep *a, struct ep *b, int n, size_t size, int timeout)
{
	struct ep_cfg cfg = {
		.send_wr = DEPTH, .recv_wr = 1, .cqe = 2 * DEPTH, .size = size,
		.timers = true, .timeout = timeout, .retry_cnt = 7, .rnr_retry = 7,
		.min_rnr_timer = 12,
	};
	int i;

	for (i = 0; i < n; i++) {
		EXPECT_EQ(ep_create(&a[i], &node[0], &cfg), 0);
		EXPECT_EQ(ep_create(&b[i], &node[1], &cfg), 0);
		EXPECT_EQ(ep_connect(&a[i], &b[i]), 0);
	}
	return KTAP_PASS;
}

static int open_both(void)
{
	TRY(node_open(&node[0], 0));
	TRY(node_open(&node[1], 1));
	return KTAP_PASS;
}

static int write_all(struct ep *a, struct ep *b, int n, const char *who)
{
	struct ibv_wc wc;
	int i;

	for (i = 0; i < n; i++) {
		memset(a[i].buf, i + 1, 64);
		EXPECT_EQ(ep_rdma(&a[i], IBV_WR_RDMA_WRITE, i, 0, 64, 0, IBV_SEND_SIGNALED), 0);
	}
	for (i = 0; i < n; i++) {
		TRY(cq_expect(a[i].scq, i, IBV_WC_SUCCESS, &wc));
		EXPECT_EQ(b[i].buf[63], (uint8_t)(i + 1));
	}
	ktap_msg("%d %s were heard", n, who);
	return KTAP_PASS;
}

static int fill(int timeout)
{
	int i, n;

	TRY(make(near, far, PAIRS, LENGTH, timeout));
	TRY(write_all(near, far, PAIRS, "of the crowd"));
	for (i = 0; i < PAIRS; i++)
		for (n = 0; n < DEPTH; n++)
			EXPECT_EQ(ep_rdma(&near[i], IBV_WR_RDMA_WRITE, n, 0, LENGTH, 0,
					  n == DEPTH - 1 ? IBV_SEND_SIGNALED : 0), 0);
	return KTAP_PASS;
}

static int all_done(void)
{
	int i;

	for (i = 0; i < PAIRS; i++)
		TRY(cq_expect(near[i].scq, DEPTH - 1, IBV_WC_SUCCESS, NULL));
	return KTAP_PASS;
}

/* Connecting needs room, too, and has less patience than its turn takes to come again. */
static int newcomers(void)
{
	TRY(open_both());
	TRY(fill(PATIENCE));
	TRY(make(other_near, other_far, OTHERS, 4096, PATIENCE));
	TRY(write_all(other_near, other_far, OTHERS, "newcomers"));
	return all_done();
}

static int to_state(struct ep *ep, enum ibv_qp_state state)
{
	struct ibv_qp_attr attr = { .qp_state = state };

	return ibv_modify_qp(ep->qp, &attr, IBV_QP_STATE);
}

static int drained(void)
{
	int i;

	TRY(open_both());
	if (node_is_rxe(&node[0]))
		return ktap_skip("rxe goes on sending");
	TRY(make(other_near, other_far, OTHERS, 4096, PATIENCE));
	TRY(fill(PATIENCE));
	for (i = 0; i < PAIRS; i++)
		EXPECT_EQ(to_state(&near[i], IBV_QPS_SQD), 0);
	TRY(write_all(other_near, other_far, OTHERS, "others"));
	for (i = 0; i < PAIRS; i++)
		EXPECT_EQ(to_state(&near[i], IBV_QPS_RTS), 0);
	return all_done();
}

/* Those whose far side has gone, and that wait for ever as they were told to. */
static int left(void)
{
	int i;

	TRY(open_both());
	TRY(make(other_near, other_far, OTHERS, 4096, PATIENCE));
	TRY(fill(0));
	for (i = 0; i < PAIRS; i++)
		EXPECT_EQ(ep_reset(&far[i]), 0);
	return write_all(other_near, other_far, OTHERS, "others");
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		{ "newcomers", newcomers },
		{ "others beside drained queues", drained },
		{ "others beside queues that wait for ever", left },
	};

	options_parse(argc, argv);
	return ktap_run(cases, ARRAY_SIZE(cases), opt.only);
}

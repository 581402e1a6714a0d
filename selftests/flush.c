// SPDX-License-Identifier: GPL-2.0
/*
 * Work on a QP in error completes with WR_FLUSH_ERR, all of it, in posting order,
 * signaled or not, also what is posted afterwards: programs drain by posting a
 * marker in error and waiting for it.  An SRQ keeps its receives.
 */
#include <errno.h>
#include <string.h>

#include "lib/verbs_util.h"

#define COUNT	20

static struct pair p;

static int expect_flushed(struct ibv_cq *cq, uint64_t first, int count)
{
	for (int i = 0; i < count; i++)
		TRY(cq_expect(cq, first + i, IBV_WC_WR_FLUSH_ERR, NULL));
	return KTAP_PASS;
}

static int receives(void)
{
	TRY(pair_make(&p, NULL, NULL));
	for (int i = 0; i < COUNT; i++)
		EXPECT_EQ(ep_recv(&p.b, i, 0, 64), 0);
	TRY(cq_expect_none(p.b.rcq, 20));	/* control: nothing without the error */
	EXPECT_EQ(ep_error(&p.b), 0);
	TRY(expect_flushed(p.b.rcq, 0, COUNT));
	/* the marker */
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(ep_recv(&p.b, 100 + i, 0, 64), 0);
		TRY(cq_expect(p.b.rcq, 100 + i, IBV_WC_WR_FLUSH_ERR, NULL));
	}
	return cq_expect_none(p.b.rcq, 20);
}

/* Nobody posts a receive: the first send waits, the others wait behind it. */
static int waiting_sends(void)
{
	TRY(pair_make(&p, NULL, NULL));
	for (int i = 0; i < COUNT; i++)
		EXPECT_EQ(ep_send(&p.a, i, 0, 64, i % 3 ? 0 : IBV_SEND_SIGNALED), 0);
	TRY(cq_expect_none(p.a.scq, 50));
	EXPECT_EQ(ep_error(&p.a), 0);
	TRY(expect_flushed(p.a.scq, 0, COUNT));
	EXPECT_EQ(ep_send(&p.a, 100, 0, 64, 0), 0);
	TRY(cq_expect(p.a.scq, 100, IBV_WC_WR_FLUSH_ERR, NULL));
	return cq_expect_none(p.a.scq, 20);
}

/* Sends behind one that fails, and receives of the same QP. */
static int behind_an_error(void)
{
	struct ibv_send_wr wr[COUNT];
	struct ibv_sge sge[COUNT];
	int i;

	TRY(pair_make(&p, NULL, NULL));
	for (i = 0; i < 4; i++)
		EXPECT_EQ(ep_recv(&p.b, 50 + i, 4096, 64), 0);
	for (i = 0; i < 4; i++)
		EXPECT_EQ(ep_recv(&p.a, 60 + i, 4096, 64), 0);
	for (i = 0; i < COUNT; i++) {
		ep_wr(&p.a, &wr[i], &sge[i], IBV_WR_SEND, i, 0, 64);
		wr[i].send_flags = i % 2 ? IBV_SEND_SIGNALED : 0;
		wr[i].next = i == COUNT - 1 ? NULL : &wr[i + 1];
	}
	sge[2].lkey++;
	EXPECT_EQ(ep_post(&p.a, wr), 0);
	TRY(cq_expect(p.a.scq, 1, IBV_WC_SUCCESS, NULL));
	TRY(cq_expect(p.a.scq, 2, IBV_WC_LOC_PROT_ERR, NULL));
	TRY(expect_flushed(p.a.scq, 3, COUNT - 3));
	TRY(expect_flushed(p.a.rcq, 60, 4));
	/* the owner got what came before, and nothing else */
	TRY(cq_expect(p.b.rcq, 50, IBV_WC_SUCCESS, NULL));
	TRY(cq_expect(p.b.rcq, 51, IBV_WC_SUCCESS, NULL));
	return cq_expect_none(p.b.rcq, 50);
}

/* UD and UC queues flush as well. */
static int other_types(void)
{
	struct ep_cfg cfg = {};
	int t;

	for (t = 0; t < 2; t++) {
		cfg.type = t ? IBV_QPT_UD : IBV_QPT_UC;
		TRY(pair_make(&p, &cfg, &cfg));
		for (int i = 0; i < COUNT; i++)
			EXPECT_EQ(ep_recv(&p.b, i, 0, 128), 0);
		EXPECT_EQ(ep_error(&p.b), 0);
		TRY(expect_flushed(p.b.rcq, 0, COUNT));
		EXPECT_EQ(ep_recv(&p.b, 77, 0, 128), 0);
		TRY(cq_expect(p.b.rcq, 77, IBV_WC_WR_FLUSH_ERR, NULL));
		EXPECT_EQ(ep_send(&p.b, 78, 0, 128, 0), 0);
		TRY(cq_expect(p.b.scq, 78, IBV_WC_WR_FLUSH_ERR, NULL));
	}
	return KTAP_PASS;
}

/* RESET forgets: no completions of what was posted, and the QP can be used again. */
static int reset_forgets(void)
{
	TRY(pair_make(&p, NULL, NULL));
	for (int i = 0; i < COUNT; i++) {
		EXPECT_EQ(ep_recv(&p.b, i, 0, 64), 0);
		EXPECT_EQ(ep_recv(&p.a, i, 0, 64), 0);
	}
	EXPECT_EQ(ep_reset(&p.a), 0);
	EXPECT_EQ(ep_reset(&p.b), 0);
	TRY(cq_expect_none(p.a.rcq, 20));
	TRY(cq_expect_none(p.b.rcq, 0));
	EXPECT_EQ(ep_init(&p.a), 0);
	EXPECT_EQ(ep_init(&p.b), 0);
	TRY(ep_connect(&p.a, &p.b));
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(ep_recv(&p.b, 200 + i, 4096, 64), 0);
		EXPECT_EQ(ep_send(&p.a, 300 + i, 0, 64, IBV_SEND_SIGNALED), 0);
		TRY(cq_expect(p.a.scq, 300 + i, IBV_WC_SUCCESS, NULL));
		TRY(cq_expect(p.b.rcq, 200 + i, IBV_WC_SUCCESS, NULL));
	}
	return KTAP_PASS;
}

static int srq_last_wqe(void)
{
	struct ibv_srq_init_attr init = { .attr = { .max_wr = 32, .max_sge = 1 } };
	struct ep c, d;
	struct ep_cfg bcfg = {};
	struct ibv_srq *srq;

	TRY(pair_open(&p));
	srq = ibv_create_srq(p.node[1].pd, &init);
	EXPECT(srq, "create_srq: %s", strerror(errno));
	bcfg.srq = srq;
	TRY(ep_create(&p.a, &p.node[0], NULL));
	TRY(ep_create(&p.b, &p.node[1], &bcfg));
	TRY(ep_connect(&p.a, &p.b));
	TRY(ep_create(&c, &p.node[0], NULL));
	TRY(ep_create(&d, &p.node[1], &bcfg));
	TRY(ep_connect(&c, &d));
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(ep_recv(&p.b, i, 0, 64), 0);

	EXPECT_EQ(ep_error(&p.b), 0);
	TRY(event_expect(p.node[1].ctx, IBV_EVENT_QP_LAST_WQE_REACHED, p.b.qp));
	TRY(cq_expect_none(p.b.rcq, 20));
	TRY(event_expect_none(p.node[1].ctx, 20));

	/* the receives are still there, for the other QP */
	for (int i = 0; i < 4; i++) {
		EXPECT_EQ(ep_send(&c, i, 0, 64, IBV_SEND_SIGNALED), 0);
		TRY(cq_expect(c.scq, i, IBV_WC_SUCCESS, NULL));
		TRY(cq_expect(d.rcq, i, IBV_WC_SUCCESS, NULL));
	}
	ep_destroy(&d);
	ep_destroy(&p.b);
	EXPECT_EQ(ibv_destroy_srq(srq), 0);
	return KTAP_PASS;
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		{ "receives", receives },
		{ "sends that wait for a receive", waiting_sends },
		{ "sends behind an error", behind_an_error },
		{ "uc and ud", other_types },
		{ "reset forgets", reset_forgets },
		{ "srq: last wqe reached", srq_last_wqe },
	};

	options_parse(argc, argv);
	return ktap_run(cases, ARRAY_SIZE(cases), opt.only);
}

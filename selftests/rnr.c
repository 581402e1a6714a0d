// SPDX-License-Identifier: GPL-2.0
/*
 * A receiver that is late: its sender waits and succeeds as soon as a receive is
 * posted, nothing overtakes what waits, and senders of one SRQ take turns.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "lib/verbs_util.h"

#define SENDERS	8

static struct pair p;

/* Posting a receive wakes the sender: it does not wait for its timer of 655 ms. */
static int late_receive(void)
{
	struct ep_cfg cfg = {
		.timers = true, .timeout = 18, .retry_cnt = 3, .rnr_retry = 7, .min_rnr_timer = 0,
	};
	uint64_t start, took, best = ~0ULL;

	TRY(pair_make(&p, &cfg, &cfg));
	for (int i = 0; i < 4; i++) {
		p.a.buf[0] = i + 1;
		EXPECT_EQ(ep_send(&p.a, i, 0, 64, IBV_SEND_SIGNALED), 0);
		TRY(cq_expect_none(p.a.scq, 50));
		start = now_us();
		EXPECT_EQ(ep_recv(&p.b, i, 4096, 64), 0);
		TRY(cq_expect(p.a.scq, i, IBV_WC_SUCCESS, NULL));
		TRY(cq_expect(p.b.rcq, i, IBV_WC_SUCCESS, NULL));
		took = now_us() - start;
		best = took < best ? took : best;
		EXPECT_EQ(p.b.buf[4096], i + 1);
	}
	ktap_msg("%llu us from receive to completion", (unsigned long long)best);
	if (!node_is_rxe(&p.node[0]))
		EXPECT(best < 300000, "woken by a timer, not by the receive");
	return KTAP_PASS;
}

/* One retry, after 491 ms; the receive comes within it. Control: status, "no receive". */
static int one_retry(void)
{
	struct ep_cfg cfg = {
		.timers = true, .timeout = 18, .retry_cnt = 3, .rnr_retry = 1, .min_rnr_timer = 31,
	};

	TRY(pair_make(&p, &cfg, &cfg));
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(ep_send(&p.a, i, 0, 64, IBV_SEND_SIGNALED), 0);
		usleep(100000);
		EXPECT_EQ(ep_recv(&p.b, i, 4096, 64), 0);
		TRY(cq_expect(p.a.scq, i, IBV_WC_SUCCESS, NULL));
		TRY(cq_expect(p.b.rcq, i, IBV_WC_SUCCESS, NULL));
	}
	return KTAP_PASS;
}

/* What is posted behind a SEND that waits, waits. */
static int nothing_overtakes(void)
{
	TRY(pair_make(&p, NULL, NULL));
	memset(p.a.buf, 7, 64);
	EXPECT_EQ(ep_send(&p.a, 1, 0, 64, IBV_SEND_SIGNALED), 0);
	EXPECT_EQ(ep_rdma(&p.a, IBV_WR_RDMA_WRITE, 2, 0, 64, 0, IBV_SEND_SIGNALED), 0);
	usleep(50000);
	EXPECT_EQ(p.b.buf[0], 0);
	EXPECT_EQ(ep_recv(&p.b, 9, 4096, 64), 0);
	TRY(cq_expect(p.a.scq, 1, IBV_WC_SUCCESS, NULL));
	TRY(cq_expect(p.a.scq, 2, IBV_WC_SUCCESS, NULL));
	EXPECT_EQ(p.b.buf[0], 7);
	EXPECT_EQ(p.b.buf[4096], 7);
	/* immediate data takes a receive as a SEND does */
	EXPECT_EQ(ep_rdma(&p.a, IBV_WR_RDMA_WRITE_WITH_IMM, 3, 0, 64, 128, IBV_SEND_SIGNALED), 0);
	TRY(cq_expect_none(p.a.scq, 50));
	EXPECT_EQ(ep_recv(&p.b, 10, 0, 0), 0);
	TRY(cq_expect(p.a.scq, 3, IBV_WC_SUCCESS, NULL));
	TRY(cq_expect(p.b.rcq, 9, IBV_WC_SUCCESS, NULL));
	return cq_expect(p.b.rcq, 10, IBV_WC_SUCCESS, NULL);
}

/* Senders that wait at one SRQ are served in the order they came. */
static int srq_turns(void)
{
	struct ibv_srq_init_attr init = { .attr = { .max_wr = 32, .max_sge = 4 } };
	struct ep a[SENDERS], b[SENDERS];
	struct ep_cfg bcfg = {};
	struct ibv_wc wc;

	TRY(pair_open(&p));
	bcfg.srq = ibv_create_srq(p.node[1].pd, &init);
	EXPECT(bcfg.srq, "create_srq: %s", strerror(errno));
	bcfg.rcq = ibv_create_cq(p.node[1].ctx, 64, NULL, NULL, 0);
	EXPECT(bcfg.rcq, "create_cq");
	for (int i = 0; i < SENDERS; i++) {
		TRY(ep_create(&a[i], &p.node[0], NULL));
		TRY(ep_create(&b[i], &p.node[1], &bcfg));
		TRY(ep_connect(&a[i], &b[i]));
	}
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < SENDERS; i++) {
			int sender = (i * 3 + round) % SENDERS;

			EXPECT_EQ(ep_send(&a[sender], i, 0, 64, IBV_SEND_SIGNALED), 0);
			usleep(10000 * opt.slow);
		}
		for (int i = 0; i < SENDERS; i++) {
			int sender = (i * 3 + round) % SENDERS;

			EXPECT_EQ(ep_recv(&b[0], 100 + i, 0, 64), 0);
			TRY(cq_expect(bcfg.rcq, 100 + i, IBV_WC_SUCCESS, &wc));
			if (!node_is_rxe(&p.node[1]))	/* where timers decide */
				EXPECT(wc.qp_num == b[sender].qp->qp_num, "not sender %d's turn",
				       sender);
		}
		for (int i = 0; i < SENDERS; i++)
			TRY(cq_expect(a[(i * 3 + round) % SENDERS].scq, i, IBV_WC_SUCCESS, NULL));
	}
	return KTAP_PASS;
}

/* A receiver that is always just behind: a lost wake-up would stand still. */
static void *slow_receiver(void *count)
{
	struct ibv_wc wc;

	for (unsigned long n = 0; n < (unsigned long)count; n++) {
		if (ep_recv(&p.b, n, 4096, 64))
			return (void *)1;
		if (cq_expect(p.b.rcq, n, IBV_WC_SUCCESS, &wc))
			return (void *)1;
		if (prng_check(p.b.buf + 4096, 64, n) != 64) {
			ktap_msg("message %lu has other bytes", n);
			return (void *)1;
		}
	}
	return NULL;
}

static int always_behind(void)
{
	unsigned long count = opt.full ? 20000 : 2000, n;
	pthread_t thread;
	void *result;

	TRY(pair_make(&p, NULL, NULL));
	EXPECT_EQ(pthread_create(&thread, NULL, slow_receiver, (void *)count), 0);
	for (n = 0; n < count; n++) {
		size_t at = n % 32 * 64;

		if (n >= 32)
			TRY(cq_expect(p.a.scq, n - 32, IBV_WC_SUCCESS, NULL));
		prng_fill(p.a.buf + at, 64, n);
		EXPECT_EQ(ep_send(&p.a, n, at, 64, IBV_SEND_SIGNALED), 0);
	}
	pthread_join(thread, &result);
	EXPECT(!result, "receiver failed");
	return KTAP_PASS;
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		{ "late receive", late_receive },
		{ "one retry", one_retry },
		{ "nothing overtakes", nothing_overtakes },
		{ "senders of an srq take turns", srq_turns },
		{ "receiver always behind", always_behind, 120 },
	};

	options_parse(argc, argv);
	return ktap_run(cases, ARRAY_SIZE(cases), opt.only);
}

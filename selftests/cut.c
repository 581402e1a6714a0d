// SPDX-License-Identifier: GPL-2.0
/*
 * What an application sees when the way to the far side goes in the middle of its
 * traffic, and does not come back: the oldest operation fails with RETRY_EXC_ERR when
 * the QP's own patience is over, all others are flushed, in order, and that is all.
 * Somebody else cuts, when this says that it is ready.
 */
#include <string.h>
#include <unistd.h>

#include "lib/verbs_util.h"

#define DEPTH		16
#define TIMEOUT		16		/* 268 ms */
#define RETRIES		3
#define PATIENCE_MS	1073		/* 4.096 us << 16, four times */
#define DETECTION_MS	500

static struct pair p;

static int post(unsigned long n)
{
	enum ibv_wr_opcode op = n & 1 ? IBV_WR_RDMA_WRITE : IBV_WR_RDMA_READ;

	EXPECT_EQ(ep_rdma(&p.a, op, n, n % DEPTH * 4096, 4096, n % DEPTH * 4096,
			  IBV_SEND_SIGNALED), 0);
	return KTAP_PASS;
}

/* Keep DEPTH operations under way until one fails; @n is its number, @ms its silence. */
static int run(struct ibv_wc *wc, unsigned long *n, uint64_t *ms)
{
	uint64_t last;

	for (*n = 0; *n < DEPTH; ++*n)
		TRY(post(*n));
	for (*n = 0;; ++*n) {
		last = now_ms();
		EXPECT(cq_wait(p.a.scq, wc, 1, 3 * WAIT_MS) == 1, "nobody cuts");
		EXPECT_EQ(wc->wr_id, *n);
		if (wc->status != IBV_WC_SUCCESS)
			break;
		if (*n == DEPTH)
			ktap_msg("ready");
		TRY(post(*n + DEPTH));
	}
	*ms = now_ms() - last;
	return KTAP_PASS;
}

static int cut(void)
{
	struct ep_cfg cfg = {
		.timers = true, .timeout = TIMEOUT, .retry_cnt = RETRIES,
		.rnr_retry = 7, .min_rnr_timer = 12,
	};
	unsigned long n, i;
	struct ibv_wc wc;
	uint64_t ms;

	TRY(pair_make(&p, &cfg, &cfg));
	TRY(run(&wc, &n, &ms));
	ktap_msg("operation %lu failed after %llu ms", n, (unsigned long long)ms);
	EXPECT(wc.status == IBV_WC_RETRY_EXC_ERR, "%s", ibv_wc_status_str(wc.status));
	EXPECT(ms > PATIENCE_MS - 100, "too early");
	EXPECT(ms < PATIENCE_MS + DETECTION_MS + 1000 * opt.slow, "too late");
	for (i = n + 1; i < n + DEPTH; i++)
		TRY(cq_expect(p.a.scq, i, IBV_WC_WR_FLUSH_ERR, NULL));
	EXPECT_EQ(ep_state(&p.a), IBV_QPS_ERR);
	/* Natively the owner of the memory never learns of it. */
	EXPECT_EQ(ep_state(&p.b), IBV_QPS_RTS);
	TRY(cq_expect_none(p.b.rcq, 0));
	ep_destroy(&p.a);
	ep_destroy(&p.b);
	return KTAP_PASS;
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		{ "cut", cut, 120 },
	};

	options_parse(argc, argv);
	return ktap_run(cases, ARRAY_SIZE(cases), opt.only);
}

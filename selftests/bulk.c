// SPDX-License-Identifier: GPL-2.0
/*
 * Operations so large that an HCA moves them: when the memory of one is deregistered, or
 * its queue pair fails, in the middle, nothing touches it any more once the application
 * has been told so; and what was not disturbed arrives.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/verbs_util.h"

#define SMALL	(16 * 1024)
#define LARGE	(8 * 1024 * 1024)
#define GUARD	0xa5

static struct pair p;
static struct ep_cfg cfg = { .size = LARGE };

static void fill(struct ep *ep, uint64_t seed) { prng_fill(ep->buf, LARGE, seed); }

static bool has(const struct ep *ep, uint64_t seed, size_t length)
{
	static uint8_t want[LARGE];

	prng_fill(want, LARGE, seed);
	return !memcmp(ep->buf, want, length);
}

/* One of each kind of @length bytes, every byte checked. */
static int move(uint32_t length)
{
	TRY(pair_make(&p, &cfg, &cfg));
	fill(&p.a, 1);
	EXPECT_EQ(ep_rdma(&p.a, IBV_WR_RDMA_WRITE, 1, 0, length, 0, IBV_SEND_SIGNALED), 0);
	TRY(cq_expect(p.a.scq, 1, IBV_WC_SUCCESS, NULL));
	EXPECT(has(&p.b, 1, length), "a WRITE arrived otherwise");

	fill(&p.b, 2);
	EXPECT_EQ(ep_rdma(&p.a, IBV_WR_RDMA_READ, 2, 0, length, 0, IBV_SEND_SIGNALED), 0);
	TRY(cq_expect(p.a.scq, 2, IBV_WC_SUCCESS, NULL));
	EXPECT(has(&p.a, 2, length), "a READ brought something else");

	fill(&p.a, 3);
	EXPECT_EQ(ep_recv(&p.b, 3, 0, length), 0);
	EXPECT_EQ(ep_send(&p.a, 4, 0, length, IBV_SEND_SIGNALED), 0);
	TRY(cq_expect(p.a.scq, 4, IBV_WC_SUCCESS, NULL));
	TRY(cq_expect(p.b.rcq, 3, IBV_WC_SUCCESS, NULL));
	EXPECT(has(&p.b, 3, length), "a SEND arrived otherwise");
	ep_destroy(&p.a);
	ep_destroy(&p.b);
	return KTAP_PASS;
}

static int small(void) { return move(SMALL); }
static int large(void) { return move(LARGE); }

/* Somewhere in the middle of a large operation, as chance has it. */
static void get_going(void)
{
	static struct prng prng;

	if (!prng.state)
		prng.state = opt.seed;
	usleep(1000 + prng_below(&prng, 60000 * opt.slow));
}

/* What is ours now stays as we leave it. */
static int left_alone(struct ep *ep)
{
	size_t at;

	memset(ep->buf, GUARD, LARGE);
	usleep(300000);
	for (at = 0; at < LARGE; at++)
		EXPECT(ep->buf[at] == GUARD, "byte %zu was written afterwards", at);
	return KTAP_PASS;
}

static int status_is(struct ep *ep, uint64_t wr_id, const enum ibv_wc_status *good, int count)
{
	struct ibv_wc wc;

	EXPECT(cq_wait(ep->scq, &wc, 1, WAIT_MS) == 1, "no completion");
	EXPECT_EQ(wc.wr_id, wr_id);
	while (count--)
		if (wc.status == good[count])
			return KTAP_PASS;
	EXPECT(false, "%s", ibv_wc_status_str(wc.status));
	return KTAP_FAIL;
}

static int dereg(struct ep *ep)
{
	uint64_t start = now_ms();

	EXPECT_EQ(ibv_dereg_mr(ep->mr), 0);
	ep->mr = NULL;
	EXPECT(now_ms() - start < 5000 * opt.slow, "took %llu ms",
	       (unsigned long long)(now_ms() - start));
	return KTAP_PASS;
}

static int rounds(void) { return opt.full ? 20 : 4; }

static int target_of_write(void)
{
	static const enum ibv_wc_status good[] = { IBV_WC_SUCCESS, IBV_WC_REM_ACCESS_ERR };

	for (int i = 0; i < rounds(); i++) {
		TRY(pair_make(&p, &cfg, &cfg));
		EXPECT_EQ(ep_rdma(&p.a, IBV_WR_RDMA_WRITE, i, 0, LARGE, 0, IBV_SEND_SIGNALED), 0);
		get_going();
		TRY(dereg(&p.b));
		TRY(left_alone(&p.b));
		TRY(status_is(&p.a, i, good, 2));
		ep_destroy(&p.a);
		ep_destroy(&p.b);
	}
	return KTAP_PASS;
}

static int source_of_read(void)
{
	static const enum ibv_wc_status good[] = { IBV_WC_SUCCESS, IBV_WC_REM_ACCESS_ERR };

	for (int i = 0; i < rounds(); i++) {
		TRY(pair_make(&p, &cfg, &cfg));
		EXPECT_EQ(ep_rdma(&p.a, IBV_WR_RDMA_READ, i, 0, LARGE, 0, IBV_SEND_SIGNALED), 0);
		get_going();
		TRY(dereg(&p.b));
		TRY(status_is(&p.a, i, good, 2));
		ep_destroy(&p.a);
		ep_destroy(&p.b);
	}
	return KTAP_PASS;
}

static int own(enum ibv_wr_opcode op)
{
	static const enum ibv_wc_status good[] = { IBV_WC_SUCCESS, IBV_WC_LOC_PROT_ERR };

	for (int i = 0; i < rounds(); i++) {
		TRY(pair_make(&p, &cfg, &cfg));
		EXPECT_EQ(ep_rdma(&p.a, op, i, 0, LARGE, 0, IBV_SEND_SIGNALED), 0);
		get_going();
		TRY(dereg(&p.a));
		TRY(left_alone(&p.a));
		TRY(status_is(&p.a, i, good, 2));
		ep_destroy(&p.a);
		ep_destroy(&p.b);
	}
	return KTAP_PASS;
}

static int source_of_write(void) { return own(IBV_WR_RDMA_WRITE); }
static int target_of_read(void) { return own(IBV_WR_RDMA_READ); }

/* The requester fails: its READ is flushed, and nothing arrives afterwards. */
static int requester_fails(void)
{
	static const enum ibv_wc_status good[] = { IBV_WC_SUCCESS, IBV_WC_WR_FLUSH_ERR };

	for (int i = 0; i < rounds(); i++) {
		TRY(pair_make(&p, &cfg, &cfg));
		EXPECT_EQ(ep_rdma(&p.a, IBV_WR_RDMA_READ, i, 0, LARGE, 0, IBV_SEND_SIGNALED), 0);
		get_going();
		EXPECT_EQ(ep_error(&p.a), 0);
		TRY(status_is(&p.a, i, good, 2));
		TRY(left_alone(&p.a));
		ep_destroy(&p.a);
		ep_destroy(&p.b);
	}
	return KTAP_PASS;
}

/* The owner fails: its receive is flushed, and nothing arrives in it afterwards. */
static int owner_fails(void)
{
	struct ibv_wc wc;

	for (int i = 0; i < rounds(); i++) {
		TRY(pair_make(&p, &cfg, &cfg));
		EXPECT_EQ(ep_recv(&p.b, i, 0, LARGE), 0);
		EXPECT_EQ(ep_send(&p.a, i, 0, LARGE, IBV_SEND_SIGNALED), 0);
		get_going();
		EXPECT_EQ(ep_error(&p.b), 0);
		EXPECT(cq_wait(p.b.rcq, &wc, 1, WAIT_MS) == 1, "no completion");
		EXPECT(wc.status == IBV_WC_WR_FLUSH_ERR || wc.status == IBV_WC_SUCCESS, "%s",
		       ibv_wc_status_str(wc.status));
		TRY(left_alone(&p.b));
		ep_destroy(&p.a);
		ep_destroy(&p.b);
	}
	return KTAP_PASS;
}

/* RESET, and so destroy, returns when nothing touches the memory any more. */
static int reset(void)
{
	for (int i = 0; i < rounds(); i++) {
		struct ep *ep = i & 1 ? &p.a : &p.b;

		TRY(pair_make(&p, &cfg, &cfg));
		EXPECT_EQ(ep_rdma(&p.a, i & 1 ? IBV_WR_RDMA_READ : IBV_WR_RDMA_WRITE, i, 0,
				  LARGE, 0, IBV_SEND_SIGNALED), 0);
		get_going();
		EXPECT_EQ(ep_reset(ep), 0);
		TRY(left_alone(ep));
		ep_destroy(&p.a);
		ep_destroy(&p.b);
	}
	return KTAP_PASS;
}

/* An operation in two regions, of which the second goes before its turn has come. */
static int one_of_two(void)
{
	static const enum ibv_wc_status good[] = { IBV_WC_SUCCESS, IBV_WC_LOC_PROT_ERR };

	for (int i = 0; i < rounds(); i++) {
		struct ibv_send_wr wr;
		struct ibv_sge sge[2];
		struct ibv_mr *second;

		TRY(pair_make(&p, &cfg, &cfg));
		second = ibv_reg_mr(p.a.node->pd, p.a.buf, LARGE, 0);
		EXPECT(second, "reg_mr: %s", strerror(errno));
		ep_wr(&p.a, &wr, sge, IBV_WR_RDMA_WRITE, i, 0, LARGE - 100000);
		sge[1] = (struct ibv_sge) {
			.addr = sge[0].addr + sge[0].length,
			.length = 100000,
			.lkey = second->lkey,
		};
		wr.num_sge = 2;
		EXPECT_EQ(ep_post(&p.a, &wr), 0);
		EXPECT_EQ(ibv_dereg_mr(second), 0);
		TRY(status_is(&p.a, i, good, 2));
		TRY(dereg(&p.a));
		ep_destroy(&p.a);
		ep_destroy(&p.b);
	}
	return KTAP_PASS;
}

/* READs and WRITEs while the network between the containers comes and goes: no holes. */
static int flapping(void)
{
	static uint8_t want[LARGE];

	for (int i = 0; i < rounds(); i++) {
		bool reads = !(i & 1);
		struct ibv_wc wc;

		TRY(pair_make(&p, &cfg, &cfg));
		fill(reads ? &p.b : &p.a, 100 + i);
		memcpy(want, reads ? p.b.buf : p.a.buf, LARGE);
		EXPECT_EQ(ep_rdma(&p.a, reads ? IBV_WR_RDMA_READ : IBV_WR_RDMA_WRITE, i, 0, LARGE,
				  0, IBV_SEND_SIGNALED), 0);
		get_going();
		TRY(node_set_link(i & 2 ? 0 : 1, "down"));
		get_going();
		TRY(node_set_link(i & 2 ? 0 : 1, "up"));
		EXPECT(cq_wait(p.a.scq, &wc, 1, WAIT_MS) == 1, "no completion");
		/* Where everything is slow the network is away for longer than its patience. */
		EXPECT(wc.status == IBV_WC_SUCCESS || wc.status == IBV_WC_RETRY_EXC_ERR, "%s",
		       ibv_wc_status_str(wc.status));
		EXPECT(wc.status != IBV_WC_SUCCESS ||
		       !memcmp(reads ? p.a.buf : p.b.buf, want, LARGE), "round %d: a hole", i);
		ep_destroy(&p.a);
		ep_destroy(&p.b);
	}
	return KTAP_PASS;
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		{ "small", small, 60 },
		{ "large", large, 120 },
		{ "end of a target of WRITE", target_of_write, 180 },
		{ "end of a source of READ", source_of_read, 180 },
		{ "end of a source of WRITE", source_of_write, 180 },
		{ "end of a target of READ", target_of_read, 180 },
		{ "requester in error", requester_fails, 180 },
		{ "owner in error", owner_fails, 180 },
		{ "reset", reset, 180 },
		{ "end of one of two sources", one_of_two, 180 },
		{ "network that comes and goes", flapping, 400 },
	};

	options_parse(argc, argv);
	return ktap_run(cases, ARRAY_SIZE(cases), opt.only);
}

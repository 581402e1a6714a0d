// SPDX-License-Identifier: GPL-2.0
/*
 * Operations of one QP take effect at the owner in the order they were posted
 * (IBA 10.8.3.3), and completions come in that order.
 */
#include <errno.h>
#include <string.h>

#include "lib/verbs_util.h"

#define SIZE	(1 << 20)

static struct pair p;
static const uint32_t sizes[] = { 1, 8, 64, 1000, 4096, 65536, 300000, SIZE / 2 };

static int rounds(void)
{
	return opt.full ? 400 : 40;
}

static int make(void)
{
	struct ep_cfg cfg = { .size = 2 * SIZE, .inline_bytes = 64 };

	return pair_make(&p, &cfg, &cfg);
}

/* Post @count requests as one list. */
static int post_list(struct ibv_send_wr *wr, int count)
{
	for (int i = 0; i < count; i++)
		wr[i].next = i == count - 1 ? NULL : &wr[i + 1];
	EXPECT_EQ(ep_post(&p.a, wr), 0);
	return KTAP_PASS;
}

/* Two that belong together: only the second says when it is done. */
static int post_both(struct ibv_send_wr wr[2])
{
	wr[0].send_flags = 0;
	return post_list(wr, 2);
}

/* Completions of requests 0 to @count - 1, but for the unsignaled of @wr. */
static int expect_in_order(struct ibv_cq *cq, const struct ibv_send_wr *wr, int count)
{
	for (int i = 0; i < count; i++)
		if (!wr || wr[i].send_flags)
			TRY(cq_expect(cq, i, IBV_WC_SUCCESS, NULL));
	return KTAP_PASS;
}

/* The READ fetches the receive buffer that the SEND before it filled. */
static int send_then_read(void)
{
	struct ibv_send_wr wr[2];
	struct ibv_sge sge[2];

	TRY(make());
	for (int n = 0; n < rounds(); n++) {
		uint32_t len = sizes[n % ARRAY_SIZE(sizes)];

		prng_fill(p.a.buf, len, n);
		memset(p.a.buf + SIZE, 0, len);
		EXPECT_EQ(ep_recv(&p.b, n, 0, len), 0);
		ep_wr(&p.a, &wr[0], &sge[0], IBV_WR_SEND, n, 0, len);
		ep_wr(&p.a, &wr[1], &sge[1], IBV_WR_RDMA_READ, n + 1000, SIZE, len);
		TRY(post_both(wr));
		TRY(cq_expect(p.a.scq, n + 1000, IBV_WC_SUCCESS, NULL));
		EXPECT_EQ(prng_check(p.a.buf + SIZE, len, n), len);
		TRY(cq_expect(p.b.rcq, n, IBV_WC_SUCCESS, NULL));
	}
	return KTAP_PASS;
}

/* The receive's completion says that the WRITE before it is there. */
static int write_then_send(void)
{
	struct ibv_send_wr wr[2];
	struct ibv_sge sge[2];

	TRY(make());
	for (int n = 0; n < rounds(); n++) {
		uint32_t len = sizes[n % ARRAY_SIZE(sizes)];

		prng_fill(p.a.buf, len, n);
		memset(p.b.buf, 0, len);
		EXPECT_EQ(ep_recv(&p.b, n, SIZE, 64), 0);
		ep_wr(&p.a, &wr[0], &sge[0], IBV_WR_RDMA_WRITE, n, 0, len);
		ep_wr(&p.a, &wr[1], &sge[1], n & 1 ? IBV_WR_SEND : IBV_WR_RDMA_WRITE_WITH_IMM,
		      n + 1000, SIZE, 8);
		if (!(n & 1))
			wr[1].wr.rdma.remote_addr += SIZE;
		TRY(post_both(wr));
		TRY(cq_expect(p.b.rcq, n, IBV_WC_SUCCESS, NULL));
		EXPECT_EQ(prng_check(p.b.buf, len, n), len);
		TRY(cq_expect(p.a.scq, n + 1000, IBV_WC_SUCCESS, NULL));
	}
	return KTAP_PASS;
}

/* WRITE, READ it back, add to it, READ again: each sees what came before. */
static int one_word(void)
{
	uint64_t *local = NULL;

	TRY(make());
	local = (void *)p.a.buf;
	for (uint64_t n = 0; n < (uint64_t)rounds(); n++) {
		local[0] = n * 1000;
		EXPECT_EQ(ep_rdma(&p.a, IBV_WR_RDMA_WRITE, 1, 0, 8, 0, 0), 0);
		EXPECT_EQ(ep_rdma(&p.a, IBV_WR_RDMA_READ, 2, 64, 8, 0, 0), 0);
		EXPECT_EQ(ep_atomic(&p.a, IBV_WR_ATOMIC_FETCH_AND_ADD, 3, 128, 0, 7, 0, 0), 0);
		EXPECT_EQ(ep_atomic(&p.a, IBV_WR_ATOMIC_CMP_AND_SWP, 4, 192, 0, n * 1000 + 7, 99,
				    0), 0);
		EXPECT_EQ(ep_rdma(&p.a, IBV_WR_RDMA_READ, 5, 256, 8, 0, IBV_SEND_SIGNALED), 0);
		TRY(cq_expect(p.a.scq, 5, IBV_WC_SUCCESS, NULL));
		EXPECT_EQ(local[8], n * 1000);
		EXPECT_EQ(local[16], n * 1000);
		EXPECT_EQ(local[24], n * 1000 + 7);
		EXPECT_EQ(local[32], 99);
	}
	return KTAP_PASS;
}

/* What a READ brought is sent on by a SEND that waits for it. */
static int fence(void)
{
	struct ibv_send_wr wr[2];
	struct ibv_sge sge[2];

	TRY(make());
	for (int n = 0; n < rounds(); n++) {
		uint32_t len = sizes[n % ARRAY_SIZE(sizes)];

		prng_fill(p.b.buf, len, n);
		memset(p.a.buf, 0, len);
		EXPECT_EQ(ep_recv(&p.b, n, SIZE, len), 0);
		ep_wr(&p.a, &wr[0], &sge[0], IBV_WR_RDMA_READ, n, 0, len);
		ep_wr(&p.a, &wr[1], &sge[1], IBV_WR_SEND, n + 1000, 0, len);
		wr[1].send_flags |= IBV_SEND_FENCE;
		TRY(post_both(wr));
		TRY(cq_expect(p.b.rcq, n, IBV_WC_SUCCESS, NULL));
		EXPECT_EQ(prng_check(p.b.buf + SIZE, len, n), len);
		TRY(cq_expect(p.a.scq, n + 1000, IBV_WC_SUCCESS, NULL));
	}
	return KTAP_PASS;
}

/* Small behind large, mixed kinds, some unsignaled: completions as posted. */
static int completions(void)
{
	static const enum ibv_wr_opcode ops[] = {
		IBV_WR_RDMA_WRITE, IBV_WR_SEND, IBV_WR_RDMA_READ, IBV_WR_RDMA_WRITE_WITH_IMM,
	};
	struct ibv_send_wr wr[32];
	struct ibv_sge sge[32];
	struct prng rng = { .state = opt.seed };

	TRY(make());
	for (int n = 0; n < rounds() / 4; n++) {
		int receives = 0;

		for (int i = 0; i < 32; i++) {
			enum ibv_wr_opcode op = ops[prng_below(&rng, ARRAY_SIZE(ops))];
			uint32_t len = prng_log(&rng, 200000);

			ep_wr(&p.a, &wr[i], &sge[i], op, i, 0, len);
			if (prng_chance(&rng, 40) && i < 31)
				wr[i].send_flags = 0;
			if (op == IBV_WR_SEND || op == IBV_WR_RDMA_WRITE_WITH_IMM)
				EXPECT_EQ(ep_recv(&p.b, receives++, SIZE, 200000), 0);
		}
		TRY(post_list(wr, 32));
		TRY(expect_in_order(p.a.scq, wr, 32));
		TRY(expect_in_order(p.b.rcq, NULL, receives));
		TRY(cq_expect_none(p.a.scq, 0));
	}
	return KTAP_PASS;
}

/* Unsignaled work says nothing, and one completion gives back the slots of all before. */
static int unsignaled(void)
{
	int n, i;

	TRY(make());
	for (n = 0; n < rounds(); n++) {
		for (i = 0; i < 63; i++)
			EXPECT_EQ(ep_rdma(&p.a, IBV_WR_RDMA_WRITE, i, 0, 64, 0, 0), 0);
		EXPECT_EQ(ep_rdma(&p.a, IBV_WR_RDMA_WRITE, 63, 0, 64, 0, IBV_SEND_SIGNALED), 0);
		TRY(cq_expect(p.a.scq, 63, IBV_WC_SUCCESS, NULL));
		TRY(cq_expect_none(p.a.scq, 0));
	}
	return KTAP_PASS;
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		{ "send then read", send_then_read },
		{ "write then send", write_then_send },
		{ "one word", one_word },
		{ "fence", fence },
		{ "completions as posted", completions },
		{ "unsignaled", unsignaled },
	};

	options_parse(argc, argv);
	return ktap_run(cases, ARRAY_SIZE(cases), opt.only);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Shapes that are ordinary cases and easily deadlock: a QP connected to itself, a
 * ring of three, two QPs that flood each other, all on CQs they share.
 */
#include <errno.h>
#include <string.h>
#include <sched.h>

#include "lib/verbs_util.h"

#define HALF	(1 << 20)

static struct node node;

static int itself(void)
{
	struct ep_cfg cfg = { .size = 2 * HALF };
	uint64_t *word;
	struct ep a;

	TRY(node_open(&node, 0));
	TRY(ep_create(&a, &node, &cfg));
	TRY(ep_connect(&a, &a));
	word = (void *)(a.buf + HALF);
	for (int n = 0; n < (opt.full ? 200 : 30); n++) {
		uint32_t len = n % 5 ? n * 100 : HALF;

		prng_fill(a.buf, len, n);
		memset(a.buf + HALF, 0, len);
		EXPECT_EQ(ep_recv(&a, n, HALF, HALF), 0);
		EXPECT_EQ(ep_send(&a, 1000 + n, 0, len, IBV_SEND_SIGNALED), 0);
		TRY(cq_expect(a.scq, 1000 + n, IBV_WC_SUCCESS, NULL));
		TRY(cq_expect(a.rcq, n, IBV_WC_SUCCESS, NULL));
		EXPECT_EQ(prng_check(a.buf + HALF, len, n), len);

		memset(a.buf + HALF, 0, len);
		EXPECT_EQ(ep_rdma(&a, IBV_WR_RDMA_WRITE, 1, 0, len, HALF, 0), 0);
		EXPECT_EQ(ep_rdma(&a, IBV_WR_RDMA_READ, 2, 0, len, HALF, IBV_SEND_SIGNALED), 0);
		TRY(cq_expect(a.scq, 2, IBV_WC_SUCCESS, NULL));
		EXPECT_EQ(prng_check(a.buf + HALF, len, n), len);
		EXPECT_EQ(prng_check(a.buf, len, n), len);

		*word = n;
		EXPECT_EQ(ep_atomic(&a, IBV_WR_ATOMIC_FETCH_AND_ADD, 3, 0, HALF, 5, 0,
				    IBV_SEND_SIGNALED), 0);
		TRY(cq_expect(a.scq, 3, IBV_WC_SUCCESS, NULL));
		EXPECT_EQ(*word, n + 5);
		EXPECT_EQ(*(uint64_t *)a.buf, n);
	}
	ep_destroy(&a);
	return KTAP_PASS;
}

/* A SEND to itself without a receive waits, and destroying it then ends at once. */
static int itself_waiting(void)
{
	struct ep a;

	TRY(node_open(&node, 0));
	TRY(ep_create(&a, &node, NULL));
	TRY(ep_connect(&a, &a));
	EXPECT_EQ(ep_send(&a, 1, 0, 64, IBV_SEND_SIGNALED), 0);
	TRY(cq_expect_none(a.scq, 50));
	EXPECT_EQ(ep_recv(&a, 2, 0, 64), 0);
	TRY(cq_expect(a.scq, 1, IBV_WC_SUCCESS, NULL));
	EXPECT_EQ(ep_send(&a, 3, 0, 64, IBV_SEND_SIGNALED), 0);
	ep_destroy(&a);
	return KTAP_PASS;
}

static int itself_ud(void)
{
	struct ep_cfg cfg = { .type = IBV_QPT_UD };
	struct ep a;

	TRY(node_open(&node, 0));
	TRY(ep_create(&a, &node, &cfg));
	TRY(ep_connect(&a, &a));
	for (int i = 0; i < 30; i++) {
		prng_fill(a.buf, 512, i);
		EXPECT_EQ(ep_recv(&a, i, 4096, 552), 0);
		EXPECT_EQ(ep_send(&a, i, 0, 512, IBV_SEND_SIGNALED), 0);
		TRY(cq_expect(a.scq, i, IBV_WC_SUCCESS, NULL));
		TRY(cq_expect(a.rcq, i, IBV_WC_SUCCESS, NULL));
		EXPECT_EQ(prng_check(a.buf + 4096 + 40, 512, i), 512);
	}
	ep_destroy(&a);
	return KTAP_PASS;
}

/*
 * @count ends in a ring: each sends to the next and passes on what it gets, with
 * several messages under way; the ends sit on both containers in turn.
 */
static int run_ring(int count, uint32_t len, int laps)
{
	struct ep right[3], left[3];
	struct node nodes[3];
	struct ep_cfg cfg = { .size = 2 * HALF };
	struct ibv_wc wc;
	int i, lap;

	for (i = 0; i < count; i++) {
		TRY(node_open(&nodes[i], i & 1));
		TRY(ep_create(&right[i], &nodes[i], &cfg));
		TRY(ep_create(&left[i], &nodes[i], &cfg));
	}
	for (i = 0; i < count; i++)
		TRY(ep_connect(&right[i], &left[(i + 1) % count]));
	for (lap = 0; lap < laps; lap++) {
		for (i = 0; i < count; i++) {
			EXPECT_EQ(ep_recv(&left[i], lap, 0, len), 0);
			prng_fill(right[i].buf, len, lap * count + i);
		}
		for (i = 0; i < count; i++)
			EXPECT_EQ(ep_send(&right[i], lap, 0, len, IBV_SEND_SIGNALED), 0);
		for (i = 0; i < count; i++) {
			int from = (i + count - 1) % count;

			TRY(cq_expect(left[i].rcq, lap, IBV_WC_SUCCESS, &wc));
			EXPECT_EQ(prng_check(left[i].buf, len, lap * count + from), len);
		}
		for (i = 0; i < count; i++)
			TRY(cq_expect(right[i].scq, lap, IBV_WC_SUCCESS, NULL));
	}
	for (i = 0; i < count; i++) {
		ep_destroy(&right[i]);
		ep_destroy(&left[i]);
	}
	return KTAP_PASS;
}

static int ring_of_three(void)
{
	int laps = opt.full ? 500 : 50;

	TRY(run_ring(3, 64, laps));
	TRY(run_ring(3, HALF, laps / 10));
	return run_ring(2, HALF, laps / 10);
}

/* Both ends post as much as they can, receives included, and drain as it comes. */
static int flood(void)
{
	struct ep_cfg cfg = { .size = 2 * HALF, .send_wr = 32, .recv_wr = 64 };
	unsigned long sent[2] = {}, done[2] = {}, got[2] = {}, total = opt.full ? 20000 : 2000;
	struct ep *ep[2];
	uint64_t end = now_ms() + 60000;
	struct pair p;
	struct ibv_wc wc;
	int i;

	TRY(pair_make(&p, &cfg, &cfg));
	ep[0] = &p.a;
	ep[1] = &p.b;
	for (i = 0; i < 64; i++) {
		EXPECT_EQ(ep_recv(ep[0], i, HALF, HALF), 0);
		EXPECT_EQ(ep_recv(ep[1], i, HALF, HALF), 0);
	}
	while (done[0] < total || done[1] < total || got[0] < total || got[1] < total) {
		EXPECT(now_ms() < end, "stands still at %lu %lu %lu %lu", done[0], done[1],
		       got[0], got[1]);
		for (i = 0; i < 2; i++) {
			while (sent[i] < total && sent[i] - done[i] < 32) {
				EXPECT_EQ(ep_send(ep[i], sent[i], 0, sent[i] % 64 ? 256 : HALF / 4,
						  IBV_SEND_SIGNALED), 0);
				sent[i]++;
			}
			while (cq_wait(ep[i]->scq, &wc, 1, 0)) {
				EXPECT(!wc.status, "%s", ibv_wc_status_str(wc.status));
				EXPECT_EQ(wc.wr_id, done[i]);
				done[i]++;
			}
			while (cq_wait(ep[i]->rcq, &wc, 1, 0)) {
				EXPECT(!wc.status, "%s", ibv_wc_status_str(wc.status));
				got[i]++;
				EXPECT_EQ(ep_recv(ep[i], wc.wr_id, HALF, HALF), 0);
			}
		}
		sched_yield();
	}
	return KTAP_PASS;
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		{ "itself", itself },
		{ "itself, waiting", itself_waiting },
		{ "itself, ud", itself_ud },
		{ "ring of three", ring_of_three },
		{ "flood both ways", flood, 120 },
	};

	options_parse(argc, argv);
	return ktap_run(cases, ARRAY_SIZE(cases), opt.only);
}

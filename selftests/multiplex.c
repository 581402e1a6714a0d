// SPDX-License-Identifier: GPL-2.0
/*
 * multiplex: PAIRS connected pairs of QPs between two devices, all of them busy: each
 * round every one has a SEND, a WRITE, a READ and an atomic on its way before the first
 * is waited for, and every byte of every QP is checked.  Says "held" when all are
 * connected and begins on SIGUSR1.
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/verbs_util.h"

#define PAIRS	50
#define BYTES	512

/* Of each buffer; at the far end in the same places. */
enum {
	SENT = 0,
	WRITTEN = BYTES,
	READ = 2 * BYTES,
	WORD = 3 * BYTES,
	FETCHED = 3 * BYTES + 64,
	ROOM = 4 * BYTES,
};

enum { RECEIVE, SEND, WRITE, FETCH, ADD, OPS };

static struct node node[2];
static struct ep near[PAIRS], far[PAIRS];

static int connect_all(void)
{
	struct ep_cfg cfg = { .size = 4096, .send_wr = OPS, .recv_wr = 1, .sge = 1, .cqe = 8 };

	TRY(node_open(&node[0], 0));
	TRY(node_open(&node[1], 1));
	for (int i = 0; i < PAIRS; i++) {
		TRY(ep_create(&near[i], &node[0], &cfg));
		TRY(ep_create(&far[i], &node[1], &cfg));
		TRY(ep_connect(&near[i], &far[i]));
	}
	return KTAP_PASS;
}

static uint64_t seed_of(int pair, int round, int part)
{
	return opt.seed + (uint64_t)pair * 1000003 + round * 1009 + part;
}

static int post_all(int round)
{
	for (int i = 0; i < PAIRS; i++) {
		struct ep *a = &near[i], *b = &far[i];

		prng_fill(a->buf + SENT, BYTES, seed_of(i, round, SENT));
		prng_fill(a->buf + WRITTEN, BYTES, seed_of(i, round, WRITTEN));
		prng_fill(b->buf + READ, BYTES, seed_of(i, round, READ));
		EXPECT_EQ(ep_recv(b, RECEIVE, SENT, BYTES), 0);
		EXPECT_EQ(ep_send(a, SEND, SENT, BYTES, IBV_SEND_SIGNALED), 0);
		EXPECT_EQ(ep_rdma(a, IBV_WR_RDMA_WRITE, WRITE, WRITTEN, BYTES, WRITTEN,
				  IBV_SEND_SIGNALED), 0);
		EXPECT_EQ(ep_rdma(a, IBV_WR_RDMA_READ, FETCH, READ, BYTES, READ,
				  IBV_SEND_SIGNALED), 0);
		EXPECT_EQ(ep_atomic(a, IBV_WR_ATOMIC_FETCH_AND_ADD, ADD, FETCHED, WORD, i + 1, 0,
				    IBV_SEND_SIGNALED), 0);
	}
	return KTAP_PASS;
}

static int check_all(int round)
{
	for (int i = 0; i < PAIRS; i++) {
		struct ep *a = &near[i], *b = &far[i];

		TRY(cq_expect(a->scq, SEND, IBV_WC_SUCCESS, NULL));
		TRY(cq_expect(a->scq, WRITE, IBV_WC_SUCCESS, NULL));
		TRY(cq_expect(a->scq, FETCH, IBV_WC_SUCCESS, NULL));
		TRY(cq_expect(a->scq, ADD, IBV_WC_SUCCESS, NULL));
		TRY(cq_expect(b->rcq, RECEIVE, IBV_WC_SUCCESS, NULL));
		EXPECT_EQ(prng_check(b->buf + SENT, BYTES, seed_of(i, round, SENT)), BYTES);
		EXPECT_EQ(prng_check(b->buf + WRITTEN, BYTES, seed_of(i, round, WRITTEN)), BYTES);
		EXPECT_EQ(prng_check(a->buf + READ, BYTES, seed_of(i, round, READ)), BYTES);
		EXPECT_EQ(*(uint64_t *)(a->buf + FETCHED), (uint64_t)round * (i + 1));
	}
	return KTAP_PASS;
}

static int all_busy(void)
{
	int rounds = opt.full ? 20 : 3;

	for (int i = 0; i < PAIRS; i++)
		memset(far[i].buf, 0, ROOM);
	for (int round = 0; round < rounds; round++) {
		TRY(post_all(round));
		TRY(check_all(round));
	}
	return KTAP_PASS;
}

int main(int argc, char **argv)
{
	sigset_t begin;
	int signal;

	options_parse(argc, argv);
	sigemptyset(&begin);
	sigaddset(&begin, SIGUSR1);
	sigprocmask(SIG_BLOCK, &begin, NULL);
	TRY(connect_all());
	puts("held");
	sigwait(&begin, &signal);
	TRY(all_busy());
	puts("checked");
	return KTAP_PASS;
}

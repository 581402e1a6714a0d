// SPDX-License-Identifier: GPL-2.0
/*
 * Traffic that checks itself, for tests that do something to the way between its ends:
 * each round WRITEs a pattern, READs it back and SENDs the number of the round.  The
 * requester compares what it reads, the owner counts the numbers.  Three forms:
 *
 *   -l       the owner, until the requester says that it ends
 *   -c HOST  the requester, until SIGTERM
 *   neither  both, between the two devices
 *
 * All say `pid N`.  A requester says `running`, then `at N` now and then.  When an
 * operation fails it says `failed: STATUS after MS ms`, sees that all behind it are
 * flushed in order, and says how long it took to let go of everything.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/verbs_util.h"

#define DEPTH		4			/* rounds under way */
#define STEPS		3			/* work requests of each */
#define LEN		12288			/* more than one message of a lane */
#define END		(~0ULL)			/* number of the last SEND */
#define TIMEOUT		18			/* 1.07 s */
#define RETRIES		7			/* so 8.6 s in all */
#define PAUSE_US	20000			/* others have to run, too */
#define SAY_MS		500

static volatile sig_atomic_t stop;
static struct node node[2];
static const struct ep_cfg cfg = {
	.timers = true, .timeout = TIMEOUT, .retry_cnt = RETRIES, .rnr_retry = 7,
	.min_rnr_timer = 12, .inline_bytes = sizeof(uint64_t), .size = 2 * DEPTH * LEN,
};

static void on_term(int signal)
{
	(void)signal;
	stop = 1;
}

/* One completion, if there is one within @ms; polls at leisure. */
static bool completed(struct ibv_cq *cq, struct ibv_wc *wc, uint64_t ms)
{
	uint64_t end = now_ms() + ms;

	while (ibv_poll_cq(cq, 1, wc) != 1) {
		if (now_ms() >= end)
			return false;
		usleep(1000);
	}
	return true;
}

/* ---- the owner ---- */

static int post_receive(struct ep *b, uint64_t n)
{
	EXPECT_EQ(ep_recv(b, n, (DEPTH + n % DEPTH) * LEN, sizeof(n)), 0);
	return KTAP_PASS;
}

static int post_receives(struct ep *b)
{
	for (uint64_t n = 0; n < DEPTH; n++)
		TRY(post_receive(b, n));
	return KTAP_PASS;
}

/* Receive number @n has come: its number is that of the round, or the last one's. */
static int check_receive(struct ep *b, const struct ibv_wc *wc, uint64_t n, uint64_t *number)
{
	EXPECT(wc->status == IBV_WC_SUCCESS, "%s", ibv_wc_status_str(wc->status));
	EXPECT_EQ(wc->wr_id, n);
	memcpy(number, b->buf + (DEPTH + n % DEPTH) * LEN, sizeof(*number));
	EXPECT(*number == n || *number == END, "round %llu, want %llu",
	       (unsigned long long)*number, (unsigned long long)n);
	return KTAP_PASS;
}

static int own(struct ep *b)
{
	uint64_t number = 0;
	struct ibv_wc wc;

	signal(SIGTERM, on_term);
	for (uint64_t n = 0; number != END && !stop; ) {
		if (!completed(b->rcq, &wc, 100))
			continue;
		TRY(check_receive(b, &wc, n, &number));
		n++;
		if (number != END)
			TRY(post_receive(b, n - 1 + DEPTH));
	}
	return KTAP_PASS;
}

/* ---- the requester ---- */

static int post_send(struct ep *a, uint64_t n, uint64_t number)
{
	struct ibv_sge sge = { .addr = (uintptr_t)&number, .length = sizeof(number) };
	struct ibv_send_wr wr = {
		.wr_id = n * STEPS + 2, .sg_list = &sge, .num_sge = 1, .opcode = IBV_WR_SEND,
		.send_flags = IBV_SEND_SIGNALED | IBV_SEND_INLINE,
	};

	EXPECT_EQ(ep_post(a, &wr), 0);
	return KTAP_PASS;
}

static int post_round(struct ep *a, uint64_t n)
{
	size_t slot = n % DEPTH * LEN;

	prng_fill(a->buf + slot, LEN, opt.seed + n);
	memset(a->buf + DEPTH * LEN + slot, 0, LEN);
	EXPECT_EQ(ep_rdma(a, IBV_WR_RDMA_WRITE, n * STEPS, slot, LEN, slot, IBV_SEND_SIGNALED), 0);
	EXPECT_EQ(ep_rdma(a, IBV_WR_RDMA_READ, n * STEPS + 1, DEPTH * LEN + slot, LEN, slot,
			  IBV_SEND_SIGNALED), 0);
	return post_send(a, n, n);
}

static int check_round(struct ep *a, uint64_t n)
{
	size_t slot = n % DEPTH * LEN;

	EXPECT(!memcmp(a->buf + slot, a->buf + DEPTH * LEN + slot, LEN),
	       "round %llu read other bytes", (unsigned long long)n);
	return KTAP_PASS;
}

/* Operation number @id has failed, @ms after the last one that did not. */
static int failed(struct ep *a, const struct ibv_wc *wc, uint64_t id, uint64_t end, uint64_t ms)
{
	printf("failed: %s after %llu ms\n", ibv_wc_status_str(wc->status), (unsigned long long)ms);
	while (++id < end)
		TRY(cq_expect(a->scq, id, IBV_WC_WR_FLUSH_ERR, NULL));
	EXPECT_EQ(ep_state(a), IBV_QPS_ERR);
	stop = 1;
	return KTAP_PASS;
}

/*
 * Wait for the completions of round @n, of those before @end.
 * @last: when the last one came; 0 from now on: one has failed, and all are done with.
 */
static int finish_round(struct ep *a, uint64_t n, uint64_t end, uint64_t *last)
{
	struct ibv_wc wc;

	for (uint64_t id = n * STEPS; id < (n + 1) * STEPS; id++) {
		EXPECT(completed(a->scq, &wc, 3 * WAIT_MS), "no completion of %llu",
		       (unsigned long long)id);
		EXPECT_EQ(wc.wr_id, id);
		if (wc.status != IBV_WC_SUCCESS) {
			TRY(failed(a, &wc, id, end * STEPS, now_ms() - *last));
			*last = 0;
			return KTAP_PASS;
		}
		*last = now_ms();
	}
	return check_round(a, n);
}

static void say(uint64_t n)
{
	static uint64_t next;

	if (n < DEPTH || now_ms() < next)
		return;
	if (!next)
		printf("running\n");
	printf("at %llu\n", (unsigned long long)n);
	next = now_ms() + SAY_MS;
}

/* The owner's part in the form that is both. */
static int own_one(struct ep *b, uint64_t n)
{
	struct ibv_wc wc;
	uint64_t number;

	EXPECT(completed(b->rcq, &wc, WAIT_MS), "round %llu is not received",
	       (unsigned long long)n);
	TRY(check_receive(b, &wc, n, &number));
	return post_receive(b, n + DEPTH);
}

/* @b: NULL: the owner is elsewhere. */
static int request(struct ep *a, struct ep *b)
{
	uint64_t last = now_ms(), n, end;

	signal(SIGTERM, on_term);
	for (end = 0; end < DEPTH; end++)
		TRY(post_round(a, end));
	for (n = 0; n < end; n++) {
		TRY(finish_round(a, n, end, &last));
		if (!last)
			return KTAP_PASS;
		if (b)
			TRY(own_one(b, n));
		say(n);
		usleep(PAUSE_US);
		if (!stop)
			TRY(post_round(a, end++));
	}
	TRY(post_send(a, end, END));
	return cq_expect(a->scq, end * STEPS + 2, IBV_WC_SUCCESS, NULL);
}

/* ---- life ---- */

static int let_go(struct ep *ep)
{
	uint64_t start = now_ms();

	EXPECT_EQ(ibv_dereg_mr(ep->mr), 0);
	ep->mr = NULL;
	ep_destroy(ep);
	printf("let go in %llu ms\n", (unsigned long long)(now_ms() - start));
	return KTAP_PASS;
}

/* The two processes tell each other where they are. */
static int meet(struct ep *ep, int sock)
{
	struct ep_addr near;

	EXPECT(sock >= 0, "nobody is there: %s", strerror(errno));
	ep_addr(ep, &near);
	EXPECT(sock_send(sock, &near, sizeof(near)) && sock_recv(sock, &ep->far, sizeof(ep->far)),
	       "the other side is gone");
	EXPECT_EQ(ep_rtr(ep), 0);
	EXPECT_EQ(ep_rts(ep), 0);
	/* Both are ready. */
	EXPECT(sock_send(sock, "", 1) && sock_recv(sock, &near, 1), "the other side is gone");
	return KTAP_PASS;
}

static int one_side(void)
{
	struct ep ep;

	TRY(node_open(&node[0], 0));
	TRY(ep_create(&ep, &node[0], &cfg));
	if (opt.listen)
		TRY(post_receives(&ep));
	TRY(meet(&ep, opt.listen ? sock_server(opt.port) : sock_client(opt.host, opt.port)));
	TRY(opt.listen ? own(&ep) : request(&ep, NULL));
	return let_go(&ep);
}

static int both_sides(void)
{
	struct pair p;

	TRY(pair_make(&p, &cfg, &cfg));
	TRY(post_receives(&p.b));
	TRY(request(&p.a, &p.b));
	TRY(let_go(&p.a));
	return let_go(&p.b);
}

int main(int argc, char **argv)
{
	options_parse(argc, argv);
	printf("pid %d\n", getpid());
	return opt.listen || opt.host ? one_side() : both_sides();
}

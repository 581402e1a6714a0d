// SPDX-License-Identifier: GPL-2.0
/*
 * A container that does wrong harms itself: its connections get the statuses they must, and
 * a neighbour's traffic on the same lane, every byte of which is checked, goes on nearly as
 * if there were none.  How fast the neighbour is beside it is compared with how fast it is
 * before and after: when it wants a quarter of what it can have, so that there are processors for
 * both, and when it wants all.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/verbs_util.h"

#define LEN		4096	/* of the neighbour's operations */
#define DEPTH		16	/* of its rounds under way */
#define LARGE		(1024 * 1024)
#define HUGE		(8 * 1024 * 1024)
#define INCIDENT_US	100000	/* from one incident to the next, at least */

/*
 * What a neighbour keeps of its rate, percent, that wants a quarter of what it can have.  One that
 * wants all shares the processors, too: bytes that the other one moves before it does wrong, and
 * objects that it makes, are its due.
 */
static int least_percent = 90;
#define LEAST_OF_ALL	35

/**
 * struct neighbour - what the process that does no wrong is told, and tells
 * @pace: from one round to the next, at least; microseconds
 * @rounds: a WRITE and the READ that brings it back, compared
 * @failed: it has seen an error
 */
struct neighbour {
	volatile uint64_t pace;
	volatile uint64_t rounds;
	volatile bool failed;
};

static struct neighbour *neighbour;
static struct node node[2];
static struct prng prng;

/* ---- the neighbour ---- */

static int post_round(struct pair *p, uint64_t n)
{
	size_t slot = n % DEPTH * LEN;

	prng_fill(p->a.buf + slot, LEN, opt.seed + n);
	EXPECT_EQ(ep_rdma(&p->a, IBV_WR_RDMA_WRITE, n, slot, LEN, slot, 0), 0);
	EXPECT_EQ(ep_rdma(&p->a, IBV_WR_RDMA_READ, n, DEPTH * LEN + slot, LEN, slot,
			  IBV_SEND_SIGNALED), 0);
	return KTAP_PASS;
}

/* What it was kept from for longer than from one incident to the next it does not make up for. */
static void take_time(uint64_t *next)
{
	uint64_t now = now_us();

	if (now < *next)
		usleep(*next - now);
	else if (now - *next > INCIDENT_US)
		*next = now;
	*next += neighbour->pace;
}

static int live_well(void)
{
	struct ep_cfg cfg = { .size = 2 * DEPTH * LEN };
	uint64_t n, next = 0;
	struct pair p;

	TRY(pair_make(&p, &cfg, &cfg));
	for (n = 0; n < DEPTH; n++)
		TRY(post_round(&p, n));
	for (n = 0;; n++) {
		size_t slot = n % DEPTH * LEN;

		TRY(cq_expect(p.a.scq, n, IBV_WC_SUCCESS, NULL));
		EXPECT(prng_check(p.a.buf + DEPTH * LEN + slot, LEN, opt.seed + n) == LEN,
		       "round %llu read other bytes", (unsigned long long)n);
		neighbour->rounds = n + 1;
		take_time(&next);
		TRY(post_round(&p, n + DEPTH));
	}
}

static int settle_down(void)
{
	uint64_t end = now_ms() + WAIT_MS;

	neighbour = mmap(NULL, sizeof(*neighbour), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	EXPECT(neighbour != MAP_FAILED, "no memory");
	if (!fork()) {
		live_well();
		neighbour->failed = true;
		exit(1);
	}
	while (neighbour->rounds < DEPTH && !neighbour->failed && now_ms() < end)
		usleep(1000);
	EXPECT(neighbour->rounds >= DEPTH && !neighbour->failed, "the neighbour does not run");
	TRY(node_open(&node[0], 0));
	return node_open(&node[1], 1);
}

/* ---- incidents ---- */

static int connect_pair(struct ep *a, struct ep *b, struct ep_cfg *cfg)
{
	TRY(ep_create(a, &node[0], cfg));
	TRY(ep_create(b, &node[1], cfg));
	EXPECT_EQ(ep_connect(a, b), 0);
	return KTAP_PASS;
}

static int part(struct ep *a, struct ep *b, int result)
{
	ep_destroy(a);
	ep_destroy(b);
	return result;
}

static int guess_key(void)
{
	enum ibv_wr_opcode op = prng_chance(&prng, 50) ? IBV_WR_RDMA_WRITE : IBV_WR_RDMA_READ;
	struct ep a, b;

	TRY(connect_pair(&a, &b, NULL));
	a.far.rkey ^= 1 + prng_below(&prng, UINT32_MAX);
	EXPECT_EQ(ep_rdma(&a, op, 1, 0, LEN, 0, IBV_SEND_SIGNALED), 0);
	return part(&a, &b, cq_expect(a.scq, 1, IBV_WC_REM_ACCESS_ERR, NULL));
}

static int send_too_much(void)
{
	struct ep a, b;

	TRY(connect_pair(&a, &b, NULL));
	EXPECT_EQ(ep_recv(&b, 2, 0, 64), 0);
	EXPECT_EQ(ep_send(&a, 1, 0, LEN, IBV_SEND_SIGNALED), 0);
	TRY(cq_expect(a.scq, 1, IBV_WC_REM_INV_REQ_ERR, NULL));
	return part(&a, &b, cq_expect(b.rcq, 2, IBV_WC_LOC_LEN_ERR, NULL));
}

/* For a while, and for ever: that one is destroyed while its sender still tries. */
static int receive_nothing(void)
{
	struct ep_cfg cfg = { .timers = true, .timeout = 17, .retry_cnt = 7, .min_rnr_timer = 1 };
	struct ep a[2], b[2];

	cfg.rnr_retry = 1;
	TRY(connect_pair(&a[0], &b[0], &cfg));
	cfg.rnr_retry = 7;
	TRY(connect_pair(&a[1], &b[1], &cfg));
	EXPECT_EQ(ep_send(&a[0], 1, 0, LEN, IBV_SEND_SIGNALED), 0);
	EXPECT_EQ(ep_send(&a[1], 1, 0, LEN, IBV_SEND_SIGNALED), 0);
	TRY(cq_expect(a[0].scq, 1, IBV_WC_RNR_RETRY_EXC_ERR, NULL));
	TRY(cq_expect_none(a[1].scq, 10));
	part(&a[1], &b[1], KTAP_PASS);
	return part(&a[0], &b[0], KTAP_PASS);
}

/* Where its key is gone before the WRITE comes it is refused, and so is what is half there. */
static int take_memory_away(void)
{
	struct ep_cfg cfg = { .size = LARGE };
	struct ibv_wc wc;
	struct ep a, b;

	TRY(connect_pair(&a, &b, &cfg));
	EXPECT_EQ(ep_rdma(&a, IBV_WR_RDMA_WRITE, 1, 0, LARGE, 0, IBV_SEND_SIGNALED), 0);
	usleep(prng_below(&prng, 20000));
	EXPECT_EQ(ibv_dereg_mr(b.mr), 0);
	b.mr = NULL;
	EXPECT(cq_wait(a.scq, &wc, 1, WAIT_MS) == 1, "no completion");
	EXPECT(wc.status == IBV_WC_REM_ACCESS_ERR || wc.status == IBV_WC_SUCCESS, "%s",
	       ibv_wc_status_str(wc.status));
	return part(&a, &b, KTAP_PASS);
}

static int connect_again(void)
{
	struct ep a, b;
	int i;

	for (i = 0; i < 8; i++) {
		TRY(connect_pair(&a, &b, NULL));
		part(&a, &b, KTAP_PASS);
	}
	return KTAP_PASS;
}

/* In the child: 8 MiB each way until it is killed; it tells when the first are posted. */
static int move_until_killed(int told)
{
	struct ep_cfg cfg = { .size = HUGE };
	struct pair p;
	uint64_t n;

	TRY(pair_make(&p, &cfg, &cfg));
	for (n = 0;; n++) {
		EXPECT_EQ(ep_rdma(&p.a, IBV_WR_RDMA_WRITE, n, 0, HUGE, 0, IBV_SEND_SIGNALED), 0);
		EXPECT_EQ(ep_rdma(&p.a, IBV_WR_RDMA_READ, n, 0, HUGE, 0, 0), 0);
		EXPECT(n || write(told, "", 1) == 1, "nobody listens");
		TRY(cq_expect(p.a.scq, n, IBV_WC_SUCCESS, NULL));
	}
}

static int die(void)
{
	int told[2], status;
	pid_t pid;
	char c;

	EXPECT(!pipe(told), "%s", strerror(errno));
	pid = fork();
	EXPECT(pid >= 0, "%s", strerror(errno));
	if (!pid)
		exit(move_until_killed(told[1]));
	close(told[1]);
	EXPECT(read(told[0], &c, 1) == 1, "the child does not get that far");
	close(told[0]);
	usleep(prng_below(&prng, 20000));
	kill(pid, SIGKILL);
	EXPECT(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status), "it ended by itself: %d",
	       status);
	return KTAP_PASS;
}

/* ---- measuring ---- */

static uint64_t period_ms(void) { return (opt.full ? 5000 : 2000) * opt.slow; }

/* The neighbour's rounds per second while @incident, if there is one, happens now and then. */
static int rate(int (*incident)(void), double *rate, unsigned int *incidents)
{
	uint64_t start = now_us(), before = neighbour->rounds, next;

	do {
		next = now_us() + INCIDENT_US;
		if (incident) {
			TRY(incident());
			++*incidents;
		}
		if (now_us() < next)
			usleep(next - now_us());
	} while (now_us() - start < 1000 * period_ms());
	*rate = (neighbour->rounds - before) * 1e6 / (now_us() - start);
	EXPECT(!neighbour->failed, "the neighbour has failed");
	return KTAP_PASS;
}

/* What the neighbour keeps beside @incident of what it has before and after, percent. */
static int keeps(int (*incident)(void), const char *wants, int least)
{
	double before, during, after, percent;
	unsigned int incidents = 0;

	TRY(rate(NULL, &before, NULL));
	TRY(rate(incident, &during, &incidents));
	TRY(rate(NULL, &after, NULL));
	percent = 200 * during / (before + after);
	ktap_msg("%s: %u incidents; %.0f rounds a second before, %.0f beside, %.0f after: %.0f %%",
		 wants, incidents, before, during, after, percent);
	EXPECT(percent >= least, "less than %d %%", least);
	return KTAP_PASS;
}

static int beside(int (*incident)(void))
{
	double most;

	prng.state = opt.seed;
	TRY(settle_down());
	TRY(rate(NULL, &most, NULL));
	neighbour->pace = 4000000 / most;
	TRY(keeps(incident, "wants a quarter", least_percent));
	neighbour->pace = 0;
	return keeps(incident, "wants all", LEAST_OF_ALL);
}

static int guesses(void) { return beside(guess_key); }
static int sends_too_much(void) { return beside(send_too_much); }
static int receives_nothing(void) { return beside(receive_nothing); }
static int takes_memory_away(void) { return beside(take_memory_away); }
static int dies(void) { return beside(die); }
static int connects_again(void) { return beside(connect_again); }

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		{ "beside one that guesses keys", guesses },
		{ "beside one that sends too much", sends_too_much },
		{ "beside one that receives nothing", receives_nothing },
		{ "beside one that takes memory away", takes_memory_away },
		{ "beside one that dies in large operations", dies, 120 },
		{ "beside one that connects again and again", connects_again },
	};
	const char *least = getenv("LEAST");

	options_parse(argc, argv);
	if (least)
		least_percent = atoi(least);
	return ktap_run(cases, ARRAY_SIZE(cases), opt.only);
}

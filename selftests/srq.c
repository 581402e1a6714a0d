// SPDX-License-Identifier: GPL-2.0
/*
 * A shared receive queue changes its size: what is posted stays, in order, for those who wait,
 * too; it holds as many as it says.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "lib/verbs_util.h"

static struct pair p;
static struct ibv_srq *srq;
static uint64_t posted, taken;

static int make(uint32_t wr, struct ep_cfg *acfg)
{
	struct ibv_srq_init_attr init = { .attr = { .max_wr = wr, .max_sge = 2 } };
	struct ep_cfg bcfg = { .cqe = 4096 };

	TRY(pair_open(&p));
	srq = ibv_create_srq(p.node[1].pd, &init);
	EXPECT(srq, "create_srq: %s", strerror(errno));
	bcfg.srq = srq;
	TRY(ep_create(&p.a, &p.node[0], acfg));
	TRY(ep_create(&p.b, &p.node[1], &bcfg));
	return ep_connect(&p.a, &p.b);
}

static int resize(uint32_t wr)
{
	struct ibv_srq_attr attr = { .max_wr = wr };

	return ibv_modify_srq(srq, &attr, IBV_SRQ_MAX_WR);
}

/* Post until there is no room: that must be after @want. */
static int fill(unsigned int want)
{
	unsigned int n = 0;
	int err;

	while (!(err = ep_recv(&p.b, posted, 0, 64))) {
		posted++;
		n++;
	}
	EXPECT_EQ(err, ENOMEM);
	EXPECT_EQ(n, want);
	return KTAP_PASS;
}

/* A SEND is received by the oldest. */
static int one(void)
{
	p.a.buf[0] = taken;
	EXPECT_EQ(ep_send(&p.a, taken, 0, 64, IBV_SEND_SIGNALED), 0);
	TRY(cq_expect(p.a.scq, taken, IBV_WC_SUCCESS, NULL));
	TRY(cq_expect(p.b.rcq, taken, IBV_WC_SUCCESS, NULL));
	EXPECT_EQ(p.b.buf[0], (uint8_t)taken);
	taken++;
	return KTAP_PASS;
}

static int some(unsigned int count)
{
	while (count--)
		TRY(one());
	return KTAP_PASS;
}

/* Through sizes larger and smaller, the indices of the ring anywhere. */
static int sizes(void)
{
	static const uint32_t list[] = { 5, 64, 16, 17, 300, 9, 1000, 10 };
	struct ibv_srq_attr attr;
	uint32_t wr = 16;

	TRY(make(wr, NULL));
	for (unsigned int round = 0; round < (opt.full ? 5 : 1); round++)
		for (unsigned int i = 0; i < ARRAY_SIZE(list); i++) {
			TRY(fill(wr - (posted - taken)));
			if (list[i] < wr)
				TRY(some(wr - list[i]));
			EXPECT_EQ(resize(list[i]), 0);
			EXPECT_EQ(ibv_query_srq(srq, &attr), 0);
			EXPECT_EQ(attr.max_wr, list[i]);
			EXPECT_EQ(attr.max_sge, 2);
			TRY(fill(list[i] > wr ? list[i] - wr : 0));
			TRY(some(3));
			wr = list[i];
		}
	return some(posted - taken);
}

static int refused(void)
{
	struct ibv_srq_attr both = { .max_wr = 32, .srq_limit = 33 };
	struct ibv_srq_attr limit = { .srq_limit = 8 };

	TRY(make(16, NULL));
	TRY(fill(16));
	EXPECT_EQ(resize(0), EINVAL);
	EXPECT_EQ(resize(p.node[1].attr.max_srq_wr + 1), EINVAL);
	EXPECT_EQ(resize(15), EINVAL);	/* 16 are posted */
	EXPECT_EQ(ibv_modify_srq(srq, &both, IBV_SRQ_MAX_WR | IBV_SRQ_LIMIT), EINVAL);
	TRY(some(10));
	EXPECT_EQ(ibv_modify_srq(srq, &limit, IBV_SRQ_LIMIT), 0);
	EXPECT_EQ(resize(7), EINVAL);	/* below the limit */
	TRY(fill(10));			/* nothing has changed */
	/* control */
	both.srq_limit = 32;
	EXPECT_EQ(ibv_modify_srq(srq, &both, IBV_SRQ_MAX_WR | IBV_SRQ_LIMIT), 0);
	TRY(fill(16));
	EXPECT_EQ(resize(p.node[1].attr.max_srq_wr), 0);
	return some(posted - taken);
}

/* The limit that was set before tells afterwards. */
static int limit(void)
{
	struct ibv_srq_attr attr = { .srq_limit = 4 };

	TRY(make(16, NULL));
	TRY(fill(16));
	EXPECT_EQ(ibv_modify_srq(srq, &attr, IBV_SRQ_LIMIT), 0);
	TRY(some(10));
	EXPECT_EQ(resize(100), 0);
	TRY(some(2));
	TRY(event_expect_none(p.node[1].ctx, 300));
	TRY(some(1));
	return event_expect(p.node[1].ctx, IBV_EVENT_SRQ_LIMIT_REACHED, srq);
}

/* A sender waits for a receive; the post that serves it goes to the new ring. */
static int waiting(void)
{
	struct ep_cfg cfg = {
		.timers = true, .timeout = 18, .retry_cnt = 7, .rnr_retry = 7, .min_rnr_timer = 31,
	};

	TRY(make(16, &cfg));
	for (unsigned int n = 0; n < 4; n++) {
		p.a.buf[0] = n;
		EXPECT_EQ(ep_send(&p.a, n, 0, 64, IBV_SEND_SIGNALED), 0);
		TRY(cq_expect_none(p.a.scq, 50));
		EXPECT_EQ(resize(n % 2 ? 16 : 64), 0);
		TRY(cq_expect_none(p.a.scq, 50));
		EXPECT_EQ(ep_recv(&p.b, n, 0, 64), 0);
		TRY(cq_expect(p.a.scq, n, IBV_WC_SUCCESS, NULL));
		TRY(cq_expect(p.b.rcq, n, IBV_WC_SUCCESS, NULL));
		EXPECT_EQ(p.b.buf[0], n);
	}
	return KTAP_PASS;
}

static volatile bool over;

/* It sleeps, or who posts would hardly ever find the SRQ unlocked. */
static void *resizer(void *failed)
{
	static const uint32_t list[] = { 64, 700, 33, 512, 40 };

	for (unsigned int i = 0; !over; i++) {
		if (resize(list[i % ARRAY_SIZE(list)]))
			++*(int *)failed;
		usleep(100);
	}
	return NULL;
}

/* While messages come and receives are posted, each is used once, in order. */
static int traffic(void)
{
	unsigned long count = opt.full ? 5000 : 1500;
	pthread_t thread;
	int failed = 0;

	TRY(make(64, NULL));
	EXPECT_EQ(pthread_create(&thread, NULL, resizer, &failed), 0);
	for (unsigned long n = 0; n < count; n++) {
		while (posted - taken < 16)
			EXPECT_EQ(ep_recv(&p.b, posted++, 0, 64), 0);
		TRY(one());
	}
	over = true;
	pthread_join(thread, NULL);
	EXPECT_EQ(failed, 0);
	return KTAP_PASS;
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		{ "sizes", sizes },
		{ "what is refused", refused },
		{ "the limit", limit },
		{ "a sender that waits", waiting },
		{ "under traffic", traffic, 120 },
	};

	options_parse(argc, argv);
	return ktap_run(cases, ARRAY_SIZE(cases), opt.only);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Completion events, asked for by arming: at most one for each time, any or
 * solicited ones, errors count as solicited.  CQ resize under load, CQ overflow,
 * the limit event of an SRQ.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "lib/verbs_util.h"

#define QUIET_MS	100	/* long enough for an event that must not come */

static struct pair p;
static struct ibv_comp_channel *channel;

/* The owner's CQ reports to a channel; it has @receives posted. */
static int make(int receives, int cqe)
{
	struct ep_cfg bcfg = { .cqe = cqe };

	TRY(pair_open(&p));
	channel = ibv_create_comp_channel(p.node[1].ctx);
	EXPECT(channel, "create_comp_channel: %s", strerror(errno));
	bcfg.channel = channel;
	TRY(ep_create(&p.a, &p.node[0], NULL));
	TRY(ep_create(&p.b, &p.node[1], &bcfg));
	TRY(ep_connect(&p.a, &p.b));
	for (int i = 0; i < receives; i++)
		EXPECT_EQ(ep_recv(&p.b, i, 0, 4096), 0);
	return KTAP_PASS;
}

static int arm(int solicited)
{
	EXPECT_EQ(ibv_req_notify_cq(p.b.rcq, solicited), 0);
	return KTAP_PASS;
}

/* One message, which has arrived when this returns. */
static int send_one(int flags)
{
	EXPECT_EQ(ep_send(&p.a, 1, 0, 64, IBV_SEND_SIGNALED | flags), 0);
	return cq_expect(p.a.scq, 1, IBV_WC_SUCCESS, NULL);
}

static int expect_event(void)
{
	struct ibv_cq *cq;

	EXPECT(channel_wait(channel, &cq, WAIT_MS), "no event");
	EXPECT(cq == p.b.rcq, "event of another CQ");
	return KTAP_PASS;
}

static int expect_quiet(void)
{
	struct ibv_cq *cq;

	EXPECT(!channel_wait(channel, &cq, QUIET_MS), "an event nobody asked for");
	return KTAP_PASS;
}

static int drain(int want)
{
	struct ibv_wc wc[64];

	EXPECT_EQ(cq_wait(p.b.rcq, wc, want, WAIT_MS), want);
	return KTAP_PASS;
}

static int any(void)
{
	TRY(make(20, 64));
	TRY(send_one(0));
	TRY(expect_quiet());		/* control: not armed */
	TRY(arm(0));
	TRY(expect_quiet());		/* what is there already does not count */
	TRY(send_one(0));
	TRY(expect_event());
	TRY(send_one(0));
	TRY(send_one(0));
	TRY(expect_quiet());		/* once per arming */
	TRY(arm(0));
	TRY(arm(0));
	TRY(send_one(0));
	TRY(send_one(0));
	TRY(expect_event());
	TRY(expect_quiet());
	return drain(6);
}

static int solicited(void)
{
	TRY(make(20, 64));
	TRY(arm(1));
	TRY(send_one(0));
	TRY(expect_quiet());
	TRY(send_one(IBV_SEND_SOLICITED));
	TRY(expect_event());
	TRY(send_one(IBV_SEND_SOLICITED));
	TRY(expect_quiet());
	/* the stronger request stands, whichever came first */
	TRY(arm(0));
	TRY(arm(1));
	TRY(send_one(0));
	TRY(expect_event());
	return drain(4);
}

static int error_is_solicited(void)
{
	TRY(make(1, 64));
	TRY(arm(1));
	TRY(expect_quiet());
	EXPECT_EQ(ep_error(&p.b), 0);
	TRY(expect_event());
	return cq_expect(p.b.rcq, 0, IBV_WC_WR_FLUSH_ERR, NULL);
}

/* Arm, look once more, sleep: how programs wait. A lost event would hang this. */
static int wait_for_one(uint64_t wr_id)
{
	struct ibv_wc wc;

	if (cq_wait(p.b.rcq, &wc, 1, 0) == 0) {
		TRY(arm(0));
		if (cq_wait(p.b.rcq, &wc, 1, 0) == 0) {
			TRY(expect_event());
			/* an older event may wake us for a completion we have had */
			if (cq_wait(p.b.rcq, &wc, 1, 0) == 0)
				return wait_for_one(wr_id);
		}
	}
	EXPECT(!wc.status && wc.wr_id == wr_id, "wr_id %llu %s", (unsigned long long)wc.wr_id,
	       ibv_wc_status_str(wc.status));
	return KTAP_PASS;
}

static void *sleeper(void *count)
{
	for (unsigned long n = 0; n < (unsigned long)count; n++)
		if (ep_recv(&p.b, n, 0, 64) || wait_for_one(n))
			return (void *)1;
	return NULL;
}

static int none_is_lost(void)
{
	unsigned long count = opt.full ? 20000 : 2000;
	pthread_t thread;
	void *result;

	TRY(make(0, 64));
	EXPECT_EQ(pthread_create(&thread, NULL, sleeper, (void *)count), 0);
	for (unsigned long n = 0; n < count; n++) {
		TRY(send_one(0));
		if (n % 16 == 0)
			usleep(200);
	}
	pthread_join(thread, &result);
	EXPECT(!result, "the sleeper failed");
	return KTAP_PASS;
}

/* Entries survive a resize, in order; too small is refused. */
static int resize(void)
{
	struct ibv_wc wc[40];
	int err, i;

	TRY(make(60, 64));
	for (i = 0; i < 40; i++)
		TRY(send_one(0));
	err = ibv_resize_cq(p.b.rcq, 500);
	if (err == ENOSYS || err == EOPNOTSUPP)
		return ktap_skip("no resize");
	EXPECT_EQ(err, 0);
	EXPECT(p.b.rcq->cqe >= 500, "%d", p.b.rcq->cqe);
	err = ibv_resize_cq(p.b.rcq, 16);
	EXPECT(err == EINVAL || err == EBUSY, "shrunk below 40 entries: %d", err);
	EXPECT_EQ(ibv_resize_cq(p.b.rcq, 64), 0);
	TRY(arm(0));
	EXPECT_EQ(cq_wait(p.b.rcq, wc, 40, WAIT_MS), 40);
	for (i = 0; i < 40; i++)
		EXPECT_EQ(wc[i].wr_id, i);
	TRY(send_one(0));
	TRY(expect_event());
	return cq_expect(p.b.rcq, 40, IBV_WC_SUCCESS, NULL);
}

static volatile bool over;

/* It sleeps, or who polls would hardly ever find the CQ unlocked. */
static void *resizer(void *failed)
{
	struct prng rng = { .state = opt.seed };
	int err;

	while (!over) {
		err = ibv_resize_cq(p.b.rcq, 65 + prng_below(&rng, 1000));
		if (err)
			*(int *)failed = err;
		usleep(100);
	}
	return NULL;
}

/* Resize while completions come in and are polled: none lost, none twice. */
static int resize_under_load(void)
{
	unsigned long count = opt.full ? 10000 : 300;
	pthread_t thread;
	int failed = 0;

	TRY(make(0, 64));
	if (ibv_resize_cq(p.b.rcq, 100))
		return ktap_skip("no resize");
	EXPECT_EQ(pthread_create(&thread, NULL, resizer, &failed), 0);
	for (unsigned long n = 0; n < count; n++) {
		EXPECT_EQ(ep_recv(&p.b, n, 0, 64), 0);
		TRY(send_one(0));
		TRY(cq_expect(p.b.rcq, n, IBV_WC_SUCCESS, NULL));
	}
	over = true;
	pthread_join(thread, NULL);
	EXPECT_EQ(failed, 0);
	return KTAP_PASS;
}

/* IBA 11.6.3.1: the CQ is in error, its QPs follow, its owner is told once. */
static int overflow(void)
{
	struct ep_cfg bcfg = { .recv_wr = 1000 };
	struct ibv_async_event event;
	int sent, told = 0;

	TRY(pair_open(&p));
	if (node_is_rxe(&p.node[1]))
		return ktap_skip("rxe does not put the QPs to error");
	bcfg.rcq = ibv_create_cq(p.node[1].ctx, 16, NULL, NULL, 0);
	EXPECT(bcfg.rcq, "create_cq");
	TRY(ep_create(&p.a, &p.node[0], NULL));
	TRY(ep_create(&p.b, &p.node[1], &bcfg));
	TRY(ep_connect(&p.a, &p.b));
	for (int i = 0; i < 1000; i++)
		EXPECT_EQ(ep_recv(&p.b, i, 0, 64), 0);
	/* control: as many as it holds are no reason */
	for (sent = 0; sent < bcfg.rcq->cqe; sent++)
		TRY(send_one(0));
	TRY(event_expect_none(p.node[1].ctx, QUIET_MS));
	EXPECT_EQ(ep_state(&p.b), IBV_QPS_RTS);
	for (int i = 0; i < 10; i++)
		ep_send(&p.a, 2, 0, 64, IBV_SEND_SIGNALED);
	EXPECT_EQ(ep_wait_state(&p.b, IBV_QPS_ERR, WAIT_MS), IBV_QPS_ERR);
	while (event_wait(p.node[1].ctx, &event, QUIET_MS))
		told += event.event_type == IBV_EVENT_CQ_ERR;
	EXPECT_EQ(told, 1);
	return KTAP_PASS;
}

static int srq_limit(void)
{
	struct ibv_srq_init_attr init = { .attr = { .max_wr = 32, .max_sge = 1 } };
	struct ibv_srq_attr attr = { .srq_limit = 4 };
	struct ep_cfg bcfg = {};
	struct ibv_srq *srq;

	TRY(pair_open(&p));
	srq = ibv_create_srq(p.node[1].pd, &init);
	EXPECT(srq, "create_srq: %s", strerror(errno));
	bcfg.srq = srq;
	TRY(ep_create(&p.a, &p.node[0], NULL));
	TRY(ep_create(&p.b, &p.node[1], &bcfg));
	TRY(ep_connect(&p.a, &p.b));
	for (int i = 0; i < 10; i++)
		EXPECT_EQ(ep_recv(&p.b, i, 0, 64), 0);
	EXPECT_EQ(ibv_modify_srq(srq, &attr, IBV_SRQ_LIMIT), 0);
	memset(&attr, 0, sizeof(attr));
	EXPECT_EQ(ibv_query_srq(srq, &attr), 0);
	EXPECT_EQ(attr.srq_limit, 4);
	for (int i = 0; i < 6; i++)	/* 4 are left: not below the limit */
		TRY(send_one(0));
	TRY(event_expect_none(p.node[1].ctx, QUIET_MS));
	TRY(send_one(0));
	TRY(event_expect(p.node[1].ctx, IBV_EVENT_SRQ_LIMIT_REACHED, srq));
	TRY(send_one(0));
	TRY(event_expect_none(p.node[1].ctx, QUIET_MS));	/* once per arming */
	EXPECT_EQ(ibv_query_srq(srq, &attr), 0);
	EXPECT_EQ(attr.srq_limit, 0);
	/* a limit already passed is reached at the next receive taken, or at once */
	attr.srq_limit = 3;
	EXPECT_EQ(ibv_modify_srq(srq, &attr, IBV_SRQ_LIMIT), 0);
	TRY(send_one(0));
	return event_expect(p.node[1].ctx, IBV_EVENT_SRQ_LIMIT_REACHED, srq);
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		{ "any completion", any },
		{ "solicited completion", solicited },
		{ "an error is solicited", error_is_solicited },
		{ "none is lost", none_is_lost, 120 },
		{ "resize", resize },
		{ "resize under load", resize_under_load, 120 },
		{ "overflow", overflow },
		{ "srq limit", srq_limit },
	};

	options_parse(argc, argv);
	return ktap_run(cases, ARRAY_SIZE(cases), opt.only);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * WRITE 1 MiB at a time (or LEN bytes, from the environment), 64 under way, until something
 * fails or somebody ends it: what others on the way there have to live with.  Between completions
 * it sleeps: it takes its share of the lane, but leaves the processors to those who are measured.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/verbs_util.h"

#define DEPTH	64
#define BATCH	8

static uint32_t len = 1024 * 1024;
static struct pair p;
static struct ibv_comp_channel *channel;

static int prepare(void)
{
	struct ep_cfg near = { .size = len }, far = { .size = len };

	TRY(pair_open(&p));
	channel = ibv_create_comp_channel(p.node[0].ctx);
	EXPECT(channel, "no completion channel");
	near.channel = channel;
	TRY(ep_create(&p.a, &p.node[0], &near));
	TRY(ep_create(&p.b, &p.node[1], &far));
	EXPECT_EQ(ep_connect(&p.a, &p.b), 0);
	EXPECT_EQ(ibv_req_notify_cq(p.a.scq, 0), 0);
	return KTAP_PASS;
}

static int post(int number)
{
	while (number--)
		EXPECT_EQ(ep_rdma(&p.a, IBV_WR_RDMA_WRITE, 0, 0, len, 0, IBV_SEND_SIGNALED), 0);
	return KTAP_PASS;
}

/* Post as many as have completed. */
static int reap(void)
{
	struct ibv_wc wc[BATCH];
	int number;

	while ((number = ibv_poll_cq(p.a.scq, BATCH, wc))) {
		EXPECT(number > 0, "poll_cq: %d", number);
		for (int i = 0; i < number; i++)
			EXPECT(wc[i].status == IBV_WC_SUCCESS, "%s",
			       ibv_wc_status_str(wc[i].status));
		TRY(post(number));
	}
	return KTAP_PASS;
}

int main(int argc, char **argv)
{
	struct ibv_cq *cq;

	options_parse(argc, argv);
	if (getenv("LEN"))
		len = atoi(getenv("LEN"));
	TRY(prepare());
	TRY(post(DEPTH));
	for (;;) {
		EXPECT(channel_wait(channel, &cq, WAIT_MS), "no completion");
		EXPECT_EQ(ibv_req_notify_cq(cq, 0), 0);
		TRY(reap());
	}
}

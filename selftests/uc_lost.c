// SPDX-License-Identifier: GPL-2.0
/*
 * UC loses messages when there is no way to the far side, and nothing else: not those that
 * come after them, however many are lost and wherever in one of them the way goes; nor a
 * receive; nor a byte of a message that arrives.  What arrives does so in order.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/verbs_util.h"

#define SMALL		256
#define LARGE		(1 << 20)
#define SLOTS		8		/* messages that have a place at either side */
#define MANY		100		/* more than may be on their way */
#define AFTER		20
#define BACK_MS		(40000 * opt.slow)	/* a lost route is asked for every 10 s */
#define SOON_MS		(3000 * opt.slow)	/* less than until something is repeated */

static struct pair p;
static uint32_t sent;		/* number of the last message */
static uint32_t done;		/* of the last that has completed */
static uint32_t seen;		/* of the last that arrived */
static uint32_t taken;		/* receives that have completed */
static uint32_t length[1 << 16];	/* of a message, by number */

/* ---- the two sides ---- */

static int post_receive(uint32_t number)
{
	EXPECT_EQ(ep_recv(&p.b, number, (size_t)(number % SLOTS) * LARGE, LARGE), 0);
	return KTAP_PASS;
}

/* Each word of a message is its number. */
static int post_send(uint32_t len)
{
	size_t offset = (size_t)(++sent % SLOTS) * LARGE;
	uint32_t *word = (uint32_t *)(p.a.buf + offset);

	for (uint32_t i = 0; i < len / sizeof(*word); i++)
		word[i] = sent;
	length[sent % ARRAY_SIZE(length)] = len;
	EXPECT_EQ(ep_send(&p.a, sent, offset, len, IBV_SEND_SIGNALED), 0);
	return KTAP_PASS;
}

/* Until no more than @left have not completed. */
static int wait_sent(uint32_t left, int ms)
{
	struct ibv_wc wc;

	while (sent - done > left) {
		EXPECT(cq_wait(p.a.scq, &wc, 1, ms) == 1, "message %u does not complete", done + 1);
		EXPECT_EQ(wc.status, IBV_WC_SUCCESS);
		EXPECT_EQ(wc.wr_id, ++done);
	}
	return KTAP_PASS;
}

static int send_small(int ms)
{
	TRY(post_send(SMALL));
	return wait_sent(0, ms);
}

/* A message has arrived: the next receive is full of a later number. */
static int look_at(const struct ibv_wc *wc)
{
	const uint32_t *word = (uint32_t *)(p.b.buf + taken % SLOTS * LARGE);
	uint32_t number = word[0];

	EXPECT_EQ(wc->status, IBV_WC_SUCCESS);
	EXPECT_EQ(wc->wr_id, taken);
	EXPECT(number > seen && number <= sent, "message %u after %u", number, seen);
	EXPECT_EQ(wc->byte_len, length[number % ARRAY_SIZE(length)]);
	for (uint32_t i = 0; i < wc->byte_len / sizeof(*word); i++)
		EXPECT(word[i] == number, "word %u of message %u is of %u", i, number, word[i]);
	seen = number;
	return post_receive(taken++ + SLOTS);
}

/* Whatever arrives, until none has for @ms. */
static int take_all(int ms)
{
	struct ibv_wc wc;

	while (cq_wait(p.b.rcq, &wc, 1, ms) == 1)
		TRY(look_at(&wc));
	return KTAP_PASS;
}

static int make(void)
{
	struct ep_cfg cfg = { .type = IBV_QPT_UC, .size = SLOTS * LARGE };

	TRY(pair_open(&p));
	TRY(ep_create(&p.a, &p.node[0], &cfg));
	TRY(ep_create(&p.b, &p.node[1], &cfg));
	ep_addr(&p.b, &p.a.far);
	ep_addr(&p.a, &p.b.far);
	for (uint32_t i = 0; i < SLOTS; i++)
		TRY(post_receive(i));
	return KTAP_PASS;
}

static int ready(struct ep *ep)
{
	EXPECT_EQ(ep_rtr(ep), 0);
	EXPECT_EQ(ep_rts(ep), 0);
	return KTAP_PASS;
}

/* What is sent arrives: sooner or later, and then all of it, at once. */
static int arrives(void)
{
	uint64_t end = now_ms() + BACK_MS;

	do {
		EXPECT(now_ms() < end, "nothing arrives, %u are sent", sent);
		TRY(send_small(WAIT_MS));
		TRY(take_all(100));
	} while (seen != sent);
	for (int i = 0; i < AFTER; i++) {
		struct ibv_wc wc;

		TRY(send_small(SOON_MS));
		EXPECT(cq_wait(p.b.rcq, &wc, 1, SOON_MS) == 1, "message %u does not arrive", sent);
		TRY(look_at(&wc));
		EXPECT_EQ(seen, sent);
	}
	return KTAP_PASS;
}

/* ---- the way ---- */

static bool is_over(FILE *link)
{
	struct pollfd poller = { .fd = fileno(link), .events = POLLIN };

	return poll(&poller, 1, 0) == 1;
}

static int before_they_meet(void)
{
	TRY(make());
	TRY(ready(&p.a));
	TRY(send_small(WAIT_MS));
	TRY(send_small(WAIT_MS));
	TRY(ready(&p.b));
	return arrives();
}

static int while_down(int side)
{
	TRY(make());
	TRY(ready(&p.a));
	TRY(ready(&p.b));
	TRY(arrives());
	TRY(node_set_link(side, "down"));
	for (int i = 0; i < MANY; i++)
		TRY(send_small(SOON_MS));
	TRY(take_all(100));
	TRY(node_set_link(side, "up"));
	return arrives();
}

static int requester_down(void) { return while_down(0); }
static int owner_down(void) { return while_down(1); }

/* Large messages without a pause while somebody takes the link away. */
static int stream_into(int side)
{
	FILE *link = node_begin_link(side, "down");

	EXPECT(link, "no process");
	for (int last = 0; last < 2 * SLOTS; last += last || is_over(link)) {
		TRY(wait_sent(SLOTS / 2, WAIT_MS));
		TRY(post_send(LARGE));
		TRY(take_all(0));
	}
	EXPECT_EQ(pclose(link), 0);
	TRY(wait_sent(0, WAIT_MS));
	return take_all(100);
}

static int in_the_middle(void)
{
	TRY(make());
	TRY(ready(&p.a));
	TRY(ready(&p.b));
	TRY(arrives());
	for (int i = 0; i < (opt.full ? 4 : 2); i++) {
		TRY(stream_into(i % 2));
		TRY(node_set_link(i % 2, "up"));
		TRY(arrives());
	}
	return KTAP_PASS;
}

static const struct ktap_case cases[] = {
	{ "messages that were sent before anybody listened", before_they_meet, 120 },
	{ "messages that the requester's network does not take", requester_down, 120 },
	{ "messages that the owner's network does not bring", owner_down, 120 },
	{ "half of a message", in_the_middle, 400 },
};

int main(int argc, char **argv)
{
	options_parse(argc, argv);
	return ktap_run(cases, ARRAY_SIZE(cases), opt.only);
}

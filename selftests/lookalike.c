// SPDX-License-Identifier: GPL-2.0
/*
 * Payload that looks like what hosts say to each other: wherever a packet of an HCA may
 * begin there is a message that is good but for what its sender cannot know, the cookie.
 * The queue pair of a lane that dies may put such a packet where a message is expected.
 * Somebody else breaks lanes meanwhile; every byte arrives, and nothing else happens.
 */
#include <stdlib.h>
#include <string.h>

#include "../kernel/message.h"
#include "lib/verbs_util.h"

#define LEN		32768		/* moved by the HCA */
#define COPIED		16384		/* in messages */
#define PACKET		1024		/* the least MTU that divides all others */

static struct pair p;

/* One that would end, bind or fail something, if it were believed. */
static struct vrdma_msg a_message(struct prng *random)
{
	static const unsigned int types[] = { VRDMA_MSG_CREDIT, VRDMA_MSG_UNBIND };
	struct vrdma_msg msg = {
		.type = types[prng_below(random, ARRAY_SIZE(types))],
		.lane = prng_below(random, 4),
		.cookie = prng_next(random),
		.number = 1 + prng_below(random, 200),
		.credit = 1000,
	};

	if (msg.type == VRDMA_MSG_UNBIND) {
		msg.binding = 1 + prng_below(random, 16);
		msg.check = prng_next(random);
	}
	return msg;
}

/* A message at the begin of each packet but the first, if @header comes before the payload. */
static void fill(uint8_t *to, struct prng *random, uint32_t header)
{
	struct vrdma_msg msg;

	for (size_t at = PACKET; at < VRDMA_MSG_MAX; at += PACKET) {
		for (size_t part = 0; part + at < LEN; part += VRDMA_MSG_PAYLOAD) {
			if (part + at + 64 > LEN || at < header)
				continue;
			msg = a_message(random);
			vrdma_msg_build(to + part + at - header, &msg);
		}
	}
}

static int round_trip(struct prng *random, uint64_t n)
{
	uint32_t len = n % 4 ? COPIED : LEN;

	prng_fill(p.a.buf, LEN, prng_next(random));
	fill(p.a.buf, random, vrdma_msg_header(VRDMA_MSG_REQUEST));
	fill(p.a.buf, random, vrdma_msg_header(VRDMA_MSG_RESPONSE));
	EXPECT_EQ(ep_rdma(&p.a, IBV_WR_RDMA_WRITE, 2 * n, 0, len, 0, IBV_SEND_SIGNALED), 0);
	EXPECT_EQ(ep_rdma(&p.a, IBV_WR_RDMA_READ, 2 * n + 1, LEN, len, 0, IBV_SEND_SIGNALED), 0);
	TRY(cq_expect(p.a.scq, 2 * n, IBV_WC_SUCCESS, NULL));
	TRY(cq_expect(p.a.scq, 2 * n + 1, IBV_WC_SUCCESS, NULL));
	EXPECT(!memcmp(p.a.buf, p.a.buf + LEN, len), "other bytes");
	EXPECT(!memcmp(p.a.buf, p.b.buf, len), "other bytes were written");
	return KTAP_PASS;
}

static int lookalikes(void)
{
	struct prng random = { opt.seed };
	struct ep_cfg cfg = { .size = 2 * LEN };

	TRY(pair_make(&p, &cfg, &cfg));
	for (uint64_t n = 0; n < (opt.full ? 500 : 100); n++)
		TRY(round_trip(&random, n));
	EXPECT_EQ(ep_state(&p.a), IBV_QPS_RTS);
	EXPECT_EQ(ep_state(&p.b), IBV_QPS_RTS);
	return KTAP_PASS;
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		{ "payload that looks like messages", lookalikes, 120 },
	};

	options_parse(argc, argv);
	return ktap_run(cases, ARRAY_SIZE(cases), opt.only);
}

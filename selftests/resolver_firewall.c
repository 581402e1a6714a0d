// SPDX-License-Identifier: GPL-2.0
/*
 * RDMA goes where IP goes: a firewall rule between two containers stops a new
 * connection with the native error, and ends an old one within the time that
 * docs/wire.md says; a short cut ends nothing.
 */
#include <stdlib.h>
#include <unistd.h>

#include "lib/verbs_util.h"

/* Three misses: 32 s after the last answer; then the QP's own retries. */
#define LOST_MS		(32000 + 8000 * opt.slow)

/* An answer as old as this is asked for again by a QP that goes to RTR. */
#define FRESH_US	1200000

static struct pair p;

static int run(const char *command)
{
	EXPECT_EQ(system(command), 0);
	return KTAP_PASS;
}

/* In the bridge: the containers know nothing of it. */
static int cut(const char *what)
{
	char command[256];

	TRY(run("nft delete table bridge vrdma 2>/dev/null || true"));	/* of a failed case */
	TRY(run("nft add table bridge vrdma"));
	TRY(run("nft add chain bridge vrdma f '{ type filter hook forward priority 0; }'"));
	snprintf(command, sizeof(command), "nft add rule bridge vrdma f %s counter drop", what);
	return run(command);
}

static int mend(void)
{
	return run("nft delete table bridge vrdma");
}

static enum ibv_wc_status send_one(void)
{
	struct ibv_wc wc = { .status = IBV_WC_GENERAL_ERR };

	ep_recv(&p.b, 1, 4096, 64);
	ep_send(&p.a, 2, 0, 64, IBV_SEND_SIGNALED);
	cq_wait(p.a.scq, &wc, 1, WAIT_MS);
	if (wc.status == IBV_WC_SUCCESS)
		cq_expect(p.b.rcq, 1, IBV_WC_SUCCESS, NULL);
	return wc.status;
}

static int never_connects(const char *rule)
{
	TRY(cut(rule));
	usleep(FRESH_US);
	TRY(pair_make(&p, NULL, NULL));
	EXPECT_EQ(send_one(), IBV_WC_RETRY_EXC_ERR);
	TRY(mend());
	/* The control: the same without the rule. */
	TRY(pair_make(&p, NULL, NULL));
	for (int i = 0; i < 3; i++) {
		if (send_one() == IBV_WC_SUCCESS)
			return KTAP_PASS;
		/* What is lost is not asked again at once. */
		usleep(FRESH_US);
		TRY(pair_make(&p, NULL, NULL));
	}
	EXPECT(0, "does not connect without the rule either");
}

static int near_asks(void)
{
	return never_connects("ip saddr 10.7.0.1 ip daddr 10.7.0.2 udp dport 4793");
}

static int far_asks(void)
{
	return never_connects("ip saddr 10.7.0.2 ip daddr 10.7.0.1 udp dport 4793");
}

/* A rule on the port of RoCE itself stops nothing: nothing goes there. */
static int other_port(void)
{
	TRY(cut("udp dport 4791"));
	TRY(pair_make(&p, NULL, NULL));
	EXPECT_EQ(send_one(), IBV_WC_SUCCESS);
	return mend();
}

/* Send until it fails; the milliseconds that took. */
static int fails_within(uint64_t limit)
{
	uint64_t start = now_ms();
	enum ibv_wc_status status;

	do {
		status = send_one();
		EXPECT(now_ms() - start < limit, "still sends");
		usleep(100000);
	} while (status == IBV_WC_SUCCESS);
	EXPECT_EQ(status, IBV_WC_RETRY_EXC_ERR);
	ktap_msg("ended after %llu ms", (unsigned long long)(now_ms() - start));
	return KTAP_PASS;
}

/* Made again on a route that nobody used meanwhile, which is asked for as often. */
static int ends_old_one(void)
{
	TRY(pair_make(&p, NULL, NULL));
	EXPECT_EQ(send_one(), IBV_WC_SUCCESS);
	TRY(pair_make(&p, NULL, NULL));
	EXPECT_EQ(send_one(), IBV_WC_SUCCESS);
	TRY(cut("ip saddr 10.7.0.1 ip daddr 10.7.0.2 udp dport 4793"));
	TRY(fails_within(LOST_MS));
	return mend();
}

/* One round is missed for sure, three are not. */
static int survives_short_cut(void)
{
	uint64_t end;

	TRY(pair_make(&p, NULL, NULL));
	EXPECT_EQ(send_one(), IBV_WC_SUCCESS);
	TRY(cut("udp dport 4793"));
	for (end = now_ms() + 14000; now_ms() < end; usleep(100000))
		EXPECT_EQ(send_one(), IBV_WC_SUCCESS);
	TRY(mend());
	for (end = now_ms() + (opt.full ? 12000 : 1000); now_ms() < end; usleep(100000))
		EXPECT_EQ(send_one(), IBV_WC_SUCCESS);
	return KTAP_PASS;
}

/* No need to ask: our own end is gone. */
static int own_address_goes(void)
{
	TRY(pair_make(&p, NULL, NULL));
	EXPECT_EQ(send_one(), IBV_WC_SUCCESS);
	TRY(run("ip -n c1 address delete 10.7.0.1/24 dev eth0"));
	return fails_within(8000 * opt.slow);
}

static int own_netdev_goes_down(void)
{
	TRY(pair_make(&p, NULL, NULL));
	EXPECT_EQ(send_one(), IBV_WC_SUCCESS);
	TRY(run("ip -n c1 link set eth0 down"));
	TRY(fails_within(8000 * opt.slow));
	return run("ip -n c1 link set eth0 up");
}

static const struct ktap_case cases[] = {
	{ "no question from the near side, no connection", near_asks },
	{ "no question from the far side, no connection", far_asks },
	{ "the port of RoCE does not matter", other_port },
	{ "an old connection ends", ends_old_one, .seconds = 120 },
	{ "a short cut ends nothing", survives_short_cut, .seconds = 120 },
	{ "with its netdev down it ends at once", own_netdev_goes_down },
	{ "without its own address it ends at once", own_address_goes },
};

int main(int argc, char **argv)
{
	options_parse(argc, argv);
	return ktap_run(cases, ARRAY_SIZE(cases), opt.only);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Two tenants have the same two addresses on bridges of their own, and the same
 * bytes in every GID: each works, and they never meet, even when their QPs name
 * each other.
 */
#include <string.h>

#include "lib/verbs_util.h"

static struct node node[4];	/* near and far of one tenant, near and far of the other */

static int open_tenants(void)
{
	static const char *const other[2] = { "vr3@t1", "vr4@t2" };

	TRY(node_open(&node[0], 0));
	TRY(node_open(&node[1], 1));
	opt.dev[0] = other[0];
	opt.dev[1] = other[1];
	TRY(node_open(&node[2], 0));
	TRY(node_open(&node[3], 1));
	EXPECT(!memcmp(&node[0].gid, &node[2].gid, sizeof(node[0].gid)), "near GIDs differ");
	EXPECT(!memcmp(&node[1].gid, &node[3].gid, sizeof(node[1].gid)), "far GIDs differ");
	return KTAP_PASS;
}

static int both_work(void)
{
	struct ep a[2], b[2];

	TRY(open_tenants());
	for (int t = 0; t < 2; t++) {
		TRY(ep_create(&a[t], &node[2 * t], NULL));
		TRY(ep_create(&b[t], &node[2 * t + 1], NULL));
	}
	for (int t = 0; t < 2; t++)
		TRY(ep_connect(&a[t], &b[t]));
	for (int i = 0; i < 100; i++) {
		for (int t = 0; t < 2; t++) {
			memset(a[t].buf, 2 * i + t, 64);
			EXPECT_EQ(ep_recv(&b[t], i, 4096, 64), 0);
			EXPECT_EQ(ep_send(&a[t], i, 0, 64, IBV_SEND_SIGNALED), 0);
		}
		for (int t = 0; t < 2; t++) {
			TRY(cq_expect(a[t].scq, i, IBV_WC_SUCCESS, NULL));
			TRY(cq_expect(b[t].rcq, i, IBV_WC_SUCCESS, NULL));
			EXPECT_EQ(b[t].buf[4096], (2 * i + t) & 0xff);
			EXPECT_EQ(b[t].buf[4096 + 63], (2 * i + t) & 0xff);
		}
	}
	return KTAP_PASS;
}

/* QPs of two tenants are told each other's number, address and key. */
static int never_meet(void)
{
	struct ep a, b;

	TRY(open_tenants());
	TRY(ep_create(&a, &node[0], NULL));
	TRY(ep_create(&b, &node[3], NULL));
	TRY(ep_connect(&a, &b));
	EXPECT_EQ(ep_recv(&a, 1, 4096, 64), 0);
	EXPECT_EQ(ep_recv(&b, 1, 4096, 64), 0);
	memset(a.buf, 1, 64);
	memset(b.buf, 2, 64);
	EXPECT_EQ(ep_send(&a, 2, 0, 64, IBV_SEND_SIGNALED), 0);
	EXPECT_EQ(ep_rdma(&b, IBV_WR_RDMA_WRITE, 3, 0, 64, 8192, IBV_SEND_SIGNALED), 0);
	TRY(cq_expect(a.scq, 2, IBV_WC_RETRY_EXC_ERR, NULL));
	TRY(cq_expect(b.scq, 3, IBV_WC_RETRY_EXC_ERR, NULL));
	EXPECT_EQ(b.buf[4096], 0);
	EXPECT_EQ(a.buf[8192], 0);
	return KTAP_PASS;
}

/* The control: two QPs of one tenant, connected in the same way. */
static int within_a_tenant(void)
{
	struct ep a, b;

	TRY(open_tenants());
	TRY(ep_create(&a, &node[2], NULL));
	TRY(ep_create(&b, &node[3], NULL));
	TRY(ep_connect(&a, &b));
	EXPECT_EQ(ep_recv(&b, 1, 4096, 64), 0);
	EXPECT_EQ(ep_send(&a, 2, 0, 64, IBV_SEND_SIGNALED), 0);
	TRY(cq_expect(a.scq, 2, IBV_WC_SUCCESS, NULL));
	return cq_expect(b.rcq, 1, IBV_WC_SUCCESS, NULL);
}

static const struct ktap_case cases[] = {
	{ "two tenants with the same addresses work at once", both_work },
	{ "QPs of two tenants that name each other never meet", never_meet },
	{ "QPs of one tenant do", within_a_tenant },
};

int main(int argc, char **argv)
{
	options_parse(argc, argv);
	return ktap_run(cases, ARRAY_SIZE(cases), opt.only);
}

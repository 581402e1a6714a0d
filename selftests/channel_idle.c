// SPDX-License-Identifier: GPL-2.0
/* A connection that is silent for -T seconds, and then works as if it had not been. */
#include <string.h>
#include <unistd.h>

#include "lib/verbs_util.h"

static struct pair p;

static int write_byte(uint8_t byte)
{
	p.a.buf[0] = byte;
	EXPECT_EQ(ep_rdma(&p.a, IBV_WR_RDMA_WRITE, byte, 0, 1, 0, IBV_SEND_SIGNALED), 0);
	TRY(cq_expect(p.a.scq, byte, IBV_WC_SUCCESS, NULL));
	EXPECT_EQ(p.b.buf[0], byte);
	return KTAP_PASS;
}

static int silent(void)
{
	TRY(pair_make(&p, NULL, NULL));
	TRY(write_byte(1));
	sleep(opt.seconds);
	return write_byte(2);
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = { { "a silent connection", silent, 120 } };

	options_parse(argc, argv);
	return ktap_run(cases, ARRAY_SIZE(cases), opt.only);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * A completion's timestamp lies between posting and polling, by the device's clock and by the
 * wall clock, and later ones are not earlier; without being asked for there is none.
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/verbs_util.h"

#define BOTH	(IBV_WC_EX_WITH_COMPLETION_TIMESTAMP | \
		 IBV_WC_EX_WITH_COMPLETION_TIMESTAMP_WALLCLOCK)
/* How much the difference of the clocks may change meanwhile. */
#define DRIFT	1000000

static struct pair p;
static struct ibv_cq_ex *cq;

static int make(uint64_t flags)
{
	struct ibv_cq_init_attr_ex attr = { .cqe = 64, .wc_flags = flags };
	struct ep_cfg cfg = {};

	TRY(pair_open(&p));
	cq = ibv_create_cq_ex(p.node[0].ctx, &attr);
	EXPECT(cq, "create_cq_ex: %s", strerror(errno));
	cfg.scq = ibv_cq_ex_to_cq(cq);
	TRY(ep_create(&p.a, &p.node[0], &cfg));
	TRY(ep_create(&p.b, &p.node[1], NULL));
	return ep_connect(&p.a, &p.b);
}

static uint64_t wall_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* What the device's clock shows, in its own units: one is a nanosecond. */
static int device_ns(uint64_t *ns)
{
	struct ibv_values_ex values = { .comp_mask = IBV_VALUES_MASK_RAW_CLOCK };

	EXPECT_EQ(ibv_query_rt_values_ex(p.node[0].ctx, &values), 0);
	EXPECT(values.comp_mask & IBV_VALUES_MASK_RAW_CLOCK, "no clock");
	*ns = values.raw_clock.tv_sec * 1000000000ULL + values.raw_clock.tv_nsec;
	return KTAP_PASS;
}

static int poll_one(void)
{
	struct ibv_poll_cq_attr attr = {};
	uint64_t end = now_ms() + WAIT_MS;
	int err;

	while ((err = ibv_start_poll(cq, &attr)) == ENOENT)
		EXPECT(now_ms() < end, "no completion");
	EXPECT_EQ(err, 0);
	EXPECT_EQ(cq->status, IBV_WC_SUCCESS);
	return KTAP_PASS;
}

static int between(void)
{
	uint64_t raw[2], wall[2], stamp, last = 0, stamp_wall;

	TRY(make(BOTH));
	for (int n = 0; n < (opt.full ? 1000 : 50); n++) {
		TRY(device_ns(&raw[0]));
		wall[0] = wall_ns();
		EXPECT_EQ(ep_rdma(&p.a, IBV_WR_RDMA_WRITE, n, 0, 64, 0, IBV_SEND_SIGNALED), 0);
		TRY(poll_one());
		usleep(1000);	/* it is that of the completion, not of reading */
		stamp = ibv_wc_read_completion_ts(cq);
		stamp_wall = ibv_wc_read_completion_wallclock_ns(cq);
		TRY(device_ns(&raw[1]));
		wall[1] = wall_ns();
		ibv_end_poll(cq);
		EXPECT(raw[0] <= stamp && stamp + 1000000 <= raw[1] && last <= stamp,
		       "%llu of %llu to %llu", (unsigned long long)stamp,
		       (unsigned long long)raw[0], (unsigned long long)raw[1]);
		EXPECT(wall[0] <= stamp_wall + DRIFT &&
		       stamp_wall + 1000000 <= wall[1] + DRIFT,
		       "%llu of %llu to %llu", (unsigned long long)stamp_wall,
		       (unsigned long long)wall[0], (unsigned long long)wall[1]);
		last = stamp;
	}
	return KTAP_PASS;
}

/* Control: who asks for the bytes' length only gets that. */
static int unasked(void)
{
	TRY(make(IBV_WC_EX_WITH_BYTE_LEN));
	EXPECT(!cq->read_completion_ts && !cq->read_completion_wallclock_ns, "unasked");
	EXPECT_EQ(ep_rdma(&p.a, IBV_WR_RDMA_READ, 1, 0, 64, 0, IBV_SEND_SIGNALED), 0);
	TRY(poll_one());
	EXPECT_EQ(ibv_wc_read_byte_len(cq), 64);
	ibv_end_poll(cq);
	return KTAP_PASS;
}

/* What Ethernet frames have and our messages do not is refused. */
static int refused(void)
{
	struct ibv_cq_init_attr_ex attr = { .cqe = 64, .wc_flags = IBV_WC_EX_WITH_CVLAN };

	TRY(make(BOTH));
	EXPECT(!ibv_create_cq_ex(p.node[0].ctx, &attr), "a queue that tells VLANs");
	EXPECT_EQ(errno, EOPNOTSUPP);
	return KTAP_PASS;
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		{ "between posting and polling", between },
		{ "not asked for", unasked },
		{ "what is refused", refused },
	};

	options_parse(argc, argv);
	return ktap_run(cases, ARRAY_SIZE(cases), opt.only);
}

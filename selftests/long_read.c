// SPDX-License-Identifier: GPL-2.0
/*
 * A READ that takes longer than anybody waits for an answer is not begun again while its
 * data comes: it would never end.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/verbs_util.h"

/* So many bytes of memory are seen again and again in a region of 1 GiB. */
#define PART	(64UL << 20)
#define PARTS	16
/* vrdma waits for 4 s. */
#define LONG_MS	6000

static struct pair p;

static uint8_t *map_again_and_again(void)
{
	int fd = memfd_create("long_read", 0);
	uint8_t *all;
	int i;

	if (fd < 0 || ftruncate(fd, PART))
		return NULL;
	all = mmap(NULL, PARTS * PART, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (all == MAP_FAILED)
		return NULL;
	for (i = 0; i < PARTS; i++)
		if (mmap(all + i * PART, PART, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			 fd, 0) == MAP_FAILED)
			return NULL;
	return all;
}

/* READ the first @parts of @mr; how long that took in @ms. */
static int read_parts(const struct ibv_mr *mr, int parts, uint64_t *ms)
{
	struct ibv_sge sge[PARTS];
	struct ibv_send_wr wr;
	struct ibv_wc wc;
	uint64_t begun;
	int i;

	ep_wr(&p.a, &wr, sge, IBV_WR_RDMA_READ, parts, 0, PART);
	wr.wr.rdma.remote_addr = (uintptr_t)mr->addr;
	wr.wr.rdma.rkey = mr->rkey;
	wr.num_sge = parts;
	for (i = 1; i < parts; i++)
		sge[i] = sge[0];
	memset(p.a.buf, 0, PART);
	begun = now_ms();
	EXPECT_EQ(ep_post(&p.a, &wr), 0);
	EXPECT(cq_wait(p.a.scq, &wc, 1, 10 * WAIT_MS) == 1, "%d MiB do not come", parts * 64);
	EXPECT_EQ(wc.status, IBV_WC_SUCCESS);
	EXPECT(!memcmp(p.a.buf, mr->addr, PART), "other bytes came");
	*ms = now_ms() - begun;
	ktap_msg("%d MiB in %llu ms", parts * 64, (unsigned long long)*ms);
	return KTAP_PASS;
}

static int long_read(void)
{
	struct ep_cfg cfg = { .size = PART, .sge = PARTS };
	uint64_t ms = 0;
	struct ibv_mr *mr;
	uint8_t *all;
	int parts;

	TRY(pair_make(&p, &cfg, NULL));
	all = map_again_and_again();
	EXPECT(all, "no memory");
	prng_fill(all, PART, opt.seed);
	mr = ibv_reg_mr(p.node[1].pd, all, PARTS * PART, IBV_ACCESS_REMOTE_READ);
	EXPECT(mr, "reg_mr of 1 GiB");
	for (parts = 2; parts <= PARTS && ms < LONG_MS; parts *= 2)
		TRY(read_parts(mr, parts, &ms));
	if (ms < LONG_MS)
		return ktap_skip("1 GiB does not take long here");
	return KTAP_PASS;
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		{ "a long READ", long_read },
	};

	options_parse(argc, argv);
	return ktap_run(cases, ARRAY_SIZE(cases), opt.only);
}

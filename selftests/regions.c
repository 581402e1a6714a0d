// SPDX-License-Identifier: GPL-2.0
/*
 * Memory regions over all kinds of memory: at any offset, under another address
 * than their own, of shared and of file memory; what may not be registered is
 * refused as natively; a key that is gone stays gone.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/verbs_util.h"

#define MIB	(1024 * 1024UL)
#define LW	IBV_ACCESS_LOCAL_WRITE
#define RW	IBV_ACCESS_REMOTE_WRITE
#define RR	IBV_ACCESS_REMOTE_READ

static struct pair p;

static void *fresh(size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* WRITE to, then READ back from @addr of the owner by @mr's key; the owner has it at @at. */
static int use(const struct ibv_mr *mr, uint64_t addr, const void *at, uint32_t len)
{
	static uint64_t seed = 1;
	struct ibv_send_wr wr;
	struct ibv_sge sge;

	prng_fill(p.a.buf, len, ++seed);
	ep_wr(&p.a, &wr, &sge, IBV_WR_RDMA_WRITE, 1, 0, len);
	wr.wr.rdma.remote_addr = addr;
	wr.wr.rdma.rkey = mr->rkey;
	EXPECT_EQ(ep_post(&p.a, &wr), 0);
	TRY(cq_expect(p.a.scq, 1, IBV_WC_SUCCESS, NULL));
	EXPECT_EQ(prng_check(at, len, seed), len);
	memset(p.a.buf, 0, len);
	wr.opcode = IBV_WR_RDMA_READ;
	EXPECT_EQ(ep_post(&p.a, &wr), 0);
	TRY(cq_expect(p.a.scq, 1, IBV_WC_SUCCESS, NULL));
	EXPECT_EQ(prng_check(p.a.buf, len, seed), len);
	return KTAP_PASS;
}

static int any_offset(void)
{
	struct prng rng = { .state = opt.seed };
	char *memory = fresh(MIB);

	TRY(pair_make(&p, NULL, NULL));
	for (int i = 0; i < (opt.full ? 2000 : 200); i++) {
		size_t off = prng_below(&rng, MIB / 2), len = 1 + prng_log(&rng, 65536);
		struct ibv_mr *mr = ibv_reg_mr(p.node[1].pd, memory + off, len, LW | RW | RR);

		EXPECT(mr, "%zu bytes at %zu: %s", len, off, strerror(errno));
		TRY(use(mr, (uintptr_t)memory + off, memory + off, len));
		EXPECT_EQ(ibv_dereg_mr(mr), 0);
	}
	return KTAP_PASS;
}

/* Requests name the bytes by the address the region was given, not by its own. */
static int other_address(void)
{
	const uint64_t iovas[] = { 0, 0x123, 0xffffffff00000000ULL, 0x7000000000000000ULL };
	char *memory = fresh(MIB);
	struct ibv_mr *mr;

	TRY(pair_make(&p, NULL, NULL));
	for (size_t i = 0; i < ARRAY_SIZE(iovas); i++) {
		/* natively iova and address share their place in the page */
		uint64_t iova = iovas[i] & ~4095ULL;

		mr = ibv_reg_mr_iova(p.node[1].pd, memory, MIB, iova, LW | RW | RR);
		EXPECT(mr, "iova 0x%llx: %s", (unsigned long long)iova, strerror(errno));
		TRY(use(mr, iova, memory, 4096));
		TRY(use(mr, iova + 777777, memory + 777777, 5000));
		TRY(use(mr, iova + MIB - 1, memory + MIB - 1, 1));
		EXPECT_EQ(ibv_dereg_mr(mr), 0);
	}
	return KTAP_PASS;
}

static int shared_memory(void)
{
	int fd = memfd_create("vrdma", 0);
	struct ibv_mr *mr;
	char *one, *two;

	TRY(pair_make(&p, NULL, NULL));
	EXPECT(fd >= 0 && !ftruncate(fd, MIB), "memfd");
	one = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	two = mmap(NULL, MIB, PROT_READ, MAP_SHARED, fd, 0);
	EXPECT(one != MAP_FAILED && two != MAP_FAILED, "mmap");
	mr = ibv_reg_mr(p.node[1].pd, one, MIB, LW | RW | RR);
	EXPECT(mr, "%s", strerror(errno));
	return use(mr, (uintptr_t)one + 100, two + 100, 60000);
}

/* Registered memory outlives its mapping; the region still names the old pages. */
static int unmapped(void)
{
	char *memory = fresh(MIB), *again;
	struct ibv_send_wr wr;
	struct ibv_mr *mr;
	struct ibv_sge sge;

	TRY(pair_make(&p, NULL, NULL));
	mr = ibv_reg_mr(p.node[1].pd, memory, MIB, LW | RW | RR);
	EXPECT(mr, "%s", strerror(errno));
	munmap(memory, MIB);
	again = mmap(memory, MIB, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	memset(again, 0x33, MIB);
	memset(p.a.buf, 0x44, 4096);
	ep_wr(&p.a, &wr, &sge, IBV_WR_RDMA_WRITE, 1, 0, 4096);
	wr.wr.rdma.remote_addr = (uintptr_t)memory;
	wr.wr.rdma.rkey = mr->rkey;
	EXPECT_EQ(ep_post(&p.a, &wr), 0);
	TRY(cq_expect(p.a.scq, 1, IBV_WC_SUCCESS, NULL));
	for (int i = 0; i < 4096; i++)
		EXPECT(again[i] == 0x33, "byte %d of other memory was written", i);
	EXPECT_EQ(ibv_dereg_mr(mr), 0);
	return KTAP_PASS;
}

static int refused(void)
{
	char *memory = fresh(MIB);
	void *read_only = fresh(4096);
	struct ibv_pd *pd;

	TRY(pair_open(&p));
	pd = p.node[0].pd;
	EXPECT(!ibv_reg_mr(pd, memory, MIB, RW), "remote without local write");
	EXPECT_EQ(errno, EINVAL);
	EXPECT(!ibv_reg_mr(pd, (void *)0x1000, 4096, LW), "not mapped");
	EXPECT_EQ(errno, EFAULT);
	EXPECT(!ibv_reg_mr(pd, (void *)-8192UL, 16384, LW), "wraps");
	EXPECT(!mprotect(read_only, 4096, PROT_READ), "mprotect");
	EXPECT(!ibv_reg_mr(pd, read_only, 4096, LW), "read-only, to be written");
	EXPECT_EQ(errno, EFAULT);
	munmap(memory + MIB / 2, 4096);
	EXPECT(!ibv_reg_mr(pd, memory, MIB, LW), "with a hole");
	EXPECT_EQ(errno, EFAULT);
	EXPECT(ibv_reg_mr(pd, memory, MIB / 2, LW), "control: %s", strerror(errno));
	return KTAP_PASS;
}

/* A key is not given out again soon: a late request must not find other memory. */
static int keys_do_not_return(void)
{
	enum { COUNT = 2000 };
	static uint32_t keys[COUNT];
	char *memory = fresh(4096);
	struct ibv_mr *mr;
	int again = 0;

	TRY(pair_open(&p));
	for (int i = 0; i < COUNT; i++) {
		mr = ibv_reg_mr(p.node[0].pd, memory, 4096, LW);
		EXPECT(mr, "%s", strerror(errno));
		keys[i] = mr->rkey;
		for (int k = 0; k < i; k++)
			again += keys[k] == keys[i];
		EXPECT_EQ(ibv_dereg_mr(mr), 0);
	}
	ktap_msg("%d of %d keys came again", again, COUNT);
	if (node_is_rxe(&p.node[0]))
		return KTAP_PASS;
	EXPECT(again <= 1, "keys are not random");	/* among 2^32, one in 2000 runs */
	return KTAP_PASS;
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		{ "any offset", any_offset },
		{ "another address", other_address },
		{ "shared memory", shared_memory },
		{ "unmapped meanwhile", unmapped },
		{ "refused", refused },
		{ "keys do not return", keys_do_not_return },
	};

	options_parse(argc, argv);
	return ktap_run(cases, ARRAY_SIZE(cases), opt.only);
}

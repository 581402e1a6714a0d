// SPDX-License-Identifier: GPL-2.0
/*
 * Regions registered anew: other memory, other rights, another PD, while traffic runs; what
 * is refused changes nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/keys.h"
#include "lib/verbs_util.h"

#define RR	IBV_ACCESS_REMOTE_READ
#define RW	IBV_ACCESS_REMOTE_WRITE
#define LW	IBV_ACCESS_LOCAL_WRITE
#define TRANS	IBV_REREG_MR_CHANGE_TRANSLATION
#define PD	IBV_REREG_MR_CHANGE_PD
#define ACCESS	IBV_REREG_MR_CHANGE_ACCESS

#define SIZE	(1024 * 1024UL)

static struct pair p;
static uint8_t *old, *new;
static struct ibv_mr *region;	/* over old */

static int setup(void)
{
	struct ep_cfg cfg = { .size = SIZE };

	TRY(pair_make(&p, &cfg, NULL));
	if (node_is_rxe(&p.node[1]))
		return ktap_skip("rxe's provider does not offer it");
	old = aligned_alloc(4096, SIZE);
	new = aligned_alloc(4096, SIZE);
	memset(old, 0, SIZE);
	memset(new, 0, SIZE);
	region = ibv_reg_mr(p.node[1].pd, old, SIZE, LW | RW | RR);
	EXPECT(region, "%s", strerror(errno));
	return KTAP_PASS;
}

static int use_at(const void *at, enum ibv_wr_opcode op, enum ibv_wc_status status)
{
	return key_use(&p.a, op, region->rkey, (uintptr_t)at, 64, status);
}

static int translation(void)
{
	TRY(setup());
	TRY(use_at(old, IBV_WR_RDMA_WRITE, IBV_WC_SUCCESS));
	EXPECT_EQ(ibv_rereg_mr(region, TRANS, NULL, new, 8192, 0), 0);
	EXPECT(region->addr == new && region->length == 8192, "not noted");
	memset(p.a.buf, 0x77, 64);
	TRY(use_at(new + 8192 - 64, IBV_WR_RDMA_WRITE, IBV_WC_SUCCESS));
	EXPECT_EQ(memcmp(new + 8192 - 64, p.a.buf, 64), 0);
	TRY(use_at(new + 8192 - 63, IBV_WR_RDMA_WRITE, IBV_WC_REM_ACCESS_ERR));
	TRY(keys_reconnect(&p));
	TRY(use_at(old, IBV_WR_RDMA_WRITE, IBV_WC_REM_ACCESS_ERR));
	TRY(keys_reconnect(&p));
	/* the old memory is not pinned any more: it can be registered and go */
	free(old);
	EXPECT_EQ(ibv_rereg_mr(region, TRANS | ACCESS, NULL, new, SIZE, RR), 0);
	TRY(use_at(new + SIZE - 64, IBV_WR_RDMA_READ, IBV_WC_SUCCESS));
	return use_at(new, IBV_WR_RDMA_WRITE, IBV_WC_REM_ACCESS_ERR);
}

static int rights(void)
{
	TRY(setup());
	EXPECT_EQ(ibv_rereg_mr(region, ACCESS, NULL, NULL, 0, LW | RR), 0);
	TRY(use_at(old, IBV_WR_RDMA_READ, IBV_WC_SUCCESS));
	TRY(use_at(old, IBV_WR_RDMA_WRITE, IBV_WC_REM_ACCESS_ERR));
	TRY(keys_reconnect(&p));
	EXPECT_EQ(ibv_rereg_mr(region, ACCESS, NULL, NULL, 0, LW | RW), 0);
	TRY(use_at(old, IBV_WR_RDMA_WRITE, IBV_WC_SUCCESS));
	return use_at(old, IBV_WR_RDMA_READ, IBV_WC_REM_ACCESS_ERR);
}

static int domain(void)
{
	struct ibv_pd *other;

	TRY(setup());
	other = ibv_alloc_pd(p.node[1].ctx);
	EXPECT(other, "%s", strerror(errno));
	EXPECT_EQ(ibv_rereg_mr(region, PD, other, NULL, 0, 0), 0);
	TRY(use_at(old, IBV_WR_RDMA_WRITE, IBV_WC_REM_ACCESS_ERR));
	TRY(keys_reconnect(&p));
	EXPECT(ibv_dealloc_pd(other), "the PD of a region went");
	EXPECT_EQ(ibv_rereg_mr(region, PD, p.node[1].pd, NULL, 0, 0), 0);
	EXPECT_EQ(ibv_dealloc_pd(other), 0);
	return use_at(old, IBV_WR_RDMA_WRITE, IBV_WC_SUCCESS);
}

static int refused(void)
{
	struct ibv_mr *plain;
	struct ibv_mw *mw;

	TRY(setup());
	EXPECT(ibv_rereg_mr(region, TRANS, NULL, (void *)4096, 4096, 0), "memory of nobody");
	EXPECT(ibv_rereg_mr(region, TRANS, NULL, (void *)-8192UL, 16384, 0), "a wrap");
	EXPECT(ibv_rereg_mr(region, ACCESS, NULL, NULL, 0, RW), "remote without local write");
	EXPECT(ibv_rereg_mr(region, ACCESS, NULL, NULL, 0, LW | 1 << 13), "an unknown right");
	TRY(use_at(old, IBV_WR_RDMA_WRITE, IBV_WC_SUCCESS));
	plain = ibv_reg_mr(p.node[1].pd, new, SIZE, 0);
	EXPECT(plain, "%s", strerror(errno));
	EXPECT(ibv_rereg_mr(plain, ACCESS, NULL, NULL, 0, LW), "to write to what is read-only");
	EXPECT_EQ(errno, EACCES);
	EXPECT_EQ(ibv_rereg_mr(region, ACCESS, NULL, NULL, 0,
			       LW | RW | RR | IBV_ACCESS_MW_BIND), 0);
	mw = ibv_alloc_mw(p.node[1].pd, IBV_MW_TYPE_2);
	EXPECT(mw, "alloc_mw: %s", strerror(errno));
	TRY(key_bind(&p.b, mw, &(struct ibv_mw_bind_info) {
			.mr = region, .addr = (uintptr_t)old, .length = SIZE,
			.mw_access_flags = RW }, IBV_WC_SUCCESS));
	EXPECT(ibv_rereg_mr(region, ACCESS, NULL, NULL, 0, LW), "with a window bound to it");
	EXPECT_EQ(errno, EINVAL);
	TRY(key_use(&p.a, IBV_WR_RDMA_WRITE, mw->rkey, (uintptr_t)old, 64, IBV_WC_SUCCESS));
	TRY(key_invalidate(&p.b, mw->rkey, IBV_WC_SUCCESS));
	EXPECT_EQ(ibv_rereg_mr(region, ACCESS, NULL, NULL, 0, LW), 0);
	return KTAP_PASS;
}

/* Once it has returned, nobody writes to the memory it led to before. */
static int under_traffic(void)
{
	static uint8_t copy[SIZE];
	int rounds = opt.full ? 60 : 12, cut = 0;
	struct ibv_send_wr wr;
	struct ibv_sge sge;
	struct ibv_wc wc;

	TRY(setup());
	for (int i = 0; i < rounds; i++) {
		EXPECT_EQ(ibv_rereg_mr(region, TRANS, NULL, old, SIZE, 0), 0);
		memset(p.a.buf, i + 1, SIZE);
		memset(new, 0xff, SIZE);
		ep_wr(&p.a, &wr, &sge, IBV_WR_RDMA_WRITE, 1, 0, SIZE);
		wr.wr.rdma.remote_addr = (uintptr_t)old;
		wr.wr.rdma.rkey = region->rkey;
		TRY(keys_post_aside(&p.a, &wr));
		while (*(volatile uint8_t *)old != (uint8_t)(i + 1))
			;
		EXPECT_EQ(ibv_rereg_mr(region, TRANS, NULL, new, SIZE, 0), 0);
		memcpy(copy, old, SIZE);
		TRY(keys_join_aside());
		EXPECT_EQ(cq_wait(p.a.scq, &wc, 1, WAIT_MS), 1);
		EXPECT(!memcmp(copy, old, SIZE), "written after round %d", i);
		EXPECT(wc.status == IBV_WC_SUCCESS || wc.status == IBV_WC_REM_ACCESS_ERR, "%s",
		       ibv_wc_status_str(wc.status));
		for (size_t b = 0; b < SIZE; b++)
			EXPECT(new[b] == 0xff, "byte %zu of the new memory was written", b);
		cut += wc.status != IBV_WC_SUCCESS;
		TRY(keys_reconnect(&p));
		TRY(use_at(new, IBV_WR_RDMA_WRITE, IBV_WC_SUCCESS));
	}
	ktap_msg("%d of %d WRITEs were cut short", cut, rounds);
	return KTAP_PASS;
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		{ "translation", translation },
		{ "rights", rights },
		{ "domain", domain },
		{ "refused", refused },
		{ "under traffic", under_traffic, 120 },
	};

	options_parse(argc, argv);
	return ktap_run(cases, ARRAY_SIZE(cases), opt.only);
}

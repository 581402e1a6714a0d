// SPDX-License-Identifier: GPL-2.0
/*
 * Memory windows: each right and its denial, ranges, who may use one, binding anew and to
 * nothing, invalidation by the owner and by the peer, and what is refused. rxe is the
 * control where it has the same; where it has not, the case says so.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/keys.h"
#include "lib/verbs_util.h"

#define RR	IBV_ACCESS_REMOTE_READ
#define RW	IBV_ACCESS_REMOTE_WRITE
#define RA	IBV_ACCESS_REMOTE_ATOMIC
#define LW	IBV_ACCESS_LOCAL_WRITE
#define MWB	IBV_ACCESS_MW_BIND
#define ZB	IBV_ACCESS_ZERO_BASED

#define SIZE	(1024 * 1024UL)

/*
 * The owner's memory, in a region that no peer may touch but through windows, and a QP of
 * the requester with a buffer as large.
 */
static struct pair p;
static uint8_t *memory;
static struct ibv_mr *region;

static int setup(void)
{
	struct ep_cfg cfg = { .size = SIZE };

	TRY(pair_make(&p, &cfg, NULL));
	if (!(p.node[1].attr.device_cap_flags & IBV_DEVICE_MEM_WINDOW_TYPE_2B))
		return ktap_skip("no memory windows");
	memory = aligned_alloc(4096, SIZE);
	memset(memory, 0, SIZE);
	region = ibv_reg_mr(p.node[1].pd, memory, SIZE, LW | MWB);
	EXPECT(region, "%s", strerror(errno));
	return KTAP_PASS;
}

static bool rxe(void) { return node_is_rxe(&p.node[1]); }

static struct ibv_mw *window(enum ibv_mw_type type)
{
	return ibv_alloc_mw(p.node[1].pd, type);
}

static struct ibv_mw_bind_info part(size_t off, size_t length, unsigned int access)
{
	return (struct ibv_mw_bind_info) {
		.mr = region,
		.addr = (uintptr_t)memory + off,
		.length = length,
		.mw_access_flags = access,
	};
}

/* Bind to what part() says; the owner's QP must be whole. */
static int bind_part(struct ibv_mw *mw, size_t off, size_t length, unsigned int access)
{
	struct ibv_mw_bind_info info = part(off, length, access);

	return key_bind(&p.b, mw, &info, IBV_WC_SUCCESS);
}

/* ------------------------------------------------------------------- rights */

static const struct {
	enum ibv_wr_opcode opcode;
	unsigned int right;
} uses[] = {
	{ IBV_WR_RDMA_READ, RR },
	{ IBV_WR_RDMA_WRITE, RW },
	{ IBV_WR_ATOMIC_FETCH_AND_ADD, RA },
	{ IBV_WR_ATOMIC_CMP_AND_SWP, RA },
};

static int use_rights(struct ibv_mw *mw, unsigned int access)
{
	for (size_t i = 0; i < ARRAY_SIZE(uses); i++) {
		bool may = uses[i].right & access;

		ktap_msg("type %d, rights 0x%x, opcode %d", mw->type, access, uses[i].opcode);
		TRY(key_use(&p.a, uses[i].opcode, mw->rkey, (uintptr_t)memory, 8,
			    may ? IBV_WC_SUCCESS : IBV_WC_REM_ACCESS_ERR));
		if (!may)
			TRY(keys_reconnect(&p));
	}
	return KTAP_PASS;
}

static int each_right(void)
{
	const unsigned int rights[] = { LW, RR, RW | LW, RA, RR | RW | RA };
	const enum ibv_mw_type types[] = { IBV_MW_TYPE_1, IBV_MW_TYPE_2 };

	TRY(setup());
	for (size_t t = 0; t < ARRAY_SIZE(types); t++)
		for (size_t i = 0; i < ARRAY_SIZE(rights); i++) {
			struct ibv_mw *mw = window(types[t]);

			EXPECT(mw, "alloc_mw: %s", strerror(errno));
			TRY(bind_part(mw, 0, SIZE, rights[i]));
			TRY(use_rights(mw, rights[i]));
			EXPECT_EQ(ibv_dealloc_mw(mw), 0);
		}
	return KTAP_PASS;
}

static int range(void)
{
	const size_t off = 12345, length = 54321;
	uint64_t first = 0;
	struct ibv_mw *mw;

	TRY(setup());
	if (rxe())
		return ktap_skip("rxe lets peers at all of the region");
	mw = window(IBV_MW_TYPE_2);
	TRY(bind_part(mw, off, length, RR | RW));
	first = (uintptr_t)memory + off;
	TRY(key_use(&p.a, IBV_WR_RDMA_WRITE, mw->rkey, first, length, IBV_WC_SUCCESS));
	EXPECT_EQ(memcmp(memory + off, p.a.buf, length), 0);
	TRY(key_use(&p.a, IBV_WR_RDMA_READ, mw->rkey, first, 1, IBV_WC_SUCCESS));
	TRY(key_use(&p.a, IBV_WR_RDMA_READ, mw->rkey, first + length - 1, 1, IBV_WC_SUCCESS));
	TRY(key_use(&p.a, IBV_WR_RDMA_READ, mw->rkey, first - 1, 1, IBV_WC_REM_ACCESS_ERR));
	TRY(keys_reconnect(&p));
	TRY(key_use(&p.a, IBV_WR_RDMA_READ, mw->rkey, first + length, 1,
		    IBV_WC_REM_ACCESS_ERR));
	TRY(keys_reconnect(&p));
	memset(memory, 0x11, SIZE);
	memset(p.a.buf, 0x22, SIZE);
	TRY(key_use(&p.a, IBV_WR_RDMA_WRITE, mw->rkey, first, length + 1,
		    IBV_WC_REM_ACCESS_ERR));
	for (size_t i = 0; i < SIZE; i++)
		EXPECT(memory[i] == 0x11, "byte %zu was written", i);
	return KTAP_PASS;
}

static int zero_based(void)
{
	struct ibv_mw_bind_info info;
	struct ibv_mw *mw, *one;

	TRY(setup());
	mw = window(IBV_MW_TYPE_2);
	one = window(IBV_MW_TYPE_1);
	TRY(bind_part(mw, 4321, 1000, RW | ZB));
	memset(p.a.buf, 0x5a, 8);
	TRY(key_use(&p.a, IBV_WR_RDMA_WRITE, mw->rkey, 0, 8, IBV_WC_SUCCESS));
	TRY(key_use(&p.a, IBV_WR_RDMA_WRITE, mw->rkey, 992, 8, IBV_WC_SUCCESS));
	EXPECT_EQ(memcmp(memory + 4321, p.a.buf, 8), 0);
	EXPECT_EQ(memcmp(memory + 4321 + 992, p.a.buf, 8), 0);
	info = part(0, 4096, RW | ZB);
	EXPECT(ibv_bind_mw(p.b.qp, one, &(struct ibv_mw_bind) { .bind_info = info }),
	       "type 1 from zero");
	TRY(key_use(&p.a, IBV_WR_RDMA_WRITE, mw->rkey, rxe() ? SIZE : 993, 8,
		    IBV_WC_REM_ACCESS_ERR));
	return KTAP_PASS;
}

/* Addresses from zero are aligned where the memory is not: a word may end on another page. */
static int zero_based_words(void)
{
	struct ibv_mw *mw;

	TRY(setup());
	if (rxe())
		return ktap_skip("of rxe nothing is asked here");
	mw = window(IBV_MW_TYPE_2);
	TRY(bind_part(mw, 4096 - 8, 16, RA | ZB));
	TRY(key_use(&p.a, IBV_WR_ATOMIC_FETCH_AND_ADD, mw->rkey, 0, 8, IBV_WC_SUCCESS));
	TRY(key_use(&p.a, IBV_WR_ATOMIC_FETCH_AND_ADD, mw->rkey, 8, 8, IBV_WC_SUCCESS));
	mw = window(IBV_MW_TYPE_2);
	TRY(bind_part(mw, 4096 - 4, 16, RA | ZB));
	return key_use(&p.a, IBV_WR_ATOMIC_FETCH_AND_ADD, mw->rkey, 0, 8,
		       IBV_WC_REM_ACCESS_ERR);
}

/* ---------------------------------------------------------------- who may use */

static int of_one_queue_pair(void)
{
	struct ibv_mw *one, *two;
	struct ep a2, b2;

	TRY(setup());
	TRY(ep_create(&a2, &p.node[0], NULL));
	TRY(ep_create(&b2, &p.node[1], NULL));
	TRY(ep_connect(&a2, &b2));
	one = window(IBV_MW_TYPE_1);
	two = window(IBV_MW_TYPE_2);
	TRY(bind_part(one, 0, SIZE, RW));
	TRY(bind_part(two, 0, SIZE, RW));
	TRY(key_use(&p.a, IBV_WR_RDMA_WRITE, two->rkey, (uintptr_t)memory, 8, IBV_WC_SUCCESS));
	TRY(key_use(&a2, IBV_WR_RDMA_WRITE, one->rkey, (uintptr_t)memory, 8, IBV_WC_SUCCESS));
	TRY(key_use(&a2, IBV_WR_RDMA_WRITE, two->rkey, (uintptr_t)memory, 8,
		    IBV_WC_REM_ACCESS_ERR));
	if (rxe())	/* which waits for windows that nobody can invalidate any more */
		return key_invalidate(&p.b, two->rkey, IBV_WC_SUCCESS);
	/* nor by another one that comes after it */
	TRY(bind_part(two = window(IBV_MW_TYPE_2), 0, SIZE, RW));
	ep_destroy(&p.a);
	ep_destroy(&p.b);
	TRY(ep_create(&p.a, &p.node[0], NULL));
	TRY(ep_create(&p.b, &p.node[1], NULL));
	TRY(ep_connect(&p.a, &p.b));
	return key_use(&p.a, IBV_WR_RDMA_WRITE, two->rkey, (uintptr_t)memory, 8,
		       IBV_WC_REM_ACCESS_ERR);
}

static int of_one_domain(void)
{
	struct ibv_pd *other, *pd;
	struct ibv_mw *mw;
	struct ep a2, b2;

	TRY(setup());
	mw = window(IBV_MW_TYPE_1);
	TRY(bind_part(mw, 0, SIZE, RW));
	other = ibv_alloc_pd(p.node[1].ctx);
	EXPECT(other, "alloc_pd: %s", strerror(errno));
	pd = p.node[1].pd;
	p.node[1].pd = other;
	TRY(ep_create(&b2, &p.node[1], NULL));
	p.node[1].pd = pd;
	TRY(ep_create(&a2, &p.node[0], NULL));
	TRY(ep_connect(&a2, &b2));
	return key_use(&a2, IBV_WR_RDMA_WRITE, mw->rkey, (uintptr_t)memory, 8,
		       IBV_WC_REM_ACCESS_ERR);
}

static int not_for_own_requests(void)
{
	struct ibv_send_wr wr;
	struct ibv_sge sge;
	struct ibv_mw *mw;

	TRY(setup());
	mw = window(IBV_MW_TYPE_1);
	TRY(bind_part(mw, 0, SIZE, RR | RW | RA));
	ep_wr(&p.b, &wr, &sge, IBV_WR_RDMA_WRITE, 1, 0, 8);
	sge.addr = (uintptr_t)memory;
	sge.lkey = mw->rkey;
	EXPECT_EQ(ep_post(&p.b, &wr), 0);
	return key_expect(&p.b, 1, IBV_WC_LOC_PROT_ERR, NULL);
}

/* -------------------------------------------------------------------- binding */

enum spoil {
	SPOIL_NOTHING, SPOIL_RIGHT, SPOIL_READ_ONLY, SPOIL_LENGTH, SPOIL_BEFORE, SPOIL_WRAP,
	SPOIL_LKEY, SPOIL_REGION_PD, SPOIL_WINDOW_PD, SPOIL_BOUND, SPOIL_EMPTY, SPOIL_ACCESS,
	SPOIL_RKEY, SPOIL_WINDOW, SPOIL_REGION, SPOIL_TAG,
};

static const struct {
	enum spoil spoil;
	const char *name;
	bool rxe;	/* does the same */
} spoils[] = {
	{ SPOIL_NOTHING, "control: nothing wrong", true },
	{ SPOIL_RIGHT, "a region that does not allow it", true },
	{ SPOIL_READ_ONLY, "to be written, in a region that is not", true },
	{ SPOIL_LENGTH, "a byte too long", true },
	{ SPOIL_BEFORE, "a byte too low", true },
	{ SPOIL_WRAP, "a range that wraps", false },
	{ SPOIL_LKEY, "an lkey with another tag", true },
	{ SPOIL_REGION_PD, "a region of another PD", false },
	{ SPOIL_WINDOW_PD, "a window of another PD", true },
	{ SPOIL_BOUND, "a window that is bound", true },
	{ SPOIL_EMPTY, "to nothing, type 2", true },
	{ SPOIL_ACCESS, "an unknown right", true },
	{ SPOIL_RKEY, "an rkey of another index", false },
	{ SPOIL_WINDOW, "a window that does not exist", true },
	{ SPOIL_REGION, "a region instead of a window", true },
	{ SPOIL_TAG, "a stale rkey, type 1", true },
};

/* The work request for a window that nobody else uses, with one thing wrong. */
static int spoil_bind(enum spoil spoil, struct ibv_send_wr *wr, struct ibv_mw *mw)
{
	static struct ibv_mw fake;
	struct ibv_mw_bind_info *info = &wr->bind_mw.bind_info;
	static struct ibv_mr mr;
	struct ibv_pd *other = ibv_alloc_pd(p.node[1].ctx);

	fake = *mw;
	mr = *region;
	switch (spoil) {
	case SPOIL_RIGHT:
		info->mr = ibv_reg_mr(p.node[1].pd, memory, SIZE, LW | RW);
		break;
	case SPOIL_READ_ONLY:
		info->mr = ibv_reg_mr(p.node[1].pd, memory, SIZE, MWB);
		break;
	case SPOIL_LENGTH: info->length = SIZE + 1; break;
	case SPOIL_BEFORE: info->addr--; break;
	case SPOIL_WRAP: info->length = -4096ULL; info->addr += 8192; break;
	case SPOIL_LKEY: mr.lkey ^= 1; info->mr = &mr; break;
	case SPOIL_REGION_PD: info->mr = ibv_reg_mr(other, memory, SIZE, LW | MWB); break;
	case SPOIL_WINDOW_PD:
		wr->bind_mw.mw = ibv_alloc_mw(other, IBV_MW_TYPE_2);
		EXPECT(wr->bind_mw.mw, "alloc_mw: %s", strerror(errno));
		wr->bind_mw.rkey = ibv_inc_rkey(wr->bind_mw.mw->rkey);
		break;
	case SPOIL_BOUND:
		TRY(bind_part(mw, 0, 4096, RW));
		wr->bind_mw.rkey = ibv_inc_rkey(mw->rkey);
		break;
	case SPOIL_EMPTY: info->length = 0; break;
	case SPOIL_ACCESS: info->mw_access_flags |= 1 << 13; break;
	case SPOIL_RKEY: wr->bind_mw.rkey ^= 0x100; break;
	case SPOIL_WINDOW: fake.rkey ^= 0x5a5a00; wr->bind_mw.mw = &fake; break;
	case SPOIL_REGION:
		fake.rkey = region->rkey;
		wr->bind_mw.mw = &fake;
		wr->bind_mw.rkey = ibv_inc_rkey(region->rkey);
		break;
	case SPOIL_TAG:
		fake = *window(IBV_MW_TYPE_1);
		wr->bind_mw.rkey = ibv_inc_rkey(fake.rkey);
		fake.rkey ^= 0x80;
		wr->bind_mw.mw = &fake;
		break;
	default:
		break;
	}
	EXPECT(info->mr, "reg_mr: %s", strerror(errno));
	return KTAP_PASS;
}

static int bad_bindings(void)
{
	enum ibv_wc_status status;
	struct ibv_send_wr wr;
	struct ibv_mw *mw;

	TRY(setup());
	for (size_t i = 0; i < ARRAY_SIZE(spoils); i++) {
		if (rxe() && !spoils[i].rxe)
			continue;
		mw = window(IBV_MW_TYPE_2);
		EXPECT(mw, "alloc_mw: %s", strerror(errno));
		wr = (struct ibv_send_wr) {
			.wr_id = 7,
			.opcode = IBV_WR_BIND_MW,
			.send_flags = IBV_SEND_SIGNALED,
			.bind_mw = {
				.mw = mw,
				.rkey = ibv_inc_rkey(mw->rkey),
				.bind_info = part(0, SIZE, RR | RW),
			},
		};
		TRY(spoil_bind(spoils[i].spoil, &wr, mw));
		ktap_msg("%s", spoils[i].name);
		status = i ? IBV_WC_MW_BIND_ERR : IBV_WC_SUCCESS;
		EXPECT_EQ(ep_post(&p.b, &wr), 0);
		TRY(key_expect(&p.b, 7, status, NULL));
		EXPECT_EQ(ep_wait_state(&p.b, i ? IBV_QPS_ERR : IBV_QPS_RTS, WAIT_MS),
			  i ? IBV_QPS_ERR : IBV_QPS_RTS);
		if (!i)
			TRY(key_use(&p.a, IBV_WR_RDMA_WRITE, wr.bind_mw.rkey,
				    (uintptr_t)memory, 8, IBV_WC_SUCCESS));
		TRY(keys_reconnect(&p));
	}
	return KTAP_PASS;
}

/* A key of type 1 lives until the next binding. */
static int bound_anew(void)
{
	uint32_t last;
	struct ibv_mw *mw;

	TRY(setup());
	mw = window(IBV_MW_TYPE_1);
	TRY(key_use(&p.a, IBV_WR_RDMA_WRITE, mw->rkey, (uintptr_t)memory, 8,
		    IBV_WC_REM_ACCESS_ERR));
	TRY(keys_reconnect(&p));
	TRY(bind_part(mw, 0, 4096, RW));
	last = mw->rkey;
	TRY(bind_part(mw, 8192, 4096, RW));
	EXPECT(mw->rkey != last, "the same rkey");
	TRY(key_use(&p.a, IBV_WR_RDMA_WRITE, mw->rkey, (uintptr_t)memory + 8192, 8,
		    IBV_WC_SUCCESS));
	TRY(key_use(&p.a, IBV_WR_RDMA_WRITE, last, (uintptr_t)memory, 8,
		    IBV_WC_REM_ACCESS_ERR));
	TRY(keys_reconnect(&p));
	TRY(bind_part(mw, 0, 0, 0));
	TRY(key_use(&p.a, IBV_WR_RDMA_WRITE, mw->rkey, (uintptr_t)memory + 8192, 8,
		    IBV_WC_REM_ACCESS_ERR));
	TRY(keys_reconnect(&p));
	EXPECT_EQ(ibv_dereg_mr(region), 0);
	return KTAP_PASS;
}

static int life(void)
{
	struct ibv_mw_bind_info info;
	struct ibv_mw *mw;
	uint32_t last;

	TRY(setup());
	mw = window(IBV_MW_TYPE_2);
	TRY(bind_part(mw, 0, 4096, RW));
	TRY(key_use(&p.a, IBV_WR_RDMA_WRITE, mw->rkey, (uintptr_t)memory, 8, IBV_WC_SUCCESS));
	last = mw->rkey;
	EXPECT(ibv_dereg_mr(region), "the region of a window went");
	TRY(key_invalidate(&p.b, last, IBV_WC_SUCCESS));
	TRY(key_use(&p.a, IBV_WR_RDMA_WRITE, last, (uintptr_t)memory, 8,
		    IBV_WC_REM_ACCESS_ERR));
	TRY(keys_reconnect(&p));
	if (!rxe())
		mw->rkey ^= 0x80;	/* of type 2 the index counts */
	info = part(4096, 4096, RW);
	TRY(key_bind(&p.b, mw, &info, IBV_WC_SUCCESS));
	EXPECT(mw->rkey != last, "the same rkey");
	TRY(key_use(&p.a, IBV_WR_RDMA_WRITE, mw->rkey, (uintptr_t)memory + 4096, 8,
		    IBV_WC_SUCCESS));
	EXPECT_EQ(ibv_dealloc_mw(mw), 0);
	TRY(key_use(&p.a, IBV_WR_RDMA_WRITE, last + 1, (uintptr_t)memory + 4096, 8,
		    IBV_WC_REM_ACCESS_ERR));
	EXPECT_EQ(ibv_dereg_mr(region), 0);
	return KTAP_PASS;
}

/* ---------------------------------------------------------------- invalidation */

static int bad_invalidations(void)
{
	enum ibv_wc_status status = IBV_WC_MW_BIND_ERR;
	uint32_t keys[6];
	struct ibv_mw *one, *two, *foreign;

	TRY(setup());
	/* the specification has one status for all requests that change keys */
	if (rxe())
		status = IBV_WC_LOC_QP_OP_ERR;
	one = window(IBV_MW_TYPE_1);
	two = window(IBV_MW_TYPE_2);
	foreign = ibv_alloc_mw(ibv_alloc_pd(p.node[1].ctx), IBV_MW_TYPE_2);
	TRY(bind_part(one, 0, 4096, RW));
	TRY(bind_part(two, 0, 4096, RW));
	keys[0] = one->rkey;		/* only the next binding ends it */
	keys[1] = region->lkey;		/* registered by a call */
	keys[2] = two->rkey ^ 0x40;	/* another tag */
	keys[3] = two->rkey ^ 0x4000;	/* nobody's */
	keys[4] = foreign->rkey;	/* bound to nothing, and another PD's */
	keys[5] = 0;
	for (size_t i = 0; i < (rxe() ? 4 : ARRAY_SIZE(keys)); i++) {
		ktap_msg("key %zu", i);
		TRY(key_invalidate(&p.b, keys[i], status));
		EXPECT_EQ(ep_wait_state(&p.b, IBV_QPS_ERR, WAIT_MS), IBV_QPS_ERR);
		TRY(keys_reconnect(&p));
	}
	TRY(key_use(&p.a, IBV_WR_RDMA_WRITE, two->rkey, (uintptr_t)memory, 8, IBV_WC_SUCCESS));
	TRY(key_use(&p.a, IBV_WR_RDMA_WRITE, one->rkey, (uintptr_t)memory, 8, IBV_WC_SUCCESS));
	TRY(key_invalidate(&p.b, two->rkey, IBV_WC_SUCCESS));
	if (!rxe())	/* which takes what is free for bound, and reads what is no pointer */
		TRY(key_invalidate(&p.b, two->rkey, status));
	return KTAP_PASS;
}

/* The receive's completion says which key the peer has invalidated, and it is. */
static int by_the_peer(void)
{
	const uint32_t lengths[] = { 0, 1, 4096, 40000, 300000 };
	struct ibv_send_wr wr;
	struct ibv_sge sge;
	struct ibv_wc wc;
	struct ibv_mw *mw;
	struct ep_cfg cfg = { .size = SIZE };

	TRY(setup());
	ep_destroy(&p.b);
	TRY(ep_create(&p.b, &p.node[1], &cfg));
	EXPECT_EQ(ep_reset(&p.a), 0);
	EXPECT_EQ(ep_init(&p.a), 0);
	TRY(ep_connect(&p.a, &p.b));
	mw = window(IBV_MW_TYPE_2);
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		TRY(bind_part(mw, 0, 4096, RW));
		TRY(key_use(&p.a, IBV_WR_RDMA_WRITE, mw->rkey, (uintptr_t)memory, 8,
			    IBV_WC_SUCCESS));
		prng_fill(p.a.buf, SIZE, i);
		EXPECT_EQ(ep_recv(&p.b, 5, 0, SIZE), 0);
		ep_wr(&p.a, &wr, &sge, IBV_WR_SEND_WITH_INV, 6, 0, lengths[i]);
		wr.invalidate_rkey = mw->rkey;
		EXPECT_EQ(ep_post(&p.a, &wr), 0);
		TRY(cq_expect(p.b.rcq, 5, IBV_WC_SUCCESS, &wc));
		TRY(cq_expect(p.a.scq, 6, IBV_WC_SUCCESS, NULL));
		EXPECT_EQ(wc.byte_len, lengths[i]);
		EXPECT_EQ(wc.opcode, IBV_WC_RECV);
		if (!rxe())	/* which shows the kernel's own bit */
			EXPECT_EQ(wc.wc_flags & (IBV_WC_WITH_INV | IBV_WC_WITH_IMM),
				  IBV_WC_WITH_INV);
		EXPECT_EQ(wc.invalidated_rkey, mw->rkey);
		EXPECT_EQ(prng_check(p.b.buf, lengths[i], i), lengths[i]);
		TRY(key_use(&p.a, IBV_WR_RDMA_WRITE, mw->rkey, (uintptr_t)memory, 8,
			    IBV_WC_REM_ACCESS_ERR));
		TRY(keys_reconnect(&p));
	}
	return KTAP_PASS;
}

/*
 * A peer that names a key that it may not invalidate: its request fails as for any wrong
 * rkey, the receive it took fails too, and both QPs are in error.  (rxe acknowledges the
 * SEND and only then fails the owner's QP.)
 */
static int by_the_peer_wrongly(void)
{
	uint32_t keys[4];
	struct ibv_send_wr wr;
	struct ibv_sge sge;
	struct ibv_mw *one, *two;
	struct ep a2, b2;
	struct ibv_wc wc;

	TRY(setup());
	TRY(ep_create(&a2, &p.node[0], NULL));
	TRY(ep_create(&b2, &p.node[1], NULL));
	TRY(ep_connect(&a2, &b2));
	one = window(IBV_MW_TYPE_1);
	two = window(IBV_MW_TYPE_2);
	TRY(bind_part(one, 0, 4096, RW));
	TRY(key_bind(&b2, two, &(struct ibv_mw_bind_info) {
			.mr = region, .addr = (uintptr_t)memory, .length = 4096,
			.mw_access_flags = RW }, IBV_WC_SUCCESS));
	keys[0] = two->rkey ^ 0x4000;
	keys[1] = region->rkey;
	keys[2] = one->rkey;
	keys[3] = two->rkey;	/* of the other QP */
	for (size_t i = 0; i < (rxe() ? 1 : ARRAY_SIZE(keys)); i++) {
		ktap_msg("key %zu", i);
		EXPECT_EQ(ep_recv(&p.b, 5, 0, 4096), 0);
		ep_wr(&p.a, &wr, &sge, IBV_WR_SEND_WITH_INV, 6, 0, 16);
		wr.invalidate_rkey = keys[i];
		EXPECT_EQ(ep_post(&p.a, &wr), 0);
		TRY(cq_expect(p.b.rcq, 5, IBV_WC_REM_INV_REQ_ERR, NULL));
		EXPECT_EQ(ep_wait_state(&p.b, IBV_QPS_ERR, WAIT_MS), IBV_QPS_ERR);
		EXPECT_EQ(cq_wait(p.a.scq, &wc, 1, WAIT_MS), 1);
		ktap_msg("requester: %s", ibv_wc_status_str(wc.status));
		if (!rxe()) {
			EXPECT_EQ(wc.status, IBV_WC_REM_ACCESS_ERR);
			EXPECT_EQ(ep_wait_state(&p.a, IBV_QPS_ERR, WAIT_MS), IBV_QPS_ERR);
		}
		TRY(keys_reconnect(&p));
	}
	TRY(key_use(&p.a, IBV_WR_RDMA_WRITE, one->rkey, (uintptr_t)memory, 8, IBV_WC_SUCCESS));
	return key_use(&a2, IBV_WR_RDMA_WRITE, two->rkey, (uintptr_t)memory, 8, IBV_WC_SUCCESS);
}

/* Requests that change keys complete in the order of the queue, and take effect there. */
static int in_order(void)
{
	enum { ROUNDS = 8 };
	static const int opcodes[] = {
		IBV_WC_RDMA_WRITE, IBV_WC_BIND_MW, IBV_WC_RDMA_READ, IBV_WC_LOCAL_INV,
	};
	uint64_t expected = 0;
	struct ibv_wc wc[16];
	struct ibv_mw *mw;
	int n, left = ROUNDS * 4;

	TRY(setup());
	mw = window(IBV_MW_TYPE_2);
	for (int i = 0; i < ROUNDS; i++) {
		struct ibv_mw_bind_info info = part(0, 4096, RW);
		uint32_t rkey = ibv_inc_rkey(mw->rkey);

		EXPECT_EQ(ep_rdma(&p.b, IBV_WR_RDMA_WRITE, 4 * i, 0, 8192, 0,
				  IBV_SEND_SIGNALED), 0);
		EXPECT_EQ(key_post_bind(&p.b, 4 * i + 1, mw, rkey, &info), 0);
		EXPECT_EQ(ep_rdma(&p.b, IBV_WR_RDMA_READ, 4 * i + 2, 0, 8192, 0,
				  IBV_SEND_SIGNALED), 0);
		EXPECT_EQ(key_post_invalidate(&p.b, 4 * i + 3, rkey), 0);
		mw->rkey = rkey;
	}
	while (left) {
		n = cq_wait(p.b.scq, wc, 1, WAIT_MS);
		EXPECT_EQ(n, 1);
		EXPECT_EQ(wc[0].status, IBV_WC_SUCCESS);
		EXPECT_EQ(wc[0].wr_id, expected);
		EXPECT_EQ(wc[0].opcode, opcodes[expected % 4]);
		expected++;
		left--;
	}
	return KTAP_PASS;
}

/* ---------------------------------------------------------------- under traffic */

enum how { HOW_INVALIDATE, HOW_DEALLOC, HOW_BIND };

/* The WRITE that is cut short may have failed our QP before the request is complete. */
static int end_window(struct ibv_mw *mw, enum how how)
{
	struct ibv_mw_bind bind = { .send_flags = IBV_SEND_SIGNALED, .bind_info.mr = region };
	struct ibv_wc wc;

	if (how == HOW_DEALLOC) {
		EXPECT_EQ(ibv_dealloc_mw(mw), 0);
		return KTAP_PASS;
	}
	if (how == HOW_INVALIDATE)
		EXPECT_EQ(key_post_invalidate(&p.b, 1, mw->rkey), 0);
	else
		EXPECT_EQ(ibv_bind_mw(p.b.qp, mw, &bind), 0);
	EXPECT_EQ(cq_wait(p.b.scq, &wc, 1, WAIT_MS), 1);
	EXPECT(wc.status == IBV_WC_SUCCESS || wc.status == IBV_WC_WR_FLUSH_ERR, "%s",
	       ibv_wc_status_str(wc.status));
	return KTAP_PASS;
}

/* Once the owner knows that a window is no more, nobody writes to the memory. */
static int under_traffic(void)
{
	static uint8_t copy[SIZE];
	int rounds = opt.full ? 60 : 12, cut = 0;
	struct ibv_send_wr wr;
	struct ibv_sge sge;
	struct ibv_wc wc;
	struct ibv_mw *mw;

	TRY(setup());
	for (int i = 0; i < rounds; i++) {
		enum how how = i % 3;

		mw = window(how == HOW_BIND ? IBV_MW_TYPE_1 : IBV_MW_TYPE_2);
		TRY(bind_part(mw, 0, SIZE, RW));
		memset(p.a.buf, i + 1, SIZE);
		ep_wr(&p.a, &wr, &sge, IBV_WR_RDMA_WRITE, 1, 0, SIZE);
		wr.wr.rdma.remote_addr = (uintptr_t)memory;
		wr.wr.rdma.rkey = mw->rkey;
		TRY(keys_post_aside(&p.a, &wr));
		while (*(volatile uint8_t *)memory != (uint8_t)(i + 1))
			;
		TRY(end_window(mw, how));
		memcpy(copy, memory, SIZE);
		TRY(keys_join_aside());
		EXPECT_EQ(cq_wait(p.a.scq, &wc, 1, WAIT_MS), 1);
		EXPECT(!memcmp(copy, memory, SIZE), "written after round %d, way %d", i, how);
		EXPECT(wc.status == IBV_WC_SUCCESS || wc.status == IBV_WC_REM_ACCESS_ERR, "%s",
		       ibv_wc_status_str(wc.status));
		cut += wc.status != IBV_WC_SUCCESS;
		TRY(keys_reconnect(&p));
		if (how != HOW_DEALLOC)
			EXPECT_EQ(ibv_dealloc_mw(mw), 0);
	}
	ktap_msg("%d of %d WRITEs were cut short", cut, rounds);
	return KTAP_PASS;
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		{ "each right", each_right, 120 },
		{ "range", range },
		{ "zero based", zero_based },
		{ "words of memory that is not aligned", zero_based_words },
		{ "of one queue pair", of_one_queue_pair },
		{ "of one domain", of_one_domain },
		{ "not for own requests", not_for_own_requests },
		{ "bad bindings", bad_bindings, 120 },
		{ "bound anew", bound_anew },
		{ "life", life },
		{ "bad invalidations", bad_invalidations },
		{ "invalidated by the peer", by_the_peer, 120 },
		{ "wrongly by the peer", by_the_peer_wrongly },
		{ "in order", in_order },
		{ "under traffic", under_traffic, 120 },
	};

	options_parse(argc, argv);
	return ktap_run(cases, ARRAY_SIZE(cases), opt.only);
}

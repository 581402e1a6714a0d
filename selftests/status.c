// SPDX-License-Identifier: GPL-2.0
/*
 * Every row of the failure table that one host can show: which completion status
 * each side gets, what becomes of both QPs, which event the owner gets, and that
 * the memory a refused operation named is as it was.  Each refusal has its
 * control: the same request made good goes through.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/verbs_util.h"

#define MARK	0x5c

static struct pair p;

/* Both QPs as if nothing had happened, for the next row of a table. */
static int renew(const struct ep_cfg *acfg, const struct ep_cfg *bcfg)
{
	ep_destroy(&p.a);
	ep_destroy(&p.b);
	TRY(ep_create(&p.a, &p.node[0], acfg));
	TRY(ep_create(&p.b, &p.node[1], bcfg));
	memset(p.b.buf, MARK, p.b.size);
	return ep_connect(&p.a, &p.b);
}

static int check_untouched(const struct ep *ep)
{
	for (size_t i = 0; i < ep->size; i++)
		EXPECT(ep->buf[i] == MARK, "byte %zu of the target was written", i);
	return KTAP_PASS;
}

/* ------------------------------------------------------------- remote access */

/*
 * What a request may do wrong at the owner.  @qp_access, @mr_access: the owner's,
 * 0 for all; @key: added to the rkey; @off, @len: of the target in 64 KiB.
 * IBA 9.7.4.1.5 makes an operation that the QP does not allow an invalid request,
 * and one that the region does not allow an access error.
 */
struct remote_row {
	const char *name;
	enum ibv_wr_opcode op;
	int qp_access, mr_access;
	uint32_t key;
	long off;
	uint32_t len;
	enum ibv_wc_status status;
};

#define LW IBV_ACCESS_LOCAL_WRITE
#define RW IBV_ACCESS_REMOTE_WRITE
#define RR IBV_ACCESS_REMOTE_READ
#define RA IBV_ACCESS_REMOTE_ATOMIC
#define ACCESS IBV_WC_REM_ACCESS_ERR
#define INVALID IBV_WC_REM_INV_REQ_ERR
#define FADD IBV_WR_ATOMIC_FETCH_AND_ADD
#define CSWP IBV_WR_ATOMIC_CMP_AND_SWP

static const struct remote_row remote_rows[] = {
	{ "write, bad tag of the key", IBV_WR_RDMA_WRITE, 0, 0, 1, 0, 64, ACCESS },
	{ "write, bad index of the key", IBV_WR_RDMA_WRITE, 0, 0, 0x7f00, 0, 64, ACCESS },
	{ "write, begins below", IBV_WR_RDMA_WRITE, 0, 0, 0, -1, 64, ACCESS },
	{ "write, ends above", IBV_WR_RDMA_WRITE, 0, 0, 0, 65536 - 63, 64, ACCESS },
	{ "write, begins at the end", IBV_WR_RDMA_WRITE, 0, 0, 0, 65536, 64, ACCESS },
	{ "write, wraps", IBV_WR_RDMA_WRITE, 0, 0, 0, LONG_MIN, 64, ACCESS },
	{ "write, region is read only", IBV_WR_RDMA_WRITE, 0, LW | RR, 0, 0, 64, ACCESS },
	{ "write, QP does not allow it", IBV_WR_RDMA_WRITE, RR, 0, 0, 0, 64, INVALID },
	{ "read, bad key", IBV_WR_RDMA_READ, 0, 0, 1, 0, 64, ACCESS },
	{ "read, ends above", IBV_WR_RDMA_READ, 0, 0, 0, 65536 - 63, 64, ACCESS },
	{ "read, region does not allow it", IBV_WR_RDMA_READ, 0, LW | RW, 0, 0, 64, ACCESS },
	{ "read, QP does not allow it", IBV_WR_RDMA_READ, RW, 0, 0, 0, 64, INVALID },
	{ "fetch-add, bad key", FADD, 0, 0, 1, 0, 8, ACCESS },
	{ "fetch-add, region does not allow it", FADD, 0, LW | RW | RR, 0, 0, 8, ACCESS },
	{ "fetch-add, QP does not allow it", FADD, RW | RR, 0, 0, 0, 8, INVALID },
	{ "compare-swap, ends above", CSWP, 0, 0, 0, 65536, 8, ACCESS },
	{ "compare-swap, misaligned", CSWP, 0, 0, 0, 4, 8, INVALID },
};

static int post_row(const struct remote_row *row, bool good)
{
	struct ibv_send_wr wr;
	struct ibv_sge sge;

	ep_wr(&p.a, &wr, &sge, row->op, 1, 0, row->len);
	if (row->op == FADD || row->op == CSWP) {
		wr.wr.atomic.rkey += good ? 0 : row->key;
		wr.wr.atomic.remote_addr += good ? 0 : row->off;
		wr.wr.atomic.compare_add = 0x0101010101010101ULL * MARK;
	} else {
		wr.wr.rdma.rkey += good ? 0 : row->key;
		wr.wr.rdma.remote_addr += good ? 0 : row->off;
	}
	EXPECT_EQ(ep_post(&p.a, &wr), 0);
	return KTAP_PASS;
}

static int check_row(const struct remote_row *row)
{
	struct ep_cfg bcfg = { .qp_access = row->qp_access, .access = row->mr_access };

	TRY(renew(NULL, &bcfg));
	EXPECT_EQ(ep_recv(&p.b, 77, 0, 64), 0);
	TRY(post_row(row, false));
	EXPECT_EQ(ep_send(&p.a, 2, 0, 64, 0), 0);
	TRY(cq_expect(p.a.scq, 1, row->status, NULL));
	TRY(cq_expect(p.a.scq, 2, IBV_WC_WR_FLUSH_ERR, NULL));
	TRY(check_untouched(&p.b));
	EXPECT_EQ(ep_state(&p.a), IBV_QPS_ERR);
	EXPECT_EQ(ep_wait_state(&p.b, IBV_QPS_ERR, WAIT_MS), IBV_QPS_ERR);
	TRY(cq_expect(p.b.rcq, 77, IBV_WC_WR_FLUSH_ERR, NULL));
	if (!node_is_rxe(&p.node[1]))	/* which is silent */
		TRY(event_expect(p.node[1].ctx, row->status == ACCESS ? IBV_EVENT_QP_ACCESS_ERR :
				 IBV_EVENT_QP_REQ_ERR, p.b.qp));
	/* control */
	TRY(renew(NULL, NULL));
	TRY(post_row(row, true));
	return cq_expect(p.a.scq, 1, IBV_WC_SUCCESS, NULL);
}

static int remote_access(void)
{
	TRY(pair_open(&p));
	for (size_t i = 0; i < ARRAY_SIZE(remote_rows); i++) {
		ktap_msg("%s", remote_rows[i].name);
		TRY(check_row(&remote_rows[i]));
	}
	return KTAP_PASS;
}

/* A key of the owner's process, but of another of its protection domains. */
static int foreign_pd(void)
{
	struct ibv_pd *other;
	struct ibv_send_wr wr;
	struct ibv_sge sge;
	struct ibv_mr *mr;

	TRY(pair_make(&p, NULL, NULL));
	memset(p.b.buf, MARK, p.b.size);
	other = ibv_alloc_pd(p.node[1].ctx);
	EXPECT(other, "alloc_pd");
	mr = ibv_reg_mr(other, p.b.buf, p.b.size, LW | RW);
	EXPECT(mr, "reg_mr");
	ep_wr(&p.a, &wr, &sge, IBV_WR_RDMA_WRITE, 1, 0, 64);
	wr.wr.rdma.rkey = mr->rkey;
	EXPECT_EQ(ep_post(&p.a, &wr), 0);
	TRY(cq_expect(p.a.scq, 1, IBV_WC_REM_ACCESS_ERR, NULL));
	TRY(check_untouched(&p.b));

	/* control: the same memory, in the PD of the QP */
	TRY(renew(NULL, NULL));
	ibv_dereg_mr(mr);
	mr = ibv_reg_mr(p.node[1].pd, p.b.buf, p.b.size, LW | RW);
	EXPECT(mr, "reg_mr");
	ep_wr(&p.a, &wr, &sge, IBV_WR_RDMA_WRITE, 1, 0, 64);
	wr.wr.rdma.rkey = mr->rkey;
	EXPECT_EQ(ep_post(&p.a, &wr), 0);
	TRY(cq_expect(p.a.scq, 1, IBV_WC_SUCCESS, NULL));

	/* and a key that was good a moment ago */
	ibv_dereg_mr(mr);
	memset(p.b.buf, MARK, p.b.size);
	EXPECT_EQ(ep_post(&p.a, &wr), 0);
	TRY(cq_expect(p.a.scq, 1, IBV_WC_REM_ACCESS_ERR, NULL));
	return check_untouched(&p.b);
}

/* IBA C9-88: nothing is accessed, so that nothing is checked. */
static int zero_length(void)
{
	static const enum ibv_wr_opcode ops[] = { IBV_WR_RDMA_WRITE, IBV_WR_RDMA_READ };
	struct ibv_send_wr wr;
	struct ibv_sge sge;

	TRY(pair_make(&p, NULL, NULL));
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		ep_wr(&p.a, &wr, &sge, ops[i], i, 0, 0);
		wr.wr.rdma.rkey = 0xbad;
		wr.wr.rdma.remote_addr = 0x1234567;
		EXPECT_EQ(ep_post(&p.a, &wr), 0);
		TRY(cq_expect(p.a.scq, i, IBV_WC_SUCCESS, NULL));
	}
	EXPECT_EQ(ep_recv(&p.b, 5, 0, 0), 0);
	EXPECT_EQ(ep_send(&p.a, 6, 0, 0, IBV_SEND_SIGNALED), 0);
	TRY(cq_expect(p.a.scq, 6, IBV_WC_SUCCESS, NULL));
	return cq_expect(p.b.rcq, 5, IBV_WC_SUCCESS, NULL);
}

/* ------------------------------------------------------------------- receive */

static int receive_too_small(void)
{
	struct ibv_wc wc;

	TRY(pair_make(&p, NULL, NULL));
	EXPECT_EQ(ep_recv(&p.b, 1, 0, 127), 0);
	EXPECT_EQ(ep_recv(&p.b, 2, 0, 4096), 0);
	EXPECT_EQ(ep_send(&p.a, 11, 0, 128, IBV_SEND_SIGNALED), 0);
	TRY(cq_expect(p.a.scq, 11, IBV_WC_REM_INV_REQ_ERR, NULL));
	if (!node_is_rxe(&p.node[1])) {	/* rxe reports the requester's status here */
		TRY(cq_expect(p.b.rcq, 1, IBV_WC_LOC_LEN_ERR, NULL));
		TRY(cq_expect(p.b.rcq, 2, IBV_WC_WR_FLUSH_ERR, NULL));
	}
	EXPECT_EQ(ep_state(&p.a), IBV_QPS_ERR);
	EXPECT_EQ(ep_wait_state(&p.b, IBV_QPS_ERR, WAIT_MS), IBV_QPS_ERR);

	/* control: exactly large enough */
	TRY(renew(NULL, NULL));
	EXPECT_EQ(ep_recv(&p.b, 1, 0, 128), 0);
	EXPECT_EQ(ep_send(&p.a, 11, 0, 128, IBV_SEND_SIGNALED), 0);
	TRY(cq_expect(p.b.rcq, 1, IBV_WC_SUCCESS, &wc));
	EXPECT_EQ(wc.byte_len, 128);
	return cq_expect(p.a.scq, 11, IBV_WC_SUCCESS, NULL);
}

/* The receive names memory it may not use: the owner's fault (IBA table 59). */
static int receive_bad_memory(void)
{
	struct ibv_recv_wr *bad, wr = { .num_sge = 1 };
	struct ibv_sge sge = { .length = 64 };
	int i;

	TRY(pair_open(&p));
	for (i = 0; i < 3; i++) {
		struct ep_cfg bcfg = { .access = i == 2 ? IBV_ACCESS_REMOTE_READ : 0 };

		TRY(renew(NULL, &bcfg));
		sge.addr = (uintptr_t)p.b.buf + (i == 1 ? p.b.size - 63 : 0);
		sge.lkey = p.b.mr->lkey + (i == 0);
		wr.wr_id = 1;
		wr.sg_list = &sge;
		EXPECT_EQ(ibv_post_recv(p.b.qp, &wr, &bad), 0);
		EXPECT_EQ(ep_send(&p.a, 11, 0, 64, IBV_SEND_SIGNALED), 0);
		if (!node_is_rxe(&p.node[1]))
			TRY(cq_expect(p.b.rcq, 1, IBV_WC_LOC_PROT_ERR, NULL));
		if (!node_is_rxe(&p.node[1]))
			TRY(cq_expect(p.a.scq, 11, IBV_WC_REM_OP_ERR, NULL));
		EXPECT_EQ(ep_wait_state(&p.a, IBV_QPS_ERR, WAIT_MS), IBV_QPS_ERR);
		EXPECT_EQ(ep_wait_state(&p.b, IBV_QPS_ERR, WAIT_MS), IBV_QPS_ERR);
		TRY(check_untouched(&p.b));
	}
	return KTAP_PASS;
}

/* --------------------------------------------------------------------- local */

struct local_row {
	const char *name;
	enum ibv_wr_opcode op;
	int access;
	uint32_t key;
	long off;
};

static const struct local_row local_rows[] = {
	{ "send, bad key", IBV_WR_SEND, 0, 1, 0 },
	{ "send, below", IBV_WR_SEND, 0, 0, -1 },
	{ "send, above", IBV_WR_SEND, 0, 0, 65536 - 63 },
	{ "write, bad key", IBV_WR_RDMA_WRITE, 0, 0x100, 0 },
	{ "write, wraps", IBV_WR_RDMA_WRITE, 0, 0, LONG_MIN },
	{ "read into read-only memory", IBV_WR_RDMA_READ, IBV_ACCESS_REMOTE_READ, 0, 0 },
	{ "read, above", IBV_WR_RDMA_READ, 0, 0, 65536 - 63 },
	{ "fetch-add into read-only memory", FADD, IBV_ACCESS_REMOTE_READ, 0, 0 },
};

static int check_local(const struct local_row *row)
{
	struct ep_cfg acfg = { .access = row->access };
	struct ibv_send_wr wr;
	struct ibv_sge sge;

	TRY(renew(&acfg, NULL));
	EXPECT_EQ(ep_recv(&p.b, 1, 0, 64), 0);
	ep_wr(&p.a, &wr, &sge, row->op, 5, 0, row->op == FADD ? 8 : 64);
	sge.addr += row->off;
	sge.lkey += row->key;
	EXPECT_EQ(ep_post(&p.a, &wr), 0);
	EXPECT_EQ(ep_send(&p.a, 6, 0, 64, 0), 0);
	TRY(cq_expect(p.a.scq, 5, IBV_WC_LOC_PROT_ERR, NULL));
	TRY(cq_expect(p.a.scq, 6, IBV_WC_WR_FLUSH_ERR, NULL));
	EXPECT_EQ(ep_state(&p.a), IBV_QPS_ERR);
	if (row->op == IBV_WR_SEND || row->op == IBV_WR_RDMA_WRITE)
		TRY(check_untouched(&p.b));
	/* nothing of it was the owner's concern */
	TRY(cq_expect_none(p.b.rcq, 20));
	EXPECT_EQ(ep_state(&p.b), IBV_QPS_RTS);
	return KTAP_PASS;
}

static int local_protection(void)
{
	TRY(pair_open(&p));
	for (size_t i = 0; i < ARRAY_SIZE(local_rows); i++) {
		ktap_msg("%s", local_rows[i].name);
		TRY(check_local(&local_rows[i]));
	}
	return KTAP_PASS;
}

/* What does not fit the QP's type: refused at once, or completed in error. */
static int check_refused(struct ep *ep, struct ibv_send_wr *wr, enum ibv_wc_status status)
{
	enum ibv_qp_state state = ep->cfg.type == IBV_QPT_RC ? IBV_QPS_ERR : IBV_QPS_SQE;

	if (ep_post(ep, wr))
		return KTAP_PASS;
	TRY(cq_expect(ep->scq, wr->wr_id, status, NULL));
	EXPECT_EQ(ep_state(ep), state);
	return KTAP_PASS;
}

static int wrong_operation(void)
{
	struct ep_cfg uc = { .type = IBV_QPT_UC }, ud = { .type = IBV_QPT_UD };
	struct ibv_send_wr wr;
	struct ibv_sge sge;

	TRY(pair_make(&p, &uc, &uc));
	if (node_is_rxe(&p.node[0]))
		return ktap_skip("rxe completes it with another status");
	ep_wr(&p.a, &wr, &sge, IBV_WR_RDMA_READ, 1, 0, 64);
	TRY(check_refused(&p.a, &wr, IBV_WC_LOC_QP_OP_ERR));
	TRY(renew(&uc, &uc));
	ep_wr(&p.a, &wr, &sge, FADD, 1, 0, 8);
	TRY(check_refused(&p.a, &wr, IBV_WC_LOC_QP_OP_ERR));
	TRY(renew(&ud, &ud));
	ep_wr(&p.a, &wr, &sge, IBV_WR_RDMA_WRITE, 1, 0, 64);
	TRY(check_refused(&p.a, &wr, IBV_WC_LOC_QP_OP_ERR));
	return KTAP_PASS;
}

/* IBA 11.4.1.1: a datagram must fit the MTU, an atomic is eight bytes. */
static int wrong_length(void)
{
	struct ep_cfg ud = { .type = IBV_QPT_UD };
	struct ibv_send_wr wr;
	struct ibv_sge sge;

	TRY(pair_make(&p, &ud, &ud));
	if (node_is_rxe(&p.node[0]))
		return ktap_skip("rxe completes it with another status");
	ep_wr(&p.a, &wr, &sge, IBV_WR_SEND, 1, 0, (128 << p.node[0].port.active_mtu) + 1);
	TRY(check_refused(&p.a, &wr, IBV_WC_LOC_LEN_ERR));
	TRY(renew(NULL, NULL));
	ep_wr(&p.a, &wr, &sge, FADD, 1, 0, 8);
	sge.length = 4;
	TRY(check_refused(&p.a, &wr, IBV_WC_LOC_LEN_ERR));
	return KTAP_PASS;
}

/* --------------------------------------------------------------- no receiver */

static const struct ep_cfg impatient = {
	.timers = true, .timeout = 14, .retry_cnt = 3, .rnr_retry = 2, .min_rnr_timer = 20,
};

static const struct ep_cfg patient = {
	.timers = true, .timeout = 18, .retry_cnt = 7, .rnr_retry = 7,
};

static int check_works(void)
{
	EXPECT_EQ(ep_rdma(&p.a, IBV_WR_RDMA_WRITE, 7, 0, 64, 0, IBV_SEND_SIGNALED), 0);
	return cq_expect(p.a.scq, 7, IBV_WC_SUCCESS, NULL);
}

/*
 * A pair with short timers that has been seen to deliver.  The first operation also waits until
 * both have found each other: a machine that is slower than the timers then is no failure.
 */
static int make_impatient(void)
{
	struct ibv_wc wc;

	TRY(pair_open(&p));
	TRY(renew(&patient, &patient));
	TRY(check_works());
	for (int tries = 0; tries < 5; tries++) {
		TRY(renew(&impatient, &impatient));
		EXPECT_EQ(ep_rdma(&p.a, IBV_WR_RDMA_WRITE, 7, 0, 64, 0, IBV_SEND_SIGNALED), 0);
		EXPECT(cq_wait(p.a.scq, &wc, 1, WAIT_MS) == 1, "no completion");
		if (wc.status != IBV_WC_RETRY_EXC_ERR)
			break;
	}
	EXPECT_EQ(wc.status, IBV_WC_SUCCESS);
	return KTAP_PASS;
}

/* rnr_retry 2 and a timer of 10.24 ms (code 20): refused three times, two waits. */
static int rnr_retry_exceeded(void)
{
	uint64_t start, took;

	TRY(make_impatient());
	start = now_us();
	EXPECT_EQ(ep_send(&p.a, 1, 0, 64, IBV_SEND_SIGNALED), 0);
	EXPECT_EQ(ep_send(&p.a, 2, 0, 64, 0), 0);
	TRY(cq_expect(p.a.scq, 1, IBV_WC_RNR_RETRY_EXC_ERR, NULL));
	took = now_us() - start;
	TRY(cq_expect(p.a.scq, 2, IBV_WC_WR_FLUSH_ERR, NULL));
	EXPECT(took >= 20000, "after %llu us, want 2 x 10 ms", (unsigned long long)took);
	EXPECT(took < 10000000, "after %llu us", (unsigned long long)took);
	EXPECT_EQ(ep_state(&p.a), IBV_QPS_ERR);
	EXPECT_EQ(ep_state(&p.b), IBV_QPS_RTS);	/* it never was its fault */
	/* control */
	TRY(renew(&impatient, &impatient));
	EXPECT_EQ(ep_recv(&p.b, 9, 0, 64), 0);
	EXPECT_EQ(ep_send(&p.a, 1, 0, 64, IBV_SEND_SIGNALED), 0);
	return cq_expect(p.a.scq, 1, IBV_WC_SUCCESS, NULL);
}

/* 4.096 us * 2^14 = 67 ms, four times; the specification allows up to four of them each. */
static int check_retry_exceeded(void)
{
	uint64_t start = now_us(), took;

	EXPECT_EQ(ep_rdma(&p.a, IBV_WR_RDMA_WRITE, 1, 0, 64, 0, IBV_SEND_SIGNALED), 0);
	EXPECT_EQ(ep_send(&p.a, 2, 0, 64, 0), 0);
	TRY(cq_expect(p.a.scq, 1, IBV_WC_RETRY_EXC_ERR, NULL));
	TRY(cq_expect(p.a.scq, 2, IBV_WC_WR_FLUSH_ERR, NULL));
	took = now_us() - start;
	EXPECT(took >= 4 * 67000, "after %llu us", (unsigned long long)took);
	EXPECT(took < 10000000, "after %llu us", (unsigned long long)took);
	EXPECT_EQ(ep_state(&p.a), IBV_QPS_ERR);
	return KTAP_PASS;
}

static int far_destroyed(void)
{
	TRY(make_impatient());
	EXPECT_EQ(ibv_destroy_qp(p.b.qp), 0);
	p.b.qp = NULL;
	return check_retry_exceeded();
}

static int far_in_error(void)
{
	TRY(make_impatient());
	EXPECT_EQ(ep_error(&p.b), 0);
	return check_retry_exceeded();
}

static int far_reset(void)
{
	TRY(make_impatient());
	EXPECT_EQ(ep_reset(&p.b), 0);
	return check_retry_exceeded();
}

/* The far QP is there but still in INIT; and control: it comes to RTR just in time. */
static int far_not_ready(void)
{
	TRY(pair_open(&p));
	TRY(ep_create(&p.a, &p.node[0], &impatient));
	TRY(ep_create(&p.b, &p.node[1], &impatient));
	ep_addr(&p.b, &p.a.far);
	EXPECT_EQ(ep_rtr(&p.a), 0);
	EXPECT_EQ(ep_rts(&p.a), 0);
	TRY(check_retry_exceeded());

	ep_destroy(&p.a);
	TRY(ep_create(&p.a, &p.node[0], &patient));
	ep_addr(&p.b, &p.a.far);
	ep_addr(&p.a, &p.b.far);
	EXPECT_EQ(ep_rtr(&p.a), 0);
	EXPECT_EQ(ep_rts(&p.a), 0);
	EXPECT_EQ(ep_rdma(&p.a, IBV_WR_RDMA_WRITE, 7, 0, 64, 0, IBV_SEND_SIGNALED), 0);
	TRY(cq_expect_none(p.a.scq, 100));
	EXPECT_EQ(ep_rtr(&p.b), 0);
	return cq_expect(p.a.scq, 7, IBV_WC_SUCCESS, NULL);
}

/* A number nobody has; and one whose QP names somebody else as its partner. */
static int far_never_there(void)
{
	struct ep c;

	TRY(make_impatient());
	ep_destroy(&p.a);
	TRY(ep_create(&p.a, &p.node[0], &impatient));
	ep_addr(&p.b, &p.a.far);
	p.a.far.qpn = 0xfffff0;
	EXPECT_EQ(ep_rtr(&p.a), 0);
	EXPECT_EQ(ep_rts(&p.a), 0);
	TRY(check_retry_exceeded());

	TRY(renew(&impatient, &impatient));
	TRY(ep_create(&c, &p.node[0], &impatient));
	ep_addr(&p.b, &c.far);	/* b is connected to a */
	if (node_is_rxe(&p.node[0]))
		return ktap_skip("rxe accepts any sender from the right address");
	EXPECT_EQ(ep_rtr(&c), 0);
	EXPECT_EQ(ep_rts(&c), 0);
	EXPECT_EQ(ep_rdma(&c, IBV_WR_RDMA_WRITE, 1, 0, 64, 0, IBV_SEND_SIGNALED), 0);
	TRY(cq_expect(c.scq, 1, IBV_WC_RETRY_EXC_ERR, NULL));
	TRY(check_untouched(&p.b));
	return check_works();
}

/* The process of the far side is killed. Its half of the connection goes through a pipe. */
static int far_killed(void)
{
	struct ep_addr addr;
	int down[2], up[2];
	char byte = 0;
	pid_t pid;

	EXPECT(!pipe(down) && !pipe(up), "pipe");
	pid = fork();
	if (!pid) {
		if (node_open(&p.node[1], 1) || ep_create(&p.b, &p.node[1], NULL))
			_exit(1);
		ep_addr(&p.b, &addr);
		if (write(up[1], &addr, sizeof(addr)) != sizeof(addr) ||
		    read(down[0], &p.b.far, sizeof(p.b.far)) != sizeof(p.b.far) ||
		    ep_rtr(&p.b) || ep_rts(&p.b) || write(up[1], &byte, 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	close(up[1]);
	TRY(node_open(&p.node[0], 0));
	TRY(ep_create(&p.a, &p.node[0], NULL));
	EXPECT(read(up[0], &p.a.far, sizeof(addr)) == sizeof(addr), "no far side");
	ep_addr(&p.a, &addr);
	EXPECT(write(down[1], &addr, sizeof(addr)) == sizeof(addr), "pipe");
	EXPECT_EQ(ep_rtr(&p.a), 0);
	EXPECT_EQ(ep_rts(&p.a), 0);
	EXPECT(read(up[0], &byte, 1) == 1, "far side failed");
	TRY(check_works());
	kill(pid, SIGKILL);
	EXPECT(waitpid(pid, NULL, 0) == pid, "waitpid");
	return check_retry_exceeded();
}

/* ---------------------------------------------------------------- UC and UD */

/* What is wrong at the far side of a UC connection is never the sender's concern. */
static int uc_silent(void)
{
	struct ep_cfg uc = { .type = IBV_QPT_UC };
	struct ibv_send_wr wr;
	struct ibv_sge sge;
	struct ibv_wc wc;

	TRY(pair_open(&p));
	TRY(renew(&uc, &uc));
	ep_wr(&p.a, &wr, &sge, IBV_WR_RDMA_WRITE, 1, 0, 64);
	wr.wr.rdma.rkey++;
	EXPECT_EQ(ep_post(&p.a, &wr), 0);
	TRY(cq_expect(p.a.scq, 1, IBV_WC_SUCCESS, NULL));
	EXPECT_EQ(ep_send(&p.a, 2, 0, 64, IBV_SEND_SIGNALED), 0);	/* no receive there */
	TRY(cq_expect(p.a.scq, 2, IBV_WC_SUCCESS, NULL));
	usleep(20000);
	TRY(check_untouched(&p.b));
	EXPECT_EQ(ep_state(&p.a), IBV_QPS_RTS);
	if (node_is_rxe(&p.node[1]))	/* whose owner goes to error for the key */
		return KTAP_PASS;
	EXPECT_EQ(ep_state(&p.b), IBV_QPS_RTS);

	/* control, and what was dropped stays dropped */
	EXPECT_EQ(ep_recv(&p.b, 9, 0, 64), 0);
	TRY(cq_expect_none(p.b.rcq, 20));
	p.a.buf[0] = 0x77;
	EXPECT_EQ(ep_send(&p.a, 3, 0, 64, IBV_SEND_SIGNALED), 0);
	TRY(cq_expect(p.b.rcq, 9, IBV_WC_SUCCESS, &wc));
	EXPECT_EQ(p.b.buf[0], 0x77);
	TRY(cq_expect(p.a.scq, 3, IBV_WC_SUCCESS, NULL));

	EXPECT_EQ(ibv_destroy_qp(p.b.qp), 0);
	p.b.qp = NULL;
	EXPECT_EQ(ep_send(&p.a, 4, 0, 64, IBV_SEND_SIGNALED), 0);
	return cq_expect(p.a.scq, 4, IBV_WC_SUCCESS, NULL);
}

static int ud_send(uint64_t wr_id, uint32_t qkey, uint32_t qpn)
{
	struct ibv_send_wr wr;
	struct ibv_sge sge;

	ep_wr(&p.a, &wr, &sge, IBV_WR_SEND, wr_id, 0, 64);
	wr.wr.ud.remote_qkey = qkey;
	wr.wr.ud.remote_qpn = qpn;
	EXPECT_EQ(ep_post(&p.a, &wr), 0);
	return cq_expect(p.a.scq, wr_id, IBV_WC_SUCCESS, NULL);
}

/* Wrong Q_Key, no such QP, no receive, receive too small: dropped, and no error. */
static int ud_silent(void)
{
	struct ep_cfg ud = { .type = IBV_QPT_UD };
	struct ibv_wc wc;

	TRY(pair_make(&p, &ud, &ud));
	TRY(ud_send(1, EP_QKEY, p.b.qp->qp_num));	/* no receive there */
	usleep(20000);
	EXPECT_EQ(ep_recv(&p.b, 9, 0, 128), 0);
	TRY(ud_send(2, EP_QKEY + 1, p.b.qp->qp_num));
	TRY(ud_send(3, EP_QKEY, 0xfffff0));
	TRY(ud_send(3, EP_QKEY, 0x1000000 | p.b.qp->qp_num));	/* 24 bits are all there are */
	TRY(cq_expect_none(p.b.rcq, 100));
	/* control; a Q_Key with the high bit means the QP's own (IBA 10.2.5) */
	TRY(ud_send(4, EP_QKEY, p.b.qp->qp_num));
	TRY(cq_expect(p.b.rcq, 9, IBV_WC_SUCCESS, &wc));
	EXPECT_EQ(wc.byte_len, 64 + 40);
	EXPECT_EQ(wc.src_qp, p.a.qp->qp_num);
	EXPECT_EQ(ep_recv(&p.b, 10, 0, 128), 0);
	TRY(ud_send(5, 0x80000000, p.b.qp->qp_num));
	TRY(cq_expect(p.b.rcq, 10, IBV_WC_SUCCESS, NULL));
	EXPECT_EQ(ep_state(&p.a), IBV_QPS_RTS);
	EXPECT_EQ(ep_state(&p.b), IBV_QPS_RTS);
	return KTAP_PASS;
}

/* A datagram too long for a receive of an SRQ leaves it there, for whom it is long enough. */
static int ud_too_long(void)
{
	struct ibv_srq_init_attr init = { .attr = { .max_wr = 4, .max_sge = 1 } };
	struct ep_cfg ud = { .type = IBV_QPT_UD }, shared = ud;
	struct ep other;

	TRY(pair_open(&p));
	if (node_is_rxe(&p.node[1]))	/* completes it with an error (IBA 9.9.3, class E) */
		return KTAP_SKIP;
	shared.srq = ibv_create_srq(p.node[1].pd, &init);
	EXPECT(shared.srq, "create_srq: %s", strerror(errno));
	TRY(renew(&ud, &shared));
	TRY(ep_create(&other, &p.node[1], &shared));
	EXPECT_EQ(ep_rtr(&other), 0);
	for (int reset = 0; reset < 2; reset++) {
		p.a.far.qpn = p.b.qp->qp_num;
		EXPECT_EQ(ep_recv(&p.b, reset, 0, 40 + 63), 0);
		EXPECT_EQ(ep_send(&p.a, 1, 0, 64, IBV_SEND_SIGNALED), 0);
		TRY(cq_expect(p.a.scq, 1, IBV_WC_SUCCESS, NULL));
		TRY(cq_expect_none(p.b.rcq, 100));
		EXPECT_EQ(ep_state(&p.b), IBV_QPS_RTS);
		if (reset)
			EXPECT_EQ(ep_reset(&p.b), 0);
		p.a.far.qpn = other.qp->qp_num;
		EXPECT_EQ(ep_send(&p.a, 2, 0, 63, IBV_SEND_SIGNALED), 0);
		TRY(cq_expect(p.a.scq, 2, IBV_WC_SUCCESS, NULL));
		TRY(cq_expect(other.rcq, reset, IBV_WC_SUCCESS, NULL));
	}
	ep_destroy(&other);
	ep_destroy(&p.b);
	EXPECT_EQ(ibv_destroy_srq(shared.srq), 0);
	return KTAP_PASS;
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		{ "remote access", remote_access },
		{ "key of another PD, key of the past", foreign_pd },
		{ "zero length needs no key", zero_length },
		{ "receive too small", receive_too_small },
		{ "receive into bad memory", receive_bad_memory },
		{ "local protection", local_protection },
		{ "operation the QP type has not", wrong_operation },
		{ "length the operation has not", wrong_length },
		{ "no receive", rnr_retry_exceeded },
		{ "far QP destroyed", far_destroyed },
		{ "far QP in error", far_in_error },
		{ "far QP reset", far_reset },
		{ "far QP not ready", far_not_ready },
		{ "far QP never there or not ours", far_never_there },
		{ "far process killed", far_killed },
		{ "uc drops in silence", uc_silent },
		{ "ud drops in silence", ud_silent },
		{ "ud leaves a receive that is too small", ud_too_long },
	};

	options_parse(argc, argv);
	return ktap_run(cases, ARRAY_SIZE(cases), opt.only);
}

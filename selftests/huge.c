// SPDX-License-Identifier: GPL-2.0
/*
 * Nobody waits for a stranger's gigabyte: while 1 GiB is being copied, posting
 * returns, either QP or region can be destroyed, and either process killed, in
 * bounded time, and the other side gets a status.  The message is made of few
 * pages, named again and again by its scatter/gather lists.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/verbs_util.h"

#define SGES	16
#define PART	(64UL << 20)	/* SGES of them are 1 GiB */
/* For what must not wait for the copy; the machine is slow. */
#define SOON_MS	(3000 * opt.slow)

static struct pair p;

static void name_gib(struct ep *ep, struct ibv_sge *sge)
{
	for (int i = 0; i < SGES; i++)
		sge[i] = (struct ibv_sge) {
			.addr = (uintptr_t)ep->buf, .length = PART, .lkey = ep->mr->lkey,
		};
}

static int make(void)
{
	struct ep_cfg cfg = {
		.size = PART, .sge = SGES, .timers = true, .timeout = 16, .retry_cnt = 3,
	};

	TRY(pair_make(&p, &cfg, &cfg));
	prng_fill(p.a.buf, PART, opt.seed);
	return KTAP_PASS;
}

/* 1 GiB is under way; posting did not wait for it. */
static int start(void)
{
	struct ibv_recv_wr *bad_recv, recv = { .wr_id = 2, .num_sge = SGES };
	struct ibv_sge from[SGES], to[SGES];
	struct ibv_send_wr wr;
	uint64_t begun;

	name_gib(&p.a, from);
	name_gib(&p.b, to);
	recv.sg_list = to;
	EXPECT_EQ(ibv_post_recv(p.b.qp, &recv, &bad_recv), 0);
	ep_wr(&p.a, &wr, from, IBV_WR_SEND, 1, 0, PART);
	name_gib(&p.a, from);
	wr.num_sge = SGES;
	begun = now_ms();
	EXPECT_EQ(ep_post(&p.a, &wr), 0);
	EXPECT(now_ms() - begun < SOON_MS, "posting took %llu ms",
	       (unsigned long long)(now_ms() - begun));
	usleep(5000);
	return KTAP_PASS;
}

/* For a control: the copy was not over when we stepped in. */
static int still_runs(void)
{
	struct ibv_wc wc;

	EXPECT(!cq_wait(p.a.scq, &wc, 1, 0), "1 GiB was copied before we came");
	return KTAP_PASS;
}

static int expect_status(struct ibv_cq *cq, enum ibv_wc_status one, enum ibv_wc_status other)
{
	struct ibv_wc wc;

	EXPECT(cq_wait(cq, &wc, 1, WAIT_MS) == 1, "no completion");
	EXPECT(wc.status == one || wc.status == other, "%s", ibv_wc_status_str(wc.status));
	return KTAP_PASS;
}

#define SOON(call)							\
	do {								\
		uint64_t begun_ = now_ms();				\
									\
		TRY(still_runs());					\
		EXPECT_EQ(call, 0);					\
		EXPECT(now_ms() - begun_ < SOON_MS, #call " took %llu ms", \
		       (unsigned long long)(now_ms() - begun_));	\
	} while (0)

static int whole(void)
{
	struct ibv_wc wc;

	TRY(make());
	TRY(start());
	TRY(cq_expect(p.b.rcq, 2, IBV_WC_SUCCESS, &wc));
	EXPECT_EQ(wc.byte_len, 1UL << 30);
	TRY(cq_expect(p.a.scq, 1, IBV_WC_SUCCESS, NULL));
	EXPECT_EQ(prng_check(p.b.buf, PART, opt.seed), PART);
	return KTAP_PASS;
}

static int destroy_near(void)
{
	TRY(make());
	TRY(start());
	SOON(ibv_destroy_qp(p.a.qp));
	p.a.qp = NULL;
	TRY(cq_expect_none(p.b.rcq, 50));	/* nobody told the owner; its receive is lost */
	EXPECT_EQ(ep_state(&p.b), IBV_QPS_RTS);
	EXPECT_EQ(ep_error(&p.b), 0);
	return expect_status(p.b.rcq, IBV_WC_WR_FLUSH_ERR, IBV_WC_WR_FLUSH_ERR);
}

static int destroy_far(void)
{
	TRY(make());
	TRY(start());
	SOON(ibv_destroy_qp(p.b.qp));
	p.b.qp = NULL;
	return expect_status(p.a.scq, IBV_WC_RETRY_EXC_ERR, IBV_WC_RETRY_EXC_ERR);
}

static int error_near(void)
{
	TRY(make());
	TRY(start());
	SOON(ep_error(&p.a));
	return expect_status(p.a.scq, IBV_WC_WR_FLUSH_ERR, IBV_WC_WR_FLUSH_ERR);
}

static int error_far(void)
{
	TRY(make());
	TRY(start());
	SOON(ep_error(&p.b));
	TRY(expect_status(p.b.rcq, IBV_WC_WR_FLUSH_ERR, IBV_WC_WR_FLUSH_ERR));
	return expect_status(p.a.scq, IBV_WC_RETRY_EXC_ERR, IBV_WC_RETRY_EXC_ERR);
}

/* Nothing writes to a region after its key is gone. */
static int dereg_far(void)
{
	TRY(make());
	TRY(start());
	SOON(ibv_dereg_mr(p.b.mr));
	p.b.mr = NULL;
	memset(p.b.buf, 0x11, PART);
	TRY(expect_status(p.a.scq, IBV_WC_REM_OP_ERR, IBV_WC_REM_ACCESS_ERR));
	TRY(expect_status(p.b.rcq, IBV_WC_LOC_PROT_ERR, IBV_WC_LOC_PROT_ERR));
	for (size_t i = 0; i < PART; i++)
		EXPECT(p.b.buf[i] == 0x11, "byte %zu was written afterwards", i);
	return KTAP_PASS;
}

static int dereg_near(void)
{
	TRY(make());
	TRY(start());
	SOON(ibv_dereg_mr(p.a.mr));
	p.a.mr = NULL;
	return expect_status(p.a.scq, IBV_WC_LOC_PROT_ERR, IBV_WC_LOC_PROT_ERR);
}

/* Both ends are in a process that is killed; what it leaves ends with it. */
static int killed(void)
{
	int pipes[2], status;
	uint64_t begun;
	char byte = 0;
	pid_t pid;

	for (int i = 0; i < (opt.full ? 10 : 2); i++) {
		EXPECT(!pipe(pipes), "pipe");
		pid = fork();
		if (!pid) {
			if (make() || start() || write(pipes[1], &byte, 1) != 1)
				_exit(1);
			pause();
		}
		close(pipes[1]);
		EXPECT(read(pipes[0], &byte, 1) == 1, "the victim failed");
		close(pipes[0]);
		begun = now_ms();
		kill(pid, SIGKILL);
		EXPECT(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status), "waitpid");
		EXPECT(now_ms() - begun < SOON_MS + 2000, "it took %llu ms to die",
		       (unsigned long long)(now_ms() - begun));
	}
	return KTAP_PASS;
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		{ "whole", whole, 120 },
		{ "near QP destroyed", destroy_near },
		{ "far QP destroyed", destroy_far },
		{ "near QP to error", error_near },
		{ "far QP to error", error_far },
		{ "near region deregistered", dereg_near },
		{ "far region deregistered", dereg_far },
		{ "process killed", killed, 120 },
	};

	options_parse(argc, argv);
	return ktap_run(cases, ARRAY_SIZE(cases), opt.only);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * A hostile application maps the rings itself and writes what it likes: only its
 * own QPs fail, with the status the failure table names, and a bystander's
 * traffic on the same devices goes on.  The kernel's log is the harness' affair:
 * it fails the run for any warning.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rdma/rdma_user_ioctl_cmds.h>

#include "lib/rings.h"
#include "lib/verbs_util.h"

static struct pair p;
static struct ring sq, rq, cq;	/* of p.a */
static struct prng rng;

static int doorbell(unsigned int cmd, unsigned long number)
{
	return ioctl(rings_doorbell(), cmd, number) ? errno : 0;
}

/* ---------------------------------------------------------------- bystander */

/**
 * struct bystander - an honest pair in a process of its own
 * @stop: asks it to end
 * @rounds: it has done
 * @key, @addr, @qpn: what an attacker might guess
 */
struct bystander {
	volatile bool stop;
	volatile unsigned long rounds;
	volatile uint32_t lkey, rkey, qpn;
	volatile uint64_t addr;
};

static struct bystander *bystander;
static pid_t bystander_pid;

static int bystander_round(struct pair *own, unsigned long n)
{
	prng_fill(own->a.buf, 4096, n);
	EXPECT_EQ(ep_recv(&own->b, n, 8192, 4096), 0);
	EXPECT_EQ(ep_rdma(&own->a, IBV_WR_RDMA_WRITE, n, 0, 4096, 0, 0), 0);
	EXPECT_EQ(ep_send(&own->a, n, 0, 4096, IBV_SEND_SIGNALED), 0);
	TRY(cq_expect(own->a.scq, n, IBV_WC_SUCCESS, NULL));
	TRY(cq_expect(own->b.rcq, n, IBV_WC_SUCCESS, NULL));
	EXPECT_EQ(prng_check(own->b.buf, 4096, n), 4096);
	EXPECT_EQ(prng_check(own->b.buf + 8192, 4096, n), 4096);
	memset(own->b.buf, 0, 16384);
	bystander->rounds++;
	return KTAP_PASS;
}

static int bystander_run(void)
{
	static struct pair own;
	unsigned long n;
	size_t i;

	TRY(pair_make(&own, NULL, NULL));
	memset(own.b.buf, 0, own.b.size);
	bystander->lkey = own.b.mr->lkey;
	bystander->rkey = own.b.mr->rkey;
	bystander->addr = (uintptr_t)own.b.buf;
	bystander->qpn = own.b.qp->qp_num;
	for (n = 1; !bystander->stop; n++) {
		TRY(bystander_round(&own, n));
		for (i = 16384; i < own.b.size; i++)
			EXPECT(!own.b.buf[i], "byte %zu of the bystander was written", i);
	}
	TRY(event_expect_none(own.node[0].ctx, 0));
	return event_expect_none(own.node[1].ctx, 0);
}

static int bystander_start(void)
{
	uint64_t end = now_ms() + WAIT_MS;

	bystander = mmap(NULL, sizeof(*bystander), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	EXPECT(bystander != MAP_FAILED, "mmap");
	bystander_pid = fork();
	if (!bystander_pid)
		exit(bystander_run());
	while (!bystander->rounds && now_ms() < end)
		usleep(1000);
	EXPECT(bystander->rounds, "the bystander does not come up");
	return KTAP_PASS;
}

/* It has gone on working, and still does. */
static int bystander_stop(void)
{
	unsigned long rounds = bystander->rounds;
	uint64_t end = now_ms() + WAIT_MS;
	int status;

	while (bystander->rounds < rounds + 3 && now_ms() < end &&
	       !waitpid(bystander_pid, &status, WNOHANG))
		usleep(1000);
	EXPECT(bystander->rounds >= rounds + 3, "the bystander stands still");
	bystander->stop = true;
	EXPECT(waitpid(bystander_pid, &status, 0) == bystander_pid, "bystander lost");
	EXPECT(!status, "the bystander was disturbed, status 0x%x", status);
	ktap_msg("bystander: %lu rounds", bystander->rounds);
	return KTAP_PASS;
}

/* --------------------------------------------------------------- one victim */

static int attacker_renew(const struct ep_cfg *cfg)
{
	struct ibv_async_event event;

	ep_destroy(&p.a);
	ep_destroy(&p.b);
	while (event_wait(p.node[0].ctx, &event, 0) || event_wait(p.node[1].ctx, &event, 0))
		;
	TRY(ep_create(&p.b, &p.node[1], cfg));
	TRY(ep_create(&p.a, &p.node[0], cfg));
	rings_of_qp(&sq, &rq);
	ring_of_cq(&cq);
	EXPECT(sq.hdr && cq.hdr, "rings not found");
	return ep_connect(&p.a, &p.b);
}

static int attacker_open(void)
{
	TRY(pair_open(&p));
	if (node_is_rxe(&p.node[0]))
		return ktap_skip("needs vrdma's rings");
	/* the near context is the one whose doorbell we hold */
	ibv_dealloc_pd(p.node[0].pd);
	ibv_close_device(p.node[0].ctx);
	TRY(node_open(&p.node[0], 0));
	rng.state = opt.seed;
	EXPECT(rings_doorbell() >= 0, "no doorbell file");
	return attacker_renew(NULL);
}

/* A good request: one WRITE of 64 bytes, in slot @index. */
static struct vrdma_send_wqe *good_wqe(uint32_t index)
{
	struct vrdma_send_wqe *wqe = ring_slot(&sq, index);
	struct vrdma_wqe_sge *sge = (void *)(wqe + 1);

	memset(wqe, 0, sizeof(*wqe));
	wqe->wr_id = 1;
	wqe->opcode = IBV_WR_RDMA_WRITE;
	wqe->flags = VRDMA_SEND_SIGNALED;
	wqe->num_sge = 1;
	wqe->rdma.remote_addr = p.a.far.addr;
	wqe->rdma.rkey = p.a.far.rkey;
	sge->addr = (uintptr_t)p.a.buf;
	sge->length = 64;
	sge->lkey = p.a.mr->lkey;
	return wqe;
}

static void publish(uint32_t producer)
{
	__atomic_store_n(&sq.hdr->producer, producer, __ATOMIC_SEQ_CST);
}

enum spoil {
	SPOIL_NOTHING, SPOIL_OPCODE, SPOIL_OPCODE_HIGH, SPOIL_OPCODE_BIND, SPOIL_FLAGS,
	SPOIL_NUM_SGE, SPOIL_NUM_SGE_MAX, SPOIL_INLINE_LEN, SPOIL_INLINE_MAX, SPOIL_INLINE_READ,
	SPOIL_LENGTH_SUM, SPOIL_LENGTH, SPOIL_ADDR, SPOIL_ADDR_WRAP, SPOIL_ADDR_KERNEL,
	SPOIL_LKEY, SPOIL_LKEY_ZERO, SPOIL_LKEY_FOREIGN, SPOIL_RKEY_AS_FAR, SPOIL_RADDR_WRAP,
	SPOIL_RKEY_OWN, SPOIL_RKEY_FOREIGN, SPOIL_OPCODE_REG, SPOIL_INVALIDATE,
	SPOIL_INVALIDATE_FOREIGN, SPOIL_INVALIDATE_FAR, SPOIL_BIND_ZEROS, SPOIL_BIND_FOREIGN,
};

#define ANY_LOCAL	100	/* LOC_LEN_ERR or LOC_PROT_ERR */

static const struct {
	enum spoil spoil;
	const char *name;
	int status;
} spoils[] = {
	{ SPOIL_NOTHING, "control: nothing wrong", IBV_WC_SUCCESS },
	{ SPOIL_OPCODE, "opcode 99", IBV_WC_LOC_QP_OP_ERR },
	{ SPOIL_OPCODE_HIGH, "opcode with bit 31", IBV_WC_LOC_QP_OP_ERR },
	{ SPOIL_FLAGS, "unknown flags", IBV_WC_LOC_QP_OP_ERR },
	{ SPOIL_NUM_SGE, "one SGE too many", IBV_WC_LOC_QP_OP_ERR },
	{ SPOIL_NUM_SGE_MAX, "4 G SGEs", IBV_WC_LOC_QP_OP_ERR },
	{ SPOIL_INLINE_LEN, "inline beyond the slot", IBV_WC_LOC_LEN_ERR },
	{ SPOIL_INLINE_MAX, "4 GiB inline", IBV_WC_LOC_LEN_ERR },
	{ SPOIL_INLINE_READ, "inline READ", IBV_WC_LOC_QP_OP_ERR },
	{ SPOIL_LENGTH_SUM, "lengths that add up to 0 in 32 bits", ANY_LOCAL },
	{ SPOIL_LENGTH, "a byte too long", IBV_WC_LOC_PROT_ERR },
	{ SPOIL_ADDR, "a byte too low", IBV_WC_LOC_PROT_ERR },
	{ SPOIL_ADDR_WRAP, "address that wraps", IBV_WC_LOC_PROT_ERR },
	{ SPOIL_ADDR_KERNEL, "address of the kernel", IBV_WC_LOC_PROT_ERR },
	{ SPOIL_LKEY, "lkey with another tag", IBV_WC_LOC_PROT_ERR },
	{ SPOIL_LKEY_ZERO, "lkey 0", IBV_WC_LOC_PROT_ERR },
	{ SPOIL_LKEY_FOREIGN, "lkey of the bystander", IBV_WC_LOC_PROT_ERR },
	{ SPOIL_RADDR_WRAP, "remote address that wraps", IBV_WC_REM_ACCESS_ERR },
	{ SPOIL_RKEY_OWN, "own lkey as rkey", IBV_WC_REM_ACCESS_ERR },
	{ SPOIL_RKEY_FOREIGN, "rkey of the bystander", IBV_WC_REM_ACCESS_ERR },
	{ SPOIL_OPCODE_REG, "a kernel user's REG_MR", IBV_WC_LOC_QP_OP_ERR },
	{ SPOIL_OPCODE_BIND, "a WRITE's bytes as BIND_MW", IBV_WC_MW_BIND_ERR },
	{ SPOIL_INVALIDATE, "invalidate the own region", IBV_WC_MW_BIND_ERR },
	{ SPOIL_INVALIDATE_FOREIGN, "invalidate the bystander's region", IBV_WC_MW_BIND_ERR },
	{ SPOIL_INVALIDATE_FAR, "have the far side do so", IBV_WC_REM_ACCESS_ERR },
	{ SPOIL_BIND_ZEROS, "BIND_MW of zeros", IBV_WC_MW_BIND_ERR },
	{ SPOIL_BIND_FOREIGN, "BIND_MW of the bystander's region", IBV_WC_MW_BIND_ERR },
};

static void spoil_wqe(enum spoil spoil)
{
	struct vrdma_send_wqe *wqe = good_wqe(sq.hdr->producer);
	struct vrdma_wqe_sge *sge = (void *)(wqe + 1);

	switch (spoil) {
	case SPOIL_OPCODE: wqe->opcode = 99; break;
	case SPOIL_OPCODE_HIGH: wqe->opcode |= 1U << 31; break;
	case SPOIL_OPCODE_REG: wqe->opcode = 0x20; break;
	case SPOIL_OPCODE_BIND: wqe->opcode = IBV_WR_BIND_MW; break;
	case SPOIL_INVALIDATE:
		wqe->opcode = IBV_WR_LOCAL_INV;
		wqe->invalidate_rkey = p.a.mr->lkey;
		break;
	case SPOIL_INVALIDATE_FOREIGN:
		wqe->opcode = IBV_WR_LOCAL_INV;
		wqe->invalidate_rkey = bystander->lkey;
		break;
	case SPOIL_INVALIDATE_FAR:
		wqe->opcode = IBV_WR_SEND_WITH_INV;
		wqe->invalidate_rkey = bystander->rkey;
		wqe->num_sge = 0;
		ep_recv(&p.b, 9, 0, 4096);
		break;
	case SPOIL_BIND_ZEROS:
		wqe->opcode = IBV_WR_BIND_MW;
		memset(wqe->space, 0, sizeof(wqe->space));
		break;
	case SPOIL_BIND_FOREIGN:
		wqe->opcode = IBV_WR_BIND_MW;
		wqe->bind.mw_rkey = bystander->rkey;
		wqe->bind.rkey = bystander->rkey + 1;
		wqe->bind.mr_lkey = bystander->lkey;
		wqe->bind.addr = bystander->addr;
		wqe->bind.length = 64;
		wqe->bind.access = IBV_ACCESS_REMOTE_WRITE;
		break;
	case SPOIL_FLAGS: wqe->flags |= 0x80000010; break;
	case SPOIL_NUM_SGE: wqe->num_sge = p.a.node->attr.max_sge + 1; break;
	case SPOIL_NUM_SGE_MAX: wqe->num_sge = ~0U; break;
	case SPOIL_INLINE_LEN:
		wqe->flags |= VRDMA_SEND_INLINE;
		wqe->num_sge = 0;
		wqe->inline_len = sq.info.stride;
		break;
	case SPOIL_INLINE_MAX:
		wqe->flags |= VRDMA_SEND_INLINE;
		wqe->inline_len = ~0U;
		break;
	case SPOIL_INLINE_READ:
		wqe->opcode = IBV_WR_RDMA_READ;
		wqe->flags |= VRDMA_SEND_INLINE;
		wqe->inline_len = 16;
		break;
	case SPOIL_LENGTH_SUM:
		wqe->num_sge = 2;
		sge[1] = sge[0];
		sge[0].length = 1U << 31;
		sge[1].length = 1U << 31;
		break;
	case SPOIL_LENGTH: sge->length = p.a.size + 1; break;
	case SPOIL_ADDR: sge->addr--; break;
	case SPOIL_ADDR_WRAP: sge->addr = -16ULL; break;
	case SPOIL_ADDR_KERNEL: sge->addr = 0xffffffff81000000ULL; break;
	case SPOIL_LKEY: sge->lkey ^= 1; break;
	case SPOIL_LKEY_ZERO: sge->lkey = 0; break;
	case SPOIL_LKEY_FOREIGN:
		sge->lkey = bystander->lkey;
		sge->addr = bystander->addr;
		break;
	case SPOIL_RADDR_WRAP: wqe->rdma.remote_addr = -16ULL; break;
	case SPOIL_RKEY_OWN: wqe->rdma.rkey = p.a.mr->lkey ^ 0x100; break;
	case SPOIL_RKEY_FOREIGN:
		wqe->rdma.rkey = bystander->rkey;
		wqe->rdma.remote_addr = bystander->addr;
		break;
	default: break;
	}
}

static int check_spoil(size_t i)
{
	struct ibv_wc wc;

	TRY(attacker_renew(NULL));
	memset(p.b.buf, 0, p.b.size);
	memset(p.a.buf, 0x99, p.a.size);
	spoil_wqe(spoils[i].spoil);
	publish(sq.hdr->producer + 1);
	EXPECT_EQ(doorbell(VRDMA_IOC_SEND, p.a.qp->qp_num), 0);
	EXPECT(cq_wait(p.a.scq, &wc, 1, WAIT_MS) == 1, "no completion: %s", spoils[i].name);
	EXPECT_EQ(wc.wr_id, 1);
	if (spoils[i].status == ANY_LOCAL)
		EXPECT(wc.status == IBV_WC_LOC_LEN_ERR || wc.status == IBV_WC_LOC_PROT_ERR,
		       "%s: %s", spoils[i].name, ibv_wc_status_str(wc.status));
	else
		EXPECT(wc.status == (enum ibv_wc_status)spoils[i].status, "%s: %s, want %s",
		       spoils[i].name, ibv_wc_status_str(wc.status),
		       ibv_wc_status_str(spoils[i].status));
	if (!spoils[i].status)
		return KTAP_PASS;
	EXPECT_EQ(ep_wait_state(&p.a, IBV_QPS_ERR, WAIT_MS), IBV_QPS_ERR);
	for (size_t at = 0; at < p.b.size; at++)
		EXPECT(!p.b.buf[at], "%s wrote byte %zu of the target", spoils[i].name, at);
	return KTAP_PASS;
}

static int bad_requests(void)
{
	TRY(attacker_open());
	TRY(bystander_start());
	for (size_t i = 0; i < ARRAY_SIZE(spoils); i++)
		TRY(check_spoil(i));
	return bystander_stop();
}

/* ------------------------------------------------------------------ indices */

static int bad_indices(void)
{
	const uint32_t jumps[] = { 0x80000000, 0xffffffff, 0x10001, 1 << 20 };

	TRY(attacker_open());
	TRY(bystander_start());
	for (size_t i = 0; i < ARRAY_SIZE(jumps); i++) {
		TRY(attacker_renew(NULL));
		good_wqe(0);
		publish(sq.hdr->producer + jumps[i]);
		doorbell(VRDMA_IOC_SEND, p.a.qp->qp_num);
		EXPECT_EQ(ep_wait_state(&p.a, IBV_QPS_ERR, WAIT_MS), IBV_QPS_ERR);
		TRY(event_expect(p.node[0].ctx, IBV_EVENT_QP_FATAL, p.a.qp));
		EXPECT_EQ(ep_state(&p.b), IBV_QPS_RTS);
	}
	/* the kernel's own words are nothing to it */
	for (int i = 0; i < 50; i++) {
		TRY(attacker_renew(NULL));
		sq.hdr->consumer = prng_next(&rng);
		sq.hdr->flags = prng_next(&rng);
		rq.hdr->consumer = prng_next(&rng);
		good_wqe(0);
		publish(1);
		EXPECT_EQ(doorbell(VRDMA_IOC_SEND, p.a.qp->qp_num), 0);
		TRY(cq_expect(p.a.scq, 1, IBV_WC_SUCCESS, NULL));
	}
	return bystander_stop();
}

/* A receive queue of garbage: its owner gets an error, its sender a NAK or a retry. */
static int bad_receives(void)
{
	struct ibv_wc wc;

	TRY(attacker_open());
	TRY(bystander_start());
	for (int i = 0; i < (opt.full ? 400 : 60); i++) {
		struct vrdma_recv_wqe *slot;
		uint32_t producer;

		TRY(attacker_renew(NULL));
		for (producer = 0; producer < 4; producer++) {
			slot = ring_slot(&rq, producer);
			for (uint32_t at = 0; at < rq.info.stride / 8; at++)
				((uint64_t *)slot)[at] = prng_next(&rng);
			if (prng_chance(&rng, 50))
				slot->num_sge = prng_below(&rng, 40);
		}
		rq.hdr->producer = i % 4 ? 4 : prng_next(&rng);
		doorbell(VRDMA_IOC_KICK_QP, p.a.qp->qp_num);
		EXPECT_EQ(ep_send(&p.b, 5, 0, 64, IBV_SEND_SIGNALED), 0);
		/* it may have asked for nothing, and then nothing fits */
		EXPECT(cq_wait(p.b.scq, &wc, 1, WAIT_MS) == 1, "no completion");
		EXPECT(wc.status != IBV_WC_SUCCESS, "a receive of garbage was filled");
		EXPECT_EQ(ep_wait_state(&p.a, IBV_QPS_ERR, WAIT_MS), IBV_QPS_ERR);
	}
	return bystander_stop();
}

/* ----------------------------------------------------------------- doorbell */

static int bad_doorbells(void)
{
	uint32_t own, number;
	int result;

	TRY(attacker_open());
	TRY(bystander_start());
	own = p.a.qp->qp_num;
	EXPECT_EQ(doorbell(VRDMA_IOC_SEND, own), 0);	/* control */
	EXPECT_EQ(doorbell(VRDMA_IOC_SEND, bystander->qpn), EINVAL);
	EXPECT_EQ(doorbell(VRDMA_IOC_SEND, 0), EINVAL);
	EXPECT_EQ(doorbell(VRDMA_IOC_SEND, 1), EINVAL);	/* the kernel's own QP */
	EXPECT_EQ(doorbell(VRDMA_IOC_SEND, 1UL << 32 | own), EINVAL);
	EXPECT_EQ(doorbell(VRDMA_IOC_SEND, ~0UL), EINVAL);
	EXPECT_EQ(doorbell(VRDMA_IOC_KICK_SRQ, own), EINVAL);
	for (int i = 0; i < (opt.full ? 500000 : 5000); i++) {
		number = i & 1 ? prng_below(&rng, 1 << 24) : own - 500 + prng_below(&rng, 1000);
		result = doorbell(_IO(VRDMA_IOC_MAGIC, prng_below(&rng, 3)), number);
		EXPECT(result == EINVAL || (!result && number == own),
		       "number %u, own %u: %d", number, own, result);
	}
	for (int i = 0; i < 2000; i++) {
		unsigned long cmd = prng_next(&rng) & 0xffffffff;

		if (cmd >> 8 == VRDMA_IOC_MAGIC && (cmd & 0xff) < 3)
			continue;
		result = doorbell(cmd, prng_next(&rng));
		if (cmd >> 8 & 0xff && (cmd >> 8 & 0xff) != 'T' && (cmd >> 8 & 0xff) != 'f')
			EXPECT(result == ENOTTY || result == EINVAL, "ioctl %lx: %d", cmd, result);
	}
	ibv_destroy_qp(p.a.qp);
	p.a.qp = NULL;
	EXPECT_EQ(doorbell(VRDMA_IOC_SEND, own), EINVAL);
	EXPECT_EQ(doorbell(VRDMA_IOC_KICK_QP, own), EINVAL);
	return bystander_stop();
}

/* The file outlives its context: another process may hold it. */
static int doorbell_after_close(void)
{
	int fd;

	TRY(attacker_open());
	fd = dup(rings_doorbell());
	EXPECT_EQ(ioctl(fd, VRDMA_IOC_SEND, (unsigned long)p.a.qp->qp_num), 0);
	ep_destroy(&p.a);
	ibv_dealloc_pd(p.node[0].pd);
	ibv_close_device(p.node[0].ctx);
	EXPECT(ioctl(fd, VRDMA_IOC_SEND, 17UL) == -1 && errno == EIO, "%d", errno);
	close(fd);
	return KTAP_PASS;
}

/* ------------------------------------------------------------------ mapping */

/* Only the own rings can be mapped, in their own size, and not executed. */
static int bad_mappings(void)
{
	uint64_t offsets[4];
	int fd, hits = 0;
	void *memory;

	TRY(attacker_open());
	TRY(bystander_start());
	fd = p.node[0].ctx->cmd_fd;
	memory = mmap(NULL, sq.info.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, sq.info.offset);
	EXPECT(memory != MAP_FAILED, "control: %s", strerror(errno));
	EXPECT(((struct vrdma_ring_hdr *)memory)->producer == sq.hdr->producer, "another ring");
	munmap(memory, sq.info.size);
	EXPECT(mmap(NULL, sq.info.size + 4096, PROT_READ, MAP_SHARED, fd, sq.info.offset) ==
	       MAP_FAILED, "mapped beyond the end");
	EXPECT(mmap(NULL, sq.info.size, PROT_READ | PROT_EXEC, MAP_SHARED, fd, sq.info.offset) ==
	       MAP_FAILED, "mapped for execution");
	EXPECT(mmap(NULL, sq.info.size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, sq.info.offset) ==
	       MAP_FAILED, "mapped a private copy");
	for (int i = 0; i < (opt.full ? 100000 : 3000); i++) {
		uint64_t offset = prng_log(&rng, 1ULL << 40) << 12;
		size_t size = (1 + prng_below(&rng, 8)) << 12;
		int known = 0;

		memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
		if (memory == MAP_FAILED)
			continue;
		/* it can only be a ring of ours: SQ, RQ and two CQs */
		while (known < hits && offsets[known] != offset)
			known++;
		EXPECT(known < 4, "more rings than we have, at 0x%llx",
		       (unsigned long long)offset);
		offsets[known] = offset;
		hits = known == hits ? hits + 1 : hits;
		memset(memory, prng_next(&rng), size);
		munmap(memory, size);
	}
	ktap_msg("random mappings hit %d own rings", hits);

	/* a mapping outlives its queue, and writing to it is nobody's business */
	memory = mmap(NULL, sq.info.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, sq.info.offset);
	EXPECT(memory != MAP_FAILED, "mmap");
	ep_destroy(&p.a);
	memset(memory, 0xff, sq.info.size);
	EXPECT(mmap(NULL, sq.info.size, PROT_READ, MAP_SHARED, fd, sq.info.offset) == MAP_FAILED,
	       "a destroyed queue could be mapped");
	munmap(memory, sq.info.size);
	return bystander_stop();
}

/* Random commands at the uverbs file: what the driver's own methods make of them. */
static int random_commands(void)
{
	struct {
		struct ib_uverbs_ioctl_hdr hdr;
		struct ib_uverbs_attr attr[4];
	} cmd;
	uint64_t junk[32];
	int fd;

	TRY(attacker_open());
	TRY(bystander_start());
	fd = p.node[0].ctx->cmd_fd;
	for (int i = 0; i < (opt.full ? 250000 : 5000); i++) {
		for (size_t w = 0; w < ARRAY_SIZE(junk); w++)
			junk[w] = prng_next(&rng);
		memset(&cmd, 0, sizeof(cmd));
		cmd.hdr.object_id = VRDMA_OBJECT_DOORBELL;
		if (prng_chance(&rng, 50))
			cmd.hdr.object_id = prng_below(&rng, 20);
		cmd.hdr.method_id = VRDMA_METHOD_DOORBELL_ALLOC;
		if (prng_chance(&rng, 50))
			cmd.hdr.method_id = prng_below(&rng, 10);
		/*
		 * Not the core's own GET_CONTEXT: on a file that has a context the one of
		 * 6.12 drops the new one, but not its reference to the task, for any device.
		 */
		if (cmd.hdr.object_id == UVERBS_OBJECT_DEVICE &&
		    cmd.hdr.method_id == UVERBS_METHOD_GET_CONTEXT)
			continue;
		cmd.hdr.driver_id = prng_chance(&rng, 90) ? VRDMA_DRIVER_ID : prng_next(&rng);
		cmd.hdr.num_attrs = prng_below(&rng, 5);
		cmd.hdr.length = sizeof(cmd.hdr) + cmd.hdr.num_attrs * sizeof(cmd.attr[0]);
		for (int a = 0; a < 4; a++) {
			cmd.attr[a].attr_id = (prng_chance(&rng, 50) ? 0x1000 : 0) +
					      prng_below(&rng, 4);
			cmd.attr[a].len = prng_below(&rng, sizeof(junk));
			cmd.attr[a].flags = prng_below(&rng, 4);
			cmd.attr[a].data = prng_next(&rng);
			if (prng_chance(&rng, 70))
				cmd.attr[a].data = (uintptr_t)junk;
		}
		if (!ioctl(fd, RDMA_VERBS_IOCTL, &cmd) &&
		    cmd.hdr.object_id == (unsigned int)VRDMA_OBJECT_DOORBELL)
			close((int)cmd.attr[0].data);
	}
	/* whatever it destroyed was its own; but the device still works */
	return bystander_stop();
}

/* --------------------------------------------------------------------- storm */

static volatile bool storm_over;

/* Rewrites the slots of the send queue while the kernel reads them. */
static void *storm_writer(void *unused)
{
	struct prng own = { .state = opt.seed ^ 77 };

	while (!storm_over) {
		uint32_t index = prng_below(&own, sq.info.slots);
		uint32_t *slot = ring_slot(&sq, index);

		if (prng_chance(&own, 30))
			good_wqe(index);
		else
			slot[prng_below(&own, sq.info.stride / 4)] = prng_log(&own, ~0U);
	}
	return unused;
}

static void storm_fields(void)
{
	uint32_t index = sq.hdr->producer;

	for (int i = prng_below(&rng, 16); i >= 0; i--) {
		struct vrdma_send_wqe *wqe = good_wqe(index++);
		struct vrdma_wqe_sge *sge = (void *)(wqe + 1);

		wqe->opcode = prng_below(&rng, 12);
		wqe->flags = prng_below(&rng, prng_chance(&rng, 10) ? ~0U : 16);
		wqe->num_sge = prng_below(&rng, 6);
		wqe->inline_len = prng_log(&rng, 2 * sq.info.stride);
		for (uint32_t s = 0; s < 4 && s < wqe->num_sge; s++) {
			sge[s].addr = (uintptr_t)p.a.buf + prng_log(&rng, p.a.size);
			sge[s].length = prng_log(&rng, p.a.size);
			sge[s].lkey = prng_chance(&rng, 90) ? p.a.mr->lkey : prng_next(&rng);
		}
		if (wqe->opcode == IBV_WR_BIND_MW || prng_chance(&rng, 5))
			prng_fill(wqe->space, sizeof(wqe->space), prng_next(&rng));
		if (prng_chance(&rng, 20))
			wqe->invalidate_rkey = prng_next(&rng);
		wqe->rdma.remote_addr += prng_log(&rng, p.b.size);
		if (prng_chance(&rng, 5))
			wqe->rdma.rkey = prng_next(&rng);
	}
	publish(index);
}

static int storm_round(void)
{
	struct ibv_wc wc[16];

	TRY(attacker_renew(NULL));
	for (int i = 0; i < 8; i++)
		ep_recv(&p.b, i, 0, 4096);
	for (int i = 0; i < 20; i++) {
		storm_fields();
		doorbell(VRDMA_IOC_SEND, p.a.qp->qp_num);
		if (prng_chance(&rng, 20))
			doorbell(VRDMA_IOC_KICK_QP, p.a.qp->qp_num);
		ibv_poll_cq(p.a.scq, 16, wc);
	}
	return KTAP_PASS;
}

static int storm(void)
{
	uint64_t end;
	int rounds = 0;

	TRY(attacker_open());
	TRY(bystander_start());
	end = now_ms() + (opt.full ? 15000 : 4000);
	while (now_ms() < end) {
		pthread_t thread;
		bool writer = rounds++ & 1;

		/* the mapping of a destroyed queue must not be written by the thread */
		TRY(attacker_renew(NULL));
		storm_over = false;
		if (writer)
			EXPECT_EQ(pthread_create(&thread, NULL, storm_writer, NULL), 0);
		for (int i = 0; writer && i < 200; i++) {
			publish(sq.hdr->producer + 1 + prng_below(&rng, 4));
			doorbell(VRDMA_IOC_SEND, p.a.qp->qp_num);
		}
		storm_over = true;
		if (writer)
			pthread_join(thread, NULL);
		else
			TRY(storm_round());
	}
	ktap_msg("%d rounds of seed 0x%llx", rounds, (unsigned long long)opt.seed);
	return bystander_stop();
}

/* ----------------------------------------------------------------------- CQ */

/* The CQ's words: a consumer that lies overflows its own queue and nothing else. */
static int bad_completion_queue(void)
{
	struct ibv_async_event event;
	struct ibv_comp_channel *channel;
	struct ep_cfg cfg = { .cqe = 16 };

	TRY(attacker_open());
	TRY(bystander_start());
	for (int i = 0; i < 20; i++) {
		channel = ibv_create_comp_channel(p.node[0].ctx);
		EXPECT(channel, "comp_channel");
		ep_destroy(&p.a);
		ep_destroy(&p.b);
		cfg.channel = NULL;
		TRY(ep_create(&p.b, &p.node[1], &cfg));
		cfg.channel = channel;
		TRY(ep_create(&p.a, &p.node[0], &cfg));
		rings_of_qp(&sq, &rq);
		TRY(ep_connect(&p.a, &p.b));
		/* the receive CQ was made last; the send CQ stays honest */
		ring_of_cq(&cq);
		for (int n = 0; n < 64; n++) {
			EXPECT_EQ(ep_recv(&p.a, n, 0, 64), 0);
			cq.hdr->arm_any++;
			cq.hdr->arm_solicited = prng_next(&rng);
			cq.hdr->events_seen = prng_next(&rng);
			cq.hdr->consumer = i & 1 ? (uint32_t)prng_next(&rng) : 0;
			cq.hdr->producer = prng_next(&rng);
			if (ep_send(&p.b, n, 0, 64, IBV_SEND_SIGNALED))
				break;
		}
		EXPECT_EQ(ep_wait_state(&p.a, IBV_QPS_ERR, WAIT_MS), IBV_QPS_ERR);
		EXPECT(event_wait(p.node[0].ctx, &event, WAIT_MS), "no event");
		EXPECT(event.event_type == IBV_EVENT_CQ_ERR, "%s",
		       ibv_event_type_str(event.event_type));
		while (event_wait(p.node[0].ctx, &event, 20))
			EXPECT(event.event_type != IBV_EVENT_CQ_ERR, "a second CQ_ERR");
		while (event_wait(p.node[1].ctx, &event, 0))
			;
		/* events nobody takes must not keep the queue from being destroyed */
		ep_destroy(&p.a);
		EXPECT_EQ(ibv_destroy_comp_channel(channel), 0);
	}
	return bystander_stop();
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		{ "bad requests", bad_requests },
		{ "bad indices", bad_indices },
		{ "bad receives", bad_receives, 200 },
		{ "bad doorbells", bad_doorbells },
		{ "doorbell after close", doorbell_after_close },
		{ "bad mappings", bad_mappings },
		{ "random commands", random_commands },
		{ "bad completion queue", bad_completion_queue },
		{ "storm of garbage", storm, 120 },
	};

	options_parse(argc, argv);
	return ktap_run(cases, ARRAY_SIZE(cases), opt.only);
}

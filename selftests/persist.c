// SPDX-License-Identifier: GPL-2.0
/*
 * FLUSH and ATOMIC_WRITE: what was written before a flush is there when it completes, for those
 * who have the right; an ATOMIC_WRITE stores its word at once, and after all before it.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "lib/keys.h"
#include "lib/verbs_util.h"

#define OPS	(IBV_QP_EX_WITH_FLUSH | IBV_QP_EX_WITH_ATOMIC_WRITE | IBV_QP_EX_WITH_RDMA_WRITE)
#define RIGHTS	(IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_READ)
#define GLOBAL	IBV_ACCESS_FLUSH_GLOBAL
#define SIZE	(1U << 20)
#define FLAG	(SIZE - 8)

static struct pair p;
static struct ibv_qp_ex *qpx;
static volatile bool stop;

/* The far side grants GLOBAL by its region and by its queue pair as told. */
static int make(int mr_access, int qp_access)
{
	struct ep_cfg near = { .send_ops = OPS, .size = SIZE };
	struct ep_cfg far = {
		.size = SIZE,
		.access = RIGHTS | mr_access,
		.qp_access = IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_READ | qp_access,
	};

	TRY(pair_make(&p, &near, &far));
	qpx = ibv_qp_to_qp_ex(p.a.qp);
	EXPECT(qpx, "no extended queue pair");
	return KTAP_PASS;
}

/* Complete what was begun by ibv_wr_start(); the last of it must have @status. */
static int finish(uint64_t wr_id, enum ibv_wc_status status, struct ibv_wc *wc)
{
	EXPECT_EQ(ibv_wr_complete(qpx), 0);
	return cq_expect(p.a.scq, wr_id, status, wc);
}

static int flush(uint64_t addr, size_t length, uint8_t type, uint8_t level,
		 enum ibv_wc_status status)
{
	struct ibv_wc wc;

	ibv_wr_start(qpx);
	qpx->wr_id = 7;
	qpx->wr_flags = IBV_SEND_SIGNALED;
	ibv_wr_flush(qpx, p.a.far.rkey, addr, length, type, level);
	TRY(finish(7, status, &wc));
	if (status == IBV_WC_SUCCESS)
		EXPECT_EQ(wc.opcode, IBV_WC_FLUSH);
	return KTAP_PASS;
}

static int says(void)
{
	struct ibv_device_attr_ex attr;
	struct ibv_mr *mr;

	TRY(make(GLOBAL, GLOBAL));
	EXPECT_EQ(ibv_query_device_ex(p.node[0].ctx, NULL, &attr), 0);
	EXPECT(attr.device_cap_flags_ex & 1ULL << 38, "FLUSH_GLOBAL");
	EXPECT(attr.device_cap_flags_ex & 1ULL << 40, "ATOMIC_WRITE");
	EXPECT(!(attr.device_cap_flags_ex & 1ULL << 39), "FLUSH_PERSISTENT");
	mr = ibv_reg_mr(p.node[1].pd, p.b.buf, 4096, RIGHTS | IBV_ACCESS_FLUSH_PERSISTENT);
	EXPECT(!mr, "a region of memory that survives");
	return KTAP_PASS;
}

/* Small ones travel in messages, large ones are moved by an HCA, where there is one. */
static int written(void)
{
	static const uint32_t lengths[] = { 1, 64, 8192, FLAG };

	TRY(make(GLOBAL, GLOBAL));
	for (unsigned int i = 0; i < ARRAY_SIZE(lengths); i++) {
		memset(p.a.buf, i + 1, lengths[i]);
		EXPECT_EQ(ep_rdma(&p.a, IBV_WR_RDMA_WRITE, 1, 0, lengths[i], 0, 0), 0);
		TRY(flush(p.a.far.addr, lengths[i], IBV_FLUSH_GLOBAL,
			  i & 1 ? IBV_FLUSH_MR : IBV_FLUSH_RANGE, IBV_WC_SUCCESS));
		EXPECT(!memcmp(p.a.buf, p.b.buf, lengths[i]), "%u bytes", lengths[i]);
	}
	return KTAP_PASS;
}

/* A range must be the key's; for all that the key leads to, it does not matter. */
static int ranges(void)
{
	uint64_t end;

	TRY(make(GLOBAL, GLOBAL));
	end = p.a.far.addr + SIZE;
	TRY(flush(end - 8, 8, IBV_FLUSH_GLOBAL, IBV_FLUSH_RANGE, IBV_WC_SUCCESS));
	TRY(flush(end, 0, IBV_FLUSH_GLOBAL, IBV_FLUSH_RANGE, IBV_WC_SUCCESS));
	TRY(flush(end - 8, 9, IBV_FLUSH_GLOBAL, IBV_FLUSH_MR, IBV_WC_SUCCESS));
	TRY(flush(0, UINT32_MAX, IBV_FLUSH_GLOBAL, IBV_FLUSH_MR, IBV_WC_SUCCESS));
	return flush(end - 8, 9, IBV_FLUSH_GLOBAL, IBV_FLUSH_RANGE, IBV_WC_REM_ACCESS_ERR);
}

static int no_key(void)
{
	TRY(make(GLOBAL, GLOBAL));
	p.a.far.rkey ^= 1;
	return flush(p.a.far.addr, 8, IBV_FLUSH_GLOBAL, IBV_FLUSH_MR, IBV_WC_REM_ACCESS_ERR);
}

static int no_right_of_the_region(void)
{
	TRY(make(0, GLOBAL));
	return flush(p.a.far.addr, 8, IBV_FLUSH_GLOBAL, IBV_FLUSH_RANGE, IBV_WC_REM_ACCESS_ERR);
}

static int no_right_of_the_queue_pair(void)
{
	TRY(make(GLOBAL, 0));
	return flush(p.a.far.addr, 8, IBV_FLUSH_GLOBAL, IBV_FLUSH_RANGE,
		     IBV_WC_REM_INV_REQ_ERR);
}

static int persistence(void)
{
	TRY(make(GLOBAL, GLOBAL | IBV_ACCESS_FLUSH_PERSISTENT));
	return flush(p.a.far.addr, 8, IBV_FLUSH_PERSISTENT, IBV_FLUSH_RANGE,
		     IBV_WC_REM_ACCESS_ERR);
}

static int nonsense(void)
{
	TRY(make(GLOBAL, GLOBAL));
	TRY(flush(p.a.far.addr, 8, 0, IBV_FLUSH_RANGE, IBV_WC_LOC_QP_OP_ERR));
	TRY(keys_reconnect(&p));
	TRY(flush(p.a.far.addr, 8, 4, IBV_FLUSH_RANGE, IBV_WC_LOC_QP_OP_ERR));
	TRY(keys_reconnect(&p));
	TRY(flush(p.a.far.addr, 8, IBV_FLUSH_GLOBAL, 2, IBV_WC_LOC_QP_OP_ERR));
	TRY(keys_reconnect(&p));
	return flush(p.a.far.addr, 8, IBV_FLUSH_GLOBAL, IBV_FLUSH_MR, IBV_WC_SUCCESS);
}

/* By the old call, from the buffer or inline. */
static int post_word(uint64_t value, uint64_t addr, int flags, enum ibv_wc_status status)
{
	struct ibv_send_wr wr;
	struct ibv_sge sge[2];
	struct ibv_wc wc;

	memcpy(p.a.buf, &value, 4);
	memcpy(p.a.buf + 64, (char *)&value + 4, 4);
	ep_wr(&p.a, &wr, sge, IBV_WR_ATOMIC_WRITE, 9, 0, 4);
	sge[1] = sge[0];
	sge[1].addr += 64;
	wr.num_sge = 2;
	wr.send_flags |= flags;
	wr.wr.rdma.remote_addr = addr;
	EXPECT_EQ(ep_post(&p.a, &wr), 0);
	TRY(cq_expect(p.a.scq, 9, status, &wc));
	if (status == IBV_WC_SUCCESS)
		EXPECT_EQ(wc.opcode, IBV_WC_ATOMIC_WRITE);
	return KTAP_PASS;
}

static int word(void)
{
	uint64_t value = 0x1122334455667788, *far;
	struct ibv_send_wr wr;
	struct ibv_sge sge;
	struct ibv_wc wc;

	TRY(make(0, 0));
	far = (void *)p.b.buf;
	ibv_wr_start(qpx);
	qpx->wr_id = 8;
	qpx->wr_flags = IBV_SEND_SIGNALED;
	ibv_wr_atomic_write(qpx, p.a.far.rkey, p.a.far.addr, &value);
	TRY(finish(8, IBV_WC_SUCCESS, &wc));
	EXPECT_EQ(wc.opcode, IBV_WC_ATOMIC_WRITE);
	EXPECT_EQ(far[0], value);
	TRY(post_word(value + 1, p.a.far.addr + 8, 0, IBV_WC_SUCCESS));
	EXPECT_EQ(far[1], value + 1);
	TRY(post_word(value + 2, p.a.far.addr + 16, IBV_SEND_INLINE, IBV_WC_SUCCESS));
	EXPECT_EQ(far[2], value + 2);
	EXPECT_EQ(far[3], 0);
	ep_wr(&p.a, &wr, &sge, IBV_WR_ATOMIC_WRITE, 9, 0, 7);
	EXPECT_EQ(ep_post(&p.a, &wr), 0);
	return cq_expect(p.a.scq, 9, IBV_WC_LOC_LEN_ERR, NULL);
}

static int word_unaligned(void)
{
	TRY(make(0, 0));
	TRY(post_word(1, p.a.far.addr + 4, 0, IBV_WC_REM_INV_REQ_ERR));
	EXPECT_EQ(*(uint64_t *)(p.b.buf + 4), 0);
	return KTAP_PASS;
}

static int word_right(void)
{
	struct ep_cfg far = { .size = SIZE, .access = IBV_ACCESS_LOCAL_WRITE };
	struct ep_cfg near = { .send_ops = OPS, .size = SIZE };

	TRY(pair_make(&p, &near, &far));
	return post_word(1, p.a.far.addr, 0, IBV_WC_REM_ACCESS_ERR);
}

/**
 * struct watch - what the owner's program sees of a word
 * @word: the word
 * @torn: a value of which the halves differ; 0: none was seen
 * @seen: how many values
 */
struct watch {
	volatile uint64_t *word;
	uint64_t torn;
	unsigned long seen;
};

static void *watch_word(void *arg)
{
	struct watch *watch = arg;
	uint64_t last = 0, now;

	while (!stop) {
		now = *watch->word;
		if ((uint32_t)now != now >> 32)
			watch->torn = now;
		watch->seen += now != last;
		last = now;
	}
	return NULL;
}

/* Each value comes in two pieces; the owner sees it whole. */
static int at_once(void)
{
	unsigned long rounds = opt.full ? 20000 : 2000;
	struct watch watch = {};
	pthread_t thread;

	TRY(make(0, 0));
	watch.word = (void *)p.b.buf;
	EXPECT_EQ(pthread_create(&thread, NULL, watch_word, &watch), 0);
	for (unsigned long n = 1; n <= rounds; n++)
		TRY(post_word(n << 32 | n, p.a.far.addr, 0, IBV_WC_SUCCESS));
	stop = true;
	pthread_join(thread, NULL);
	ktap_msg("%lu values seen of %lu", watch.seen, rounds);
	EXPECT(watch.seen, "nothing was seen");
	EXPECT(!watch.torn, "a torn word: %#llx", (unsigned long long)watch.torn);
	return KTAP_PASS;
}

/* Write, flush, say so by a word: who sees the word sees all of it. */
static int order(void)
{
	volatile uint64_t *flag;
	unsigned int rounds = opt.full ? 200 : 20;

	TRY(make(GLOBAL, GLOBAL));
	flag = (void *)(p.b.buf + FLAG);
	for (uint64_t n = 1; n <= rounds; n++) {
		uint32_t length = n % 2 ? 4096 : FLAG;

		memset(p.a.buf, n, length);
		ibv_wr_start(qpx);
		qpx->wr_id = n;
		qpx->wr_flags = 0;
		ibv_wr_rdma_write(qpx, p.a.far.rkey, p.a.far.addr);
		ibv_wr_set_sge(qpx, p.a.mr->lkey, (uintptr_t)p.a.buf, length);
		ibv_wr_flush(qpx, p.a.far.rkey, p.a.far.addr, length, IBV_FLUSH_GLOBAL,
			     IBV_FLUSH_RANGE);
		qpx->wr_flags = IBV_SEND_SIGNALED;
		ibv_wr_atomic_write(qpx, p.a.far.rkey, p.a.far.addr + FLAG, &n);
		EXPECT_EQ(ibv_wr_complete(qpx), 0);
		for (uint64_t end = now_ms() + WAIT_MS; *flag != n; )
			EXPECT(now_ms() < end, "round %llu: no word", (unsigned long long)n);
		EXPECT(!memcmp(p.b.buf, p.a.buf, length), "round %llu",
		       (unsigned long long)n);
		TRY(cq_expect(p.a.scq, n, IBV_WC_SUCCESS, NULL));
	}
	return KTAP_PASS;
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		{ "what the device says", says },
		{ "what was written is there", written },
		{ "ranges", ranges },
		{ "no such key", no_key },
		{ "no right of the region", no_right_of_the_region },
		{ "no right of the queue pair", no_right_of_the_queue_pair },
		{ "persistence is nobody's", persistence },
		{ "a flush for nothing", nonsense },
		{ "a word", word },
		{ "a word that is not aligned", word_unaligned },
		{ "a word without the right", word_right },
		{ "a word is stored at once", at_once },
		{ "a word after a flush", order },
	};

	options_parse(argc, argv);
	return ktap_run(cases, ARRAY_SIZE(cases), opt.only);
}

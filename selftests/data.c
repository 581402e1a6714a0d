// SPDX-License-Identifier: GPL-2.0
/*
 * Every byte arrives, where it belongs, once, and nothing else is touched: random
 * operations of random sizes, splits, offsets and flags over many QPs, in both
 * directions at once.  Two processes plan the same batches from the same seed;
 * each knows what its memory must look like afterwards and both exchange hashes
 * of what they sent and got.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/verbs_util.h"

#define MAX_QPS		16
#define QP_OPS		24	/* of one batch and direction on one QP */
#define MAX_OPS		(MAX_QPS * QP_OPS)
#define MAX_FRAGS	8
#define GUARD		0xa5	/* what nobody may overwrite */
#define MIB		(1024 * 1024UL)

struct frag {
	size_t off;
	uint32_t len;
};

/**
 * struct op - one work request, as both sides plan it
 * @opcode: what the initiator posts
 * @qp: on which
 * @len: bytes of payload
 * @seed: of the payload
 * @out, @outs: where the source side has it
 * @in, @ins: where it goes at the destination
 * @slack: bytes the receive is larger than the message
 * @flags: IBV_SEND_*
 * @imm: immediate data
 * @word: atomics: offset of the word in the target's arena
 * @compare_add, @swap: atomics
 * @before, @after: atomics: value of the word
 */
struct op {
	enum ibv_wr_opcode opcode;
	int qp;
	uint32_t len;
	uint64_t seed;
	struct frag out[MAX_FRAGS], in[MAX_FRAGS];
	int outs, ins;
	uint32_t slack;
	int flags;
	uint32_t imm;
	size_t word;
	uint64_t compare_add, swap, before, after;
};

/**
 * struct plan - one batch
 * @op: by direction: [0] the near side initiates
 * @ops: how many
 * @out_used, @in_used: by side, of its arenas
 * @late: the receiving side posts the second half of its receives late
 */
struct plan {
	struct op op[2][MAX_OPS];
	int ops[2];
	size_t out_used[2], in_used[2];
	bool late;
};

static struct plan plan;

/**
 * struct side - this process
 * @role: 0 near, 1 far
 * @sock: to the other
 * @out, @in: arenas; the MRs cover them twice, with different keys
 * @want: what @in must look like in the end
 * @scratch: payload on its way into fragments
 */
struct side {
	int role, sock;
	enum ibv_qp_type type;
	int qps;
	size_t arena, max_len;
	uint32_t max_inline;
	struct node node;
	struct ibv_cq *scq, *rcq;
	struct ep ep[MAX_QPS];
	uint8_t *out, *in, *want, *scratch, *grh;
	struct ibv_mr *out_mr[2], *in_mr[2], *grh_mr;
	uint64_t far_out, far_in;
	uint32_t far_out_rkey[2], far_in_rkey[2];
	uint64_t bytes, done;
};

static bool is_atomic(const struct op *op)
{
	return op->opcode == IBV_WR_ATOMIC_CMP_AND_SWP ||
	       op->opcode == IBV_WR_ATOMIC_FETCH_AND_ADD;
}

static bool has_imm(const struct op *op)
{
	return op->opcode == IBV_WR_SEND_WITH_IMM || op->opcode == IBV_WR_RDMA_WRITE_WITH_IMM;
}

static bool is_send(const struct op *op)
{
	return op->opcode == IBV_WR_SEND || op->opcode == IBV_WR_SEND_WITH_IMM;
}

static bool takes_receive(const struct op *op)
{
	return is_send(op) || has_imm(op);
}

/* Data of READs and atomics flows towards the initiator. */
static int source_of(const struct op *op, int dir)
{
	return op->opcode == IBV_WR_RDMA_READ || is_atomic(op) ? !dir : dir;
}

/* ------------------------------------------------------------------ planning */

static enum ibv_wr_opcode plan_opcode(struct prng *p, enum ibv_qp_type type)
{
	static const enum ibv_wr_opcode list[] = {
		IBV_WR_SEND, IBV_WR_SEND_WITH_IMM,
		IBV_WR_RDMA_WRITE, IBV_WR_RDMA_WRITE_WITH_IMM,
		IBV_WR_RDMA_READ, IBV_WR_ATOMIC_CMP_AND_SWP, IBV_WR_ATOMIC_FETCH_AND_ADD,
	};

	switch (type) {
	case IBV_QPT_UD: return list[prng_below(p, 2)];
	case IBV_QPT_UC: return list[prng_below(p, 4)];
	default: return list[prng_below(p, ARRAY_SIZE(list))];
	}
}

/* Cut @len bytes into pieces with gaps between them, each piece at any alignment. */
static int plan_frags(struct prng *p, struct frag *frag, uint32_t len, int max, size_t *used)
{
	int count = 1 + prng_below(p, max), i;

	for (i = 0; i < count; i++) {
		frag[i].len = i == count - 1 ? len : prng_below(p, len + 1);
		*used += 1 + prng_below(p, 70);
		frag[i].off = *used;
		*used += frag[i].len;
		len -= frag[i].len;
	}
	*used += 1;
	return count;
}

static void plan_atomic(struct prng *p, struct op *op, const struct op *last, int target)
{
	op->len = 8;
	op->outs = 0;
	if (last && prng_chance(p, 50)) {
		op->word = last->word;
		op->before = last->after;
	} else {
		plan.in_used[target] = (plan.in_used[target] + 8) & ~7UL;
		op->word = plan.in_used[target];
		plan.in_used[target] += 8;
		op->before = prng_next(p);
	}
	op->compare_add = prng_next(p);
	op->swap = prng_next(p);
	if (op->opcode == IBV_WR_ATOMIC_FETCH_AND_ADD) {
		op->after = op->before + op->compare_add;
		return;
	}
	if (prng_chance(p, 50))
		op->compare_add = op->before;
	op->after = op->compare_add == op->before ? op->swap : op->before;
}

static void plan_op(struct prng *p, const struct side *s, int dir, int qp, bool last_of_qp,
		    size_t limit)
{
	struct op *op = &plan.op[dir][plan.ops[dir]];
	const struct op *last = NULL;
	int i, source, dest;

	memset(op, 0, sizeof(*op));
	op->qp = qp;
	op->opcode = plan_opcode(p, s->type);
	if (last_of_qp && s->type != IBV_QPT_RC)
		op->opcode = IBV_WR_SEND;	/* its receive tells that all before is there */
	op->seed = prng_next(p);
	op->imm = prng_next(p);
	op->flags = (prng_chance(p, 60) || last_of_qp ? IBV_SEND_SIGNALED : 0) |
		    (prng_chance(p, 20) ? IBV_SEND_SOLICITED : 0) |
		    (prng_chance(p, 20) && s->type == IBV_QPT_RC ? IBV_SEND_FENCE : 0);
	source = source_of(op, dir);
	dest = !source;
	if (is_atomic(op)) {
		for (i = 0; i < plan.ops[dir]; i++)
			if (plan.op[dir][i].qp == qp && is_atomic(&plan.op[dir][i]))
				last = &plan.op[dir][i];
		plan_atomic(p, op, last, !dir);
		op->ins = plan_frags(p, op->in, 8, 1, &plan.in_used[dest]);
		plan.ops[dir]++;
		return;
	}
	op->len = prng_chance(p, 5) ? 0 : prng_log(p, limit + 1);
	if (limit == s->max_len && s->type != IBV_QPT_UD && prng_chance(p, 50))
		op->len = limit - prng_below(p, 100);	/* as large as they come */
	if (op->len <= s->max_inline && op->opcode != IBV_WR_RDMA_READ && prng_chance(p, 50))
		op->flags |= IBV_SEND_INLINE;
	op->slack = is_send(op) && prng_chance(p, 50) ? prng_below(p, 60) : 0;
	if (s->type == IBV_QPT_UD)
		op->slack = 0;
	op->outs = plan_frags(p, op->out, op->len,
			      op->opcode == IBV_WR_RDMA_READ ? 1 : MAX_FRAGS,
			      &plan.out_used[source]);
	op->ins = plan_frags(p, op->in, op->len,
			     is_send(op) || op->opcode == IBV_WR_RDMA_READ ? MAX_FRAGS - 1 : 1,
			     &plan.in_used[dest]);
	plan.in_used[dest] += op->slack;
	plan.ops[dir]++;
}

/* Both sides call this with the same generator and get the same plan. */
static void plan_batch(struct prng *p, const struct side *s, bool huge)
{
	size_t room = s->arena / 2 / 2, limit;
	int dir, qp, i, count;

	memset(plan.ops, 0, sizeof(plan.ops));
	memset(plan.out_used, 0, sizeof(plan.out_used));
	memset(plan.in_used, 0, sizeof(plan.in_used));
	plan.late = s->type == IBV_QPT_RC && prng_chance(p, 25);
	for (dir = 0; dir < 2; dir++) {
		for (qp = 0; qp < s->qps; qp++) {
			count = 1 + prng_below(p, QP_OPS);
			for (i = 0; i < count; i++) {
				limit = room / (s->qps * QP_OPS);
				if (huge && !dir && !qp && !i)
					limit = s->max_len;
				plan_op(p, s, dir, qp, i == count - 1,
					limit < s->max_len ? limit : s->max_len);
			}
		}
	}
}

/* ------------------------------------------------------------------- memory */

static void scatter(struct side *s, uint8_t *arena, const struct frag *frag, int count,
		    const struct op *op)
{
	uint8_t *from = s->scratch;

	prng_fill(s->scratch, op->len, op->seed);
	for (; count--; frag++) {
		memcpy(arena + frag->off, from, frag->len);
		from += frag->len;
	}
}

/* Sources, guards, words, and the picture of what must come out. */
static void prepare_memory(struct side *s)
{
	static const uint8_t guard[8] = { GUARD, GUARD, GUARD, GUARD, GUARD, GUARD, GUARD, GUARD };
	const struct op *op;
	int dir, i;

	memset(s->in, GUARD, plan.in_used[s->role]);
	memset(s->want, GUARD, plan.in_used[s->role]);
	for (dir = 0; dir < 2; dir++) {
		for (i = 0, op = plan.op[dir]; i < plan.ops[dir]; i++, op++) {
			if (is_atomic(op) && dir != s->role) {
				/* the first on a word finds what it was planned to find */
				if (!memcmp(s->want + op->word, guard, 8))
					memcpy(s->in + op->word, &op->before, 8);
				memcpy(s->want + op->word, &op->after, 8);
			} else if (is_atomic(op)) {
				memcpy(s->want + op->in[0].off, &op->before, 8);
			} else if (source_of(op, dir) == s->role) {
				scatter(s, s->out, op->out, op->outs, op);
			} else {
				scatter(s, s->want, op->in, op->ins, op);
			}
		}
	}
}

/* Of payload only, split as the source has it split: comparable on both sides. */
static uint64_t hash_side(struct side *s, bool out)
{
	const struct op *op;
	uint64_t hash = 1;
	int dir, i;

	for (dir = 0; dir < 2; dir++) {
		for (i = 0, op = plan.op[dir]; i < plan.ops[dir]; i++, op++) {
			const struct frag *frag = out ? op->out : op->in;
			int count = out ? op->outs : op->ins;
			uint8_t *to = s->scratch;

			if (is_atomic(op) || (source_of(op, dir) == s->role) != out)
				continue;
			for (; count--; frag++) {
				memcpy(to, (out ? s->out : s->in) + frag->off, frag->len);
				to += frag->len;
			}
			hash = prng_hash(hash, s->scratch, op->len);
		}
	}
	return hash;
}

/* Which operations could have written to the byte at @at. */
static void tell_near(const struct op *op, int number, int dir, size_t at)
{
	for (int f = 0; f < op->ins; f++)
		if (at + 64 > op->in[f].off && at < op->in[f].off + op->in[f].len + 64)
			ktap_msg("near op %d dir %d qp %d opcode %d len %u frag %d: %zu + %u",
				 number, dir, op->qp, op->opcode, op->len, f, op->in[f].off,
				 op->in[f].len);
}

static int check_memory(struct side *s)
{
	size_t used = plan.in_used[s->role], at;
	int dir, i;

	if (!memcmp(s->in, s->want, used))
		return KTAP_PASS;
	for (at = 0; s->in[at] == s->want[at]; at++)
		;
	ktap_msg("byte %zu of %zu is %02x, want %02x", at, used, s->in[at], s->want[at]);
	for (dir = 0; dir < 2; dir++)
		for (i = 0; i < plan.ops[dir]; i++)
			tell_near(&plan.op[dir][i], i, dir, at);
	return KTAP_FAIL;
}

/* ------------------------------------------------------------------ traffic */

static void make_sges(struct ibv_sge *sge, const uint8_t *arena, struct ibv_mr **mr,
		      const struct frag *frag, int count, uint32_t choice)
{
	for (; count--; frag++, sge++, choice >>= 1) {
		sge->addr = (uintptr_t)arena + frag->off;
		sge->length = frag->len;
		sge->lkey = mr[choice & 1]->lkey;
	}
}

static int post_receive(struct side *s, const struct op *op, int number)
{
	struct ibv_sge sge[MAX_FRAGS + 1];
	struct ibv_recv_wr *bad, wr = {
		.wr_id = (uint64_t)op->qp << 32 | number,
		.sg_list = sge,
	};

	if (is_send(op)) {
		if (s->type == IBV_QPT_UD)
			sge[wr.num_sge++] = (struct ibv_sge) {
				.addr = (uintptr_t)s->grh, .length = 40, .lkey = s->grh_mr->lkey,
			};
		make_sges(sge + wr.num_sge, s->in, s->in_mr, op->in, op->ins, op->imm);
		wr.num_sge += op->ins;
		sge[wr.num_sge - 1].length += op->slack;
	}
	EXPECT_EQ(ibv_post_recv(s->ep[op->qp].qp, &wr, &bad), 0);
	return KTAP_PASS;
}

/* The receives of the other side's operations: all, or one half of each QP's. */
static int post_receives(struct side *s, bool late)
{
	const struct op *op = plan.op[!s->role];
	int seen[MAX_QPS] = {}, i;

	for (i = 0; i < plan.ops[!s->role]; i++, op++) {
		if (!takes_receive(op))
			continue;
		if (plan.late && (seen[op->qp]++ >= 2) != late)
			continue;
		if (!plan.late && late)
			continue;
		TRY(post_receive(s, op, i));
	}
	return KTAP_PASS;
}

static void make_wr(struct side *s, const struct op *op, int number,
		    struct ibv_send_wr *wr, struct ibv_sge *sge)
{
	const struct frag *remote = op->opcode == IBV_WR_RDMA_READ ? op->out : op->in;
	int key = op->imm >> 8 & 1, i;

	memset(wr, 0, sizeof(*wr));
	wr->wr_id = (uint64_t)op->qp << 32 | number;
	wr->opcode = op->opcode;
	wr->send_flags = op->flags;
	wr->sg_list = sge;
	wr->imm_data = op->imm;
	if (is_atomic(op) || op->opcode == IBV_WR_RDMA_READ) {
		make_sges(sge, s->in, s->in_mr, op->in, op->ins, op->imm);
		wr->num_sge = op->ins;
	} else {
		make_sges(sge, s->out, s->out_mr, op->out, op->outs, op->imm);
		wr->num_sge = op->outs;
	}
	for (i = 0; op->flags & IBV_SEND_INLINE && i < wr->num_sge; i++)
		sge[i].lkey = 0xdeadbeef;	/* nobody may look */
	if (s->type == IBV_QPT_UD) {
		wr->wr.ud.ah = s->ep[op->qp].ah;
		wr->wr.ud.remote_qpn = s->ep[op->qp].far.qpn;
		wr->wr.ud.remote_qkey = EP_QKEY;
	} else if (is_atomic(op)) {
		wr->wr.atomic.remote_addr = s->far_in + op->word;
		wr->wr.atomic.rkey = s->far_in_rkey[key];
		wr->wr.atomic.compare_add = op->compare_add;
		wr->wr.atomic.swap = op->swap;
	} else if (op->opcode == IBV_WR_RDMA_READ) {
		wr->wr.rdma.remote_addr = s->far_out + remote->off;
		wr->wr.rdma.rkey = s->far_out_rkey[key];
	} else {
		wr->wr.rdma.remote_addr = s->far_in + remote->off;
		wr->wr.rdma.rkey = s->far_in_rkey[key];
	}
}

/* Post lists of random length on QPs in random turn. */
static int post_sends(struct side *s, struct prng *p)
{
	static struct ibv_send_wr wr[MAX_OPS];
	static struct ibv_sge sge[MAX_OPS][MAX_FRAGS];
	int next[MAX_QPS], i, f, first, last, left = plan.ops[s->role], qp;
	struct op *ops = plan.op[s->role];
	struct ibv_send_wr *bad;

	for (qp = 0; qp < s->qps; qp++)
		for (next[qp] = 0; next[qp] < left && ops[next[qp]].qp != qp; next[qp]++)
			;
	for (i = 0; i < left; i++)
		make_wr(s, &ops[i], i, &wr[i], sge[i]);
	while (left) {
		qp = prng_below(p, s->qps);
		first = next[qp];
		last = first;
		while (last < plan.ops[s->role] && ops[last].qp == qp && prng_chance(p, 75)) {
			wr[last].next = &wr[last + 1];
			last++;
		}
		if (last == first)
			continue;
		wr[last - 1].next = NULL;
		EXPECT_EQ(ibv_post_send(s->ep[qp].qp, &wr[first], &bad), 0);
		for (i = first; i < last; i++)	/* inline data has been taken */
			for (f = 0; ops[i].flags & IBV_SEND_INLINE && f < ops[i].outs; f++)
				memset(s->out + ops[i].out[f].off, 0x5a, ops[i].out[f].len);
		next[qp] = last;
		left -= last - first;
	}
	return KTAP_PASS;
}

static int check_wc(struct side *s, const struct ibv_wc *wc, bool recv, int *cursor)
{
	static const enum ibv_wc_opcode opcodes[] = {
		[IBV_WR_RDMA_WRITE] = IBV_WC_RDMA_WRITE,
		[IBV_WR_RDMA_WRITE_WITH_IMM] = IBV_WC_RDMA_WRITE,
		[IBV_WR_SEND] = IBV_WC_SEND,
		[IBV_WR_SEND_WITH_IMM] = IBV_WC_SEND,
		[IBV_WR_RDMA_READ] = IBV_WC_RDMA_READ,
		[IBV_WR_ATOMIC_CMP_AND_SWP] = IBV_WC_COMP_SWAP,
		[IBV_WR_ATOMIC_FETCH_AND_ADD] = IBV_WC_FETCH_ADD,
	};
	int dir = recv ? !s->role : s->role, qp = wc->wr_id >> 32, i;
	uint32_t number = wc->wr_id;
	const struct op *op;

	EXPECT(wc->status == IBV_WC_SUCCESS, "%s of wr_id %llx: %s", recv ? "receive" : "send",
	       (unsigned long long)wc->wr_id, ibv_wc_status_str(wc->status));
	EXPECT(qp < s->qps && number < (uint32_t)plan.ops[dir], "wr_id %llx",
	       (unsigned long long)wc->wr_id);
	EXPECT(wc->qp_num == s->ep[qp].qp->qp_num, "qp_num %u", wc->qp_num);
	/* the next of this QP that completes, in posting order */
	for (i = cursor[qp]; i < plan.ops[dir]; i++) {
		op = &plan.op[dir][i];
		if (op->qp == qp && (recv ? takes_receive(op) : op->flags & IBV_SEND_SIGNALED))
			break;
	}
	EXPECT((int)number == i, "qp %d completes %u, want %d", qp, number, i);
	cursor[qp] = i + 1;
	op = &plan.op[dir][number];
	if (!recv) {
		EXPECT_EQ(wc->opcode, opcodes[op->opcode]);
		return KTAP_PASS;
	}
	EXPECT_EQ(wc->opcode, is_send(op) ? IBV_WC_RECV : IBV_WC_RECV_RDMA_WITH_IMM);
	EXPECT_EQ(wc->byte_len, op->len + (s->type == IBV_QPT_UD ? 40 : 0));
	EXPECT_EQ(!!(wc->wc_flags & IBV_WC_WITH_IMM), has_imm(op));
	if (has_imm(op))
		EXPECT_EQ(wc->imm_data, op->imm);
	if (s->type == IBV_QPT_UD) {
		EXPECT_EQ(!!(wc->wc_flags & IBV_WC_GRH), 1);
		EXPECT_EQ(wc->src_qp, s->ep[qp].far.qpn);
	}
	return KTAP_PASS;
}

static int count_completions(struct side *s, bool recv)
{
	int dir = recv ? !s->role : s->role, count = 0, i;

	for (i = 0; i < plan.ops[dir]; i++)
		count += recv ? takes_receive(&plan.op[dir][i]) :
			 !!(plan.op[dir][i].flags & IBV_SEND_SIGNALED);
	return count;
}

static int stalled(const struct side *s, int sends, int recvs, const int *scursor,
		   const int *rcursor)
{
	int qp;

	ktap_msg("%d sends and %d receives do not complete", sends, recvs);
	for (qp = 0; qp < s->qps; qp++)
		ktap_msg("qp %d, state %d: sends done to %d, receives done to %d of the plan",
			 qp, ep_state(&s->ep[qp]), scursor[qp], rcursor[qp]);
	return KTAP_FAIL;
}

static int collect(struct side *s)
{
	int sends = count_completions(s, false), recvs = count_completions(s, true);
	int scursor[MAX_QPS] = {}, rcursor[MAX_QPS] = {}, got;
	uint64_t end = now_ms() + 2 * WAIT_MS;
	struct ibv_wc wc[16];

	while (sends || recvs) {
		if (now_ms() > end)
			return stalled(s, sends, recvs, scursor, rcursor);
		got = cq_wait(s->scq, wc, sends ? 1 : 0, recvs ? 0 : 100);
		for (int i = 0; i < got; i++, sends--)
			TRY(check_wc(s, &wc[i], false, scursor));
		got = cq_wait(s->rcq, wc, recvs ? 1 : 0, 1);
		for (int i = 0; i < got; i++, recvs--)
			TRY(check_wc(s, &wc[i], true, rcursor));
	}
	TRY(cq_expect_none(s->scq, 0));
	return cq_expect_none(s->rcq, 0);
}

/* Tell @value, learn the other's. */
static int exchange(struct side *s, uint64_t value, uint64_t *other)
{
	EXPECT(sock_send(s->sock, &value, 8) && sock_recv(s->sock, other, 8),
	       "the other side is gone");
	return KTAP_PASS;
}

static int run_batch(struct side *s, struct prng *p, bool huge)
{
	uint64_t sent, got, far_sent, far_got;
	int dir, i;

	plan_batch(p, s, huge);
	EXPECT(plan.in_used[s->role] <= s->arena && plan.out_used[s->role] <= s->arena,
	       "test error: arena of %zu too small", s->arena);
	prepare_memory(s);
	sent = hash_side(s, true);
	TRY(post_receives(s, false));
	TRY(exchange(s, sent, &far_sent));
	TRY(post_sends(s, p));
	if (plan.late)
		usleep(2000);
	TRY(post_receives(s, true));
	TRY(collect(s));
	TRY(exchange(s, 0, &far_got));	/* and so the other's completions are there, too */
	got = hash_side(s, false);
	TRY(check_memory(s));
	TRY(exchange(s, got, &far_got));
	EXPECT(far_got == sent, "the other side got other bytes");
	EXPECT(got == far_sent, "we got other bytes");
	for (dir = 0; dir < 2; dir++)
		for (i = 0; i < plan.ops[dir]; i++, s->done++)
			s->bytes += plan.op[dir][i].len;
	return KTAP_PASS;
}

/* --------------------------------------------------------------------- life */

static uint8_t *make_arena(struct side *s, struct ibv_mr **mr, size_t size, int count)
{
	uint8_t *arena = aligned_alloc(4096, (size + 4095) & ~4095UL);

	if (!arena)
		return NULL;
	memset(arena, 0, size);
	while (count--)
		mr[count] = ibv_reg_mr(s->node.pd, arena, size,
				       IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_READ |
				       IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_ATOMIC);
	return mr[0] ? arena : NULL;
}

static int make_side(struct side *s)
{
	struct ep_cfg cfg = {
		.type = s->type, .send_wr = QP_OPS, .recv_wr = QP_OPS,
		.sge = MAX_FRAGS, .inline_bytes = 64, .size = 4096,
	};
	struct ibv_qp_init_attr init;
	struct ibv_qp_attr attr;
	int i;

	TRY(node_open(&s->node, opt.listen || opt.host ? 0 : s->role));
	s->arena = opt.full ? 160 * MIB : 24 * MIB;
	s->max_len = opt.full ? 64 * MIB : 4 * MIB;
	if (s->type == IBV_QPT_UD)
		s->max_len = 128 << s->node.port.active_mtu;
	s->qps = opt.full ? MAX_QPS : 4;
	s->out = make_arena(s, s->out_mr, s->arena, 2);
	s->in = make_arena(s, s->in_mr, s->arena, 2);
	s->grh = make_arena(s, &s->grh_mr, 64, 1);
	s->want = aligned_alloc(64, s->arena);
	s->scratch = aligned_alloc(64, s->max_len + 64);
	EXPECT(s->out && s->in && s->grh && s->want && s->scratch, "memory: %s", strerror(errno));
	s->scq = ibv_create_cq(s->node.ctx, MAX_OPS, NULL, NULL, 0);
	s->rcq = ibv_create_cq(s->node.ctx, MAX_OPS, NULL, NULL, 0);
	EXPECT(s->scq && s->rcq, "create_cq: %s", strerror(errno));
	cfg.scq = s->scq;
	cfg.rcq = s->rcq;
	for (i = 0; i < s->qps; i++)
		TRY(ep_create(&s->ep[i], &s->node, &cfg));
	EXPECT_EQ(ibv_query_qp(s->ep[0].qp, &attr, IBV_QP_CAP, &init), 0);
	s->max_inline = init.cap.max_inline_data < 1024 ? init.cap.max_inline_data : 1024;
	return KTAP_PASS;
}

struct hello {
	struct ep_addr ep[MAX_QPS];
	uint64_t out, in;
	uint32_t out_rkey[2], in_rkey[2];
	uint64_t seed;
	uint32_t max_inline, max_len;
};

static int connect_side(struct side *s, uint64_t *seed)
{
	struct hello mine = {
		.out = (uintptr_t)s->out, .in = (uintptr_t)s->in, .seed = *seed,
		.max_inline = s->max_inline, .max_len = s->max_len,
	}, far;
	uint64_t ready;
	int i;

	for (i = 0; i < 2; i++) {
		mine.out_rkey[i] = s->out_mr[i]->rkey;
		mine.in_rkey[i] = s->in_mr[i]->rkey;
	}
	for (i = 0; i < s->qps; i++)
		ep_addr(&s->ep[i], &mine.ep[i]);
	EXPECT(sock_send(s->sock, &mine, sizeof(mine)) && sock_recv(s->sock, &far, sizeof(far)),
	       "no hello from the other side");
	for (i = 0; i < s->qps; i++) {
		s->ep[i].far = far.ep[i];
		EXPECT_EQ(ep_rtr(&s->ep[i]), 0);
		EXPECT_EQ(ep_rts(&s->ep[i]), 0);
		if (s->type == IBV_QPT_UD) {
			struct ibv_ah_attr attr = {
				.is_global = 1, .port_num = 1,
				.grh = { .dgid = far.ep[i].gid, .hop_limit = 64,
					 .sgid_index = s->node.gid_index },
			};

			s->ep[i].ah = ibv_create_ah(s->node.pd, &attr);
			EXPECT(s->ep[i].ah, "create_ah: %s", strerror(errno));
		}
	}
	s->far_out = far.out;
	s->far_in = far.in;
	memcpy(s->far_out_rkey, far.out_rkey, sizeof(far.out_rkey));
	memcpy(s->far_in_rkey, far.in_rkey, sizeof(far.in_rkey));
	if (far.max_inline < s->max_inline)
		s->max_inline = far.max_inline;
	if (far.max_len < s->max_len)
		s->max_len = far.max_len;
	if (s->role)
		*seed = far.seed;	/* the near side's word counts */
	return exchange(s, 0, &ready);
}

/* One side of the traffic; the near one says when it is enough. */
static int run_side(int role, int sock, enum ibv_qp_type type)
{
	static struct side side;
	struct side *s = &side;
	uint64_t end = now_ms() + opt.seconds * 1000ULL, start, seed = opt.seed, go, far_go;
	int batches = opt.full ? 60 : 12, n;
	struct prng p;

	s->role = role;
	s->sock = sock;
	s->type = type;
	TRY(make_side(s));
	TRY(connect_side(s, &seed));
	start = now_us();
	for (n = 0; ; n++) {
		go = opt.seconds ? now_ms() < end : n < batches;
		TRY(exchange(s, go, &far_go));
		if (!(role ? far_go : go))
			break;
		/* own generator per batch: what one side draws alone does not matter */
		p.state = seed + n;
		if (run_batch(s, &p, type != IBV_QPT_UD && n % 6 == 1)) {
			ktap_msg("%s side, batch %d of seed 0x%llx", role ? "far" : "near", n,
				 (unsigned long long)seed);
			return KTAP_FAIL;
		}
	}
	if (!role)
		ktap_msg("%d batches, %llu operations, %llu bytes, %llu ms", n,
			 (unsigned long long)s->done, (unsigned long long)s->bytes,
			 (unsigned long long)(now_us() - start) / 1000);
	for (int i = 0; i < s->qps; i++)
		ep_destroy(&s->ep[i]);
	return KTAP_PASS;
}

static int run_pair(enum ibv_qp_type type)
{
	int fd[2], status, result;
	pid_t pid;

	if (opt.listen || opt.host) {
		fd[0] = opt.listen ? sock_server(opt.port) : sock_client(opt.host, opt.port);
		EXPECT(fd[0] >= 0, "no connection: %s", strerror(errno));
		return run_side(opt.listen, fd[0], type);
	}
	EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	pid = fork();
	if (!pid) {
		close(fd[0]);
		exit(run_side(1, fd[1], type));
	}
	close(fd[1]);
	result = run_side(0, fd[0], type);
	close(fd[0]);
	EXPECT(waitpid(pid, &status, 0) == pid, "far side lost");
	EXPECT(!status || result, "far side failed");
	return result;
}

static int rc(void) { return run_pair(IBV_QPT_RC); }
static int uc(void) { return run_pair(IBV_QPT_UC); }
static int ud(void) { return run_pair(IBV_QPT_UD); }

int main(int argc, char **argv)
{
	static struct ktap_case cases[] = {
		{ "rc", rc, 300 },
		{ "uc", uc, 300 },
		{ "ud", ud, 300 },
	};

	options_parse(argc, argv);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cases[i].seconds += opt.seconds;
	return ktap_run(cases, ARRAY_SIZE(cases), opt.only);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Every pair of states of a queue pair of each type, with the attributes that a change
 * needs, may have and must not have: InfiniBand specification, 10.3 and table 91 (as
 * ibv_modify_qp(3) repeats it).  What may be set is read back.  Where rxe does otherwise,
 * rxe_differs() says so.
 *
 * With -t anything each change is printed with its errno, to compare two devices.
 */
#include <errno.h>
#include <string.h>

#include "lib/verbs_util.h"

#define OTHER_QPN	0x123456

static struct node node;
static struct ibv_cq *cq;

/**
 * struct change - a change of state that the specification knows
 * @type: of the queue pair
 * @from: state
 * @to: state
 * @needed: IBV_QP_*, beside the state
 * @allowed: that may come with it
 */
struct change {
	enum ibv_qp_type type;
	enum ibv_qp_state from, to;
	int needed, allowed;
};

#define PATH_RC	(IBV_QP_AV | IBV_QP_PATH_MTU | IBV_QP_DEST_QPN | IBV_QP_RQ_PSN | \
		 IBV_QP_MAX_DEST_RD_ATOMIC | IBV_QP_MIN_RNR_TIMER)
#define PATH_UC	(IBV_QP_AV | IBV_QP_PATH_MTU | IBV_QP_DEST_QPN | IBV_QP_RQ_PSN)
#define SEND_RC	(IBV_QP_SQ_PSN | IBV_QP_MAX_QP_RD_ATOMIC | IBV_QP_RETRY_CNT | \
		 IBV_QP_RNR_RETRY | IBV_QP_TIMEOUT)
#define INIT_C	(IBV_QP_PKEY_INDEX | IBV_QP_PORT | IBV_QP_ACCESS_FLAGS)
#define INIT_UD	(IBV_QP_PKEY_INDEX | IBV_QP_PORT | IBV_QP_QKEY)

static const struct change changes[] = {
	{ IBV_QPT_RC, IBV_QPS_RESET, IBV_QPS_INIT, INIT_C, 0 },
	{ IBV_QPT_RC, IBV_QPS_INIT, IBV_QPS_INIT, 0, INIT_C },
	{ IBV_QPT_RC, IBV_QPS_INIT, IBV_QPS_RTR, PATH_RC, IBV_QP_ACCESS_FLAGS | IBV_QP_PKEY_INDEX },
	{ IBV_QPT_RC, IBV_QPS_RTR, IBV_QPS_RTS, SEND_RC,
	  IBV_QP_CUR_STATE | IBV_QP_ACCESS_FLAGS | IBV_QP_MIN_RNR_TIMER },
	{ IBV_QPT_RC, IBV_QPS_RTS, IBV_QPS_RTS, 0,
	  IBV_QP_CUR_STATE | IBV_QP_ACCESS_FLAGS | IBV_QP_MIN_RNR_TIMER },
	{ IBV_QPT_RC, IBV_QPS_RTS, IBV_QPS_SQD, 0, IBV_QP_EN_SQD_ASYNC_NOTIFY },
	{ IBV_QPT_RC, IBV_QPS_SQD, IBV_QPS_RTS, 0,
	  IBV_QP_CUR_STATE | IBV_QP_ACCESS_FLAGS | IBV_QP_MIN_RNR_TIMER },
	{ IBV_QPT_RC, IBV_QPS_SQD, IBV_QPS_SQD, 0,
	  IBV_QP_PORT | IBV_QP_AV | IBV_QP_TIMEOUT | IBV_QP_RETRY_CNT | IBV_QP_RNR_RETRY |
	  IBV_QP_MAX_QP_RD_ATOMIC | IBV_QP_MAX_DEST_RD_ATOMIC | IBV_QP_ACCESS_FLAGS |
	  IBV_QP_PKEY_INDEX | IBV_QP_MIN_RNR_TIMER },
	{ IBV_QPT_UC, IBV_QPS_RESET, IBV_QPS_INIT, INIT_C, 0 },
	{ IBV_QPT_UC, IBV_QPS_INIT, IBV_QPS_INIT, 0, INIT_C },
	{ IBV_QPT_UC, IBV_QPS_INIT, IBV_QPS_RTR, PATH_UC, IBV_QP_ACCESS_FLAGS | IBV_QP_PKEY_INDEX },
	{ IBV_QPT_UC, IBV_QPS_RTR, IBV_QPS_RTS, IBV_QP_SQ_PSN,
	  IBV_QP_CUR_STATE | IBV_QP_ACCESS_FLAGS },
	{ IBV_QPT_UC, IBV_QPS_RTS, IBV_QPS_RTS, 0, IBV_QP_CUR_STATE | IBV_QP_ACCESS_FLAGS },
	{ IBV_QPT_UC, IBV_QPS_RTS, IBV_QPS_SQD, 0, IBV_QP_EN_SQD_ASYNC_NOTIFY },
	{ IBV_QPT_UC, IBV_QPS_SQD, IBV_QPS_RTS, 0, IBV_QP_CUR_STATE | IBV_QP_ACCESS_FLAGS },
	/* The path, too, says the specification; Linux then takes the port to be told as well. */
	{ IBV_QPT_UC, IBV_QPS_SQD, IBV_QPS_SQD, 0, IBV_QP_ACCESS_FLAGS | IBV_QP_PKEY_INDEX },
	{ IBV_QPT_UD, IBV_QPS_RESET, IBV_QPS_INIT, INIT_UD, 0 },
	{ IBV_QPT_UD, IBV_QPS_INIT, IBV_QPS_INIT, 0, INIT_UD },
	{ IBV_QPT_UD, IBV_QPS_INIT, IBV_QPS_RTR, 0, IBV_QP_PKEY_INDEX | IBV_QP_QKEY },
	{ IBV_QPT_UD, IBV_QPS_RTR, IBV_QPS_RTS, IBV_QP_SQ_PSN, IBV_QP_CUR_STATE | IBV_QP_QKEY },
	{ IBV_QPT_UD, IBV_QPS_RTS, IBV_QPS_RTS, 0, IBV_QP_CUR_STATE | IBV_QP_QKEY },
	{ IBV_QPT_UD, IBV_QPS_RTS, IBV_QPS_SQD, 0, IBV_QP_EN_SQD_ASYNC_NOTIFY },
	{ IBV_QPT_UD, IBV_QPS_SQD, IBV_QPS_RTS, 0, IBV_QP_CUR_STATE | IBV_QP_QKEY },
	{ IBV_QPT_UD, IBV_QPS_SQD, IBV_QPS_SQD, 0, IBV_QP_PKEY_INDEX | IBV_QP_QKEY },
};

/* In which each can be put by changes that the others show. */
static const enum ibv_qp_state states[] = {
	IBV_QPS_RESET, IBV_QPS_INIT, IBV_QPS_RTR, IBV_QPS_RTS, IBV_QPS_SQD, IBV_QPS_ERR,
};

static const char *const state_names[] = {
	"RESET", "INIT", "RTR", "RTS", "SQD", "SQE", "ERR",
};

static const enum ibv_qp_type types[] = { IBV_QPT_RC, IBV_QPT_UC, IBV_QPT_UD };

static const struct attribute {
	int bit;
	const char *name;
} attributes[] = {
	{ IBV_QP_CUR_STATE, "CUR_STATE" },
	{ IBV_QP_EN_SQD_ASYNC_NOTIFY, "EN_SQD_ASYNC_NOTIFY" },
	{ IBV_QP_ACCESS_FLAGS, "ACCESS_FLAGS" },
	{ IBV_QP_PKEY_INDEX, "PKEY_INDEX" },
	{ IBV_QP_PORT, "PORT" },
	{ IBV_QP_QKEY, "QKEY" },
	{ IBV_QP_AV, "AV" },
	{ IBV_QP_PATH_MTU, "PATH_MTU" },
	{ IBV_QP_TIMEOUT, "TIMEOUT" },
	{ IBV_QP_RETRY_CNT, "RETRY_CNT" },
	{ IBV_QP_RNR_RETRY, "RNR_RETRY" },
	{ IBV_QP_RQ_PSN, "RQ_PSN" },
	{ IBV_QP_MAX_QP_RD_ATOMIC, "MAX_QP_RD_ATOMIC" },
	{ IBV_QP_MIN_RNR_TIMER, "MIN_RNR_TIMER" },
	{ IBV_QP_SQ_PSN, "SQ_PSN" },
	{ IBV_QP_MAX_DEST_RD_ATOMIC, "MAX_DEST_RD_ATOMIC" },
	{ IBV_QP_DEST_QPN, "DEST_QPN" },
};

/* ---- queue pairs ---- */

/* The change from @from to @to, as the specification has it; false: there is none. */
static bool find(enum ibv_qp_type type, enum ibv_qp_state from, enum ibv_qp_state to,
		 struct change *change)
{
	*change = (struct change) { type, from, to, 0, 0 };
	/* The specification has RESET to ERR, too; Linux has not, for any device. */
	if (to == IBV_QPS_RESET || (to == IBV_QPS_ERR && from != IBV_QPS_RESET))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		if (changes[i].type != type || changes[i].from != from || changes[i].to != to)
			continue;
		*change = changes[i];
		return true;
	}
	return false;
}

static struct ibv_qp *create(enum ibv_qp_type type)
{
	struct ibv_qp_init_attr attr = {
		.send_cq = cq, .recv_cq = cq, .qp_type = type,
		.cap = { .max_send_wr = 4, .max_recv_wr = 4, .max_send_sge = 1, .max_recv_sge = 1 },
	};

	return ibv_create_qp(node.pd, &attr);
}

/* Values that no attribute has by itself. */
static void fill(struct ibv_qp_attr *attr, enum ibv_qp_state from, enum ibv_qp_state to)
{
	*attr = (struct ibv_qp_attr) {
		.qp_state = to, .cur_qp_state = from, .en_sqd_async_notify = 1,
		.qp_access_flags = IBV_ACCESS_REMOTE_READ | IBV_ACCESS_REMOTE_WRITE,
		.port_num = 1, .qkey = 0x55aa, .path_mtu = IBV_MTU_512, .timeout = 11,
		.retry_cnt = 3, .rnr_retry = 5, .rq_psn = 0xabc, .max_rd_atomic = 2,
		.min_rnr_timer = 9, .sq_psn = 0xdef, .max_dest_rd_atomic = 3,
		.dest_qp_num = OTHER_QPN,
		.ah_attr = {
			.is_global = 1, .port_num = 1,
			.grh = { .dgid = node.gid, .sgid_index = node.gid_index, .hop_limit = 64 },
		},
	};
}

static int modify(struct ibv_qp *qp, enum ibv_qp_state from, enum ibv_qp_state to, int mask)
{
	struct ibv_qp_attr attr;

	fill(&attr, from, to);
	return ibv_modify_qp(qp, &attr, IBV_QP_STATE | mask);
}

static int step(struct ibv_qp *qp, enum ibv_qp_state from, enum ibv_qp_state to)
{
	struct change change;

	find(qp->qp_type, from, to, &change);
	return modify(qp, from, to, change.needed);
}

/* A new queue pair in @state; NULL when it cannot be brought there. */
static struct ibv_qp *create_in(enum ibv_qp_type type, enum ibv_qp_state state)
{
	static const enum ibv_qp_state way[] = {
		IBV_QPS_RESET, IBV_QPS_INIT, IBV_QPS_RTR, IBV_QPS_RTS, IBV_QPS_SQD,
	};
	struct ibv_qp *qp = create(type);
	int err = qp ? 0 : errno;

	if (!err && state == IBV_QPS_ERR)
		err = step(qp, IBV_QPS_RESET, IBV_QPS_INIT) ?: step(qp, IBV_QPS_INIT, state);
	else
		for (size_t i = 0; !err && way[i] != state; i++)
			err = step(qp, way[i], way[i + 1]);
	if (!err)
		return qp;
	ktap_msg("no queue pair in %s: %s", state_names[state], strerror(err));
	if (qp)
		ibv_destroy_qp(qp);
	return NULL;
}

/* Is @bit, one of those that were set, what it was set to? */
static bool is_set(const struct ibv_qp_attr *a, const struct ibv_qp_attr *b, int bit)
{
	switch (bit) {
	case IBV_QP_ACCESS_FLAGS:
		return a->qp_access_flags == b->qp_access_flags;
	case IBV_QP_PKEY_INDEX:
		return a->pkey_index == b->pkey_index;
	case IBV_QP_PORT:
		return a->port_num == b->port_num;
	case IBV_QP_QKEY:
		return a->qkey == b->qkey;
	case IBV_QP_AV:
		return a->ah_attr.is_global && a->ah_attr.grh.hop_limit == 64 &&
		       !memcmp(&a->ah_attr.grh.dgid, &b->ah_attr.grh.dgid, 16) &&
		       a->ah_attr.grh.sgid_index == b->ah_attr.grh.sgid_index;
	case IBV_QP_PATH_MTU:
		return a->path_mtu == b->path_mtu;
	case IBV_QP_TIMEOUT:
		return a->timeout == b->timeout;
	case IBV_QP_RETRY_CNT:
		return a->retry_cnt == b->retry_cnt;
	case IBV_QP_RNR_RETRY:
		return a->rnr_retry == b->rnr_retry;
	case IBV_QP_RQ_PSN:
		return a->rq_psn == b->rq_psn;
	case IBV_QP_MAX_QP_RD_ATOMIC:
		return a->max_rd_atomic == b->max_rd_atomic;
	case IBV_QP_MIN_RNR_TIMER:
		return a->min_rnr_timer == b->min_rnr_timer;
	case IBV_QP_SQ_PSN:
		return a->sq_psn == b->sq_psn;
	case IBV_QP_MAX_DEST_RD_ATOMIC:
		return a->max_dest_rd_atomic == b->max_dest_rd_atomic;
	case IBV_QP_DEST_QPN:
		return a->dest_qp_num == b->dest_qp_num;
	default:	/* that say something about the change only */
		return true;
	}
}

/* What was set is what is told, as far as @mask goes. */
static const char *not_set(struct ibv_qp *qp, enum ibv_qp_state from, enum ibv_qp_state to,
			   int mask)
{
	struct ibv_qp_init_attr init;
	struct ibv_qp_attr want, have;

	fill(&want, from, to);
	if (ibv_query_qp(qp, &have, 0xfffff, &init))
		return "no answer";
	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++)
		if (mask & attributes[i].bit && !is_set(&have, &want, attributes[i].bit))
			return attributes[i].name;
	return NULL;
}

/* ---- what is tried ---- */

/*
 * rxe, as of 6.12: RESET and ERR take whatever comes along; SQD is no state that its core
 * lets an UC or UD queue pair be asked about in the same words.
 */
static bool rxe_differs(const struct change *change)
{
	return node_is_rxe(&node) && (change->to == IBV_QPS_SQD || change->from == IBV_QPS_SQD);
}

static void name_it(char *name, size_t size, const struct change *change, const char *sign,
		    const char *attribute)
{
	snprintf(name, size, "%s to %s %s%s", state_names[change->from], state_names[change->to],
		 sign, attribute);
}

/* One change with @mask: may it be, and is the state right afterwards? */
static int try(const struct change *change, int mask, bool good, const char *name)
{
	struct ibv_qp *qp = create_in(change->type, change->from);
	struct ibv_qp_init_attr init;
	struct ibv_qp_attr attr;
	const char *unset = NULL;
	int err;

	EXPECT(qp, "%s: nothing to begin with", name);
	err = modify(qp, change->from, change->to, mask);
	if (!err && good && change->to != IBV_QPS_RESET)
		unset = not_set(qp, change->from, change->to, mask);
	EXPECT(!ibv_query_qp(qp, &attr, IBV_QP_STATE, &init), "%s: no answer", name);
	ibv_destroy_qp(qp);
	if (opt.only)
		ktap_msg("%s: errno %d, then %s", name, err, state_names[attr.qp_state]);
	if (rxe_differs(change))
		return KTAP_PASS;
	EXPECT(!err == good, "%s: errno %d", name, err);
	EXPECT(good || err == EINVAL, "%s: errno %d", name, err);
	EXPECT(attr.qp_state == (good ? change->to : change->from), "%s: in %s", name,
	       state_names[attr.qp_state]);
	EXPECT(!unset, "%s: %s is not what it was set to", name, unset);
	return KTAP_PASS;
}

/* A change that there is: as it must be, then each attribute too many or too few. */
static int try_change(const struct change *change)
{
	char name[96];

	name_it(name, sizeof(name), change, "", "with what it needs");
	TRY(try(change, change->needed, true, name));
	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++) {
		int bit = attributes[i].bit;

		if (change->needed & bit) {
			name_it(name, sizeof(name), change, "without ", attributes[i].name);
			TRY(try(change, change->needed & ~bit, false, name));
		} else {
			name_it(name, sizeof(name), change, "with ", attributes[i].name);
			TRY(try(change, change->needed | bit, change->allowed & bit, name));
		}
	}
	return KTAP_PASS;
}

static int try_type(enum ibv_qp_type type)
{
	struct change change;

	TRY(node_open(&node, 0));
	cq = ibv_create_cq(node.ctx, 16, NULL, NULL, 0);
	EXPECT(cq, "create_cq: %s", strerror(errno));
	for (size_t from = 0; from < ARRAY_SIZE(states); from++) {
		for (size_t to = 0; to < ARRAY_SIZE(states); to++) {
			if (find(type, states[from], states[to], &change))
				TRY(try_change(&change));
			else
				TRY(try(&change, 0, false, "a change that there is not"));
		}
	}
	return KTAP_PASS;
}

static int rc(void) { return try_type(types[0]); }
static int uc(void) { return try_type(types[1]); }
static int ud(void) { return try_type(types[2]); }

/* ---- the state that nobody can ask for ---- */

/* A work request that fails at home stops the send queue alone, until it is set going again. */
static int send_error(enum ibv_qp_type type)
{
	struct ep_cfg cfg = { .type = type };
	struct ibv_qp_attr attr = { .qp_state = IBV_QPS_RTS };
	struct ibv_send_wr wr;
	struct ibv_sge sge;
	struct pair p;

	TRY(pair_open(&p));
	if (node_is_rxe(&p.node[0]))
		return ktap_skip("rxe has no SQE: it goes to ERR");
	TRY(pair_make(&p, &cfg, &cfg));
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(ep_recv(&p.a, 10 + i, 0, 1024), 0);
		EXPECT_EQ(ep_recv(&p.b, 20 + i, 0, 1024), 0);
	}
	ep_wr(&p.a, &wr, &sge, IBV_WR_SEND, 1, 0, 64);
	sge.lkey++;
	EXPECT_EQ(ep_post(&p.a, &wr), 0);
	EXPECT_EQ(ep_send(&p.a, 2, 0, 64, 0), 0);
	TRY(cq_expect(p.a.scq, 1, IBV_WC_LOC_PROT_ERR, NULL));
	EXPECT_EQ(ep_state(&p.a), IBV_QPS_SQE);
	TRY(cq_expect(p.a.scq, 2, IBV_WC_WR_FLUSH_ERR, NULL));
	EXPECT_EQ(ep_send(&p.a, 3, 0, 64, 0), 0);
	TRY(cq_expect(p.a.scq, 3, IBV_WC_WR_FLUSH_ERR, NULL));
	/* it receives as ever */
	EXPECT_EQ(ep_send(&p.b, 4, 0, 64, IBV_SEND_SIGNALED), 0);
	TRY(cq_expect(p.b.scq, 4, IBV_WC_SUCCESS, NULL));
	TRY(cq_expect(p.a.rcq, 10, IBV_WC_SUCCESS, NULL));
	EXPECT_EQ(ibv_modify_qp(p.a.qp, &attr, IBV_QP_STATE), 0);
	EXPECT_EQ(ep_state(&p.a), IBV_QPS_RTS);
	EXPECT_EQ(ep_send(&p.a, 5, 0, 64, IBV_SEND_SIGNALED), 0);
	TRY(cq_expect(p.a.scq, 5, IBV_WC_SUCCESS, NULL));
	return cq_expect(p.b.rcq, 20, IBV_WC_SUCCESS, NULL);
}

static int send_error_uc(void) { return send_error(IBV_QPT_UC); }
static int send_error_ud(void) { return send_error(IBV_QPT_UD); }

/* ---- what RESET leaves ---- */

/* Nothing of its own, and all of another queue pair's, in order. */
static int reset_drops(void)
{
	struct ep_cfg cfg = { .scq = NULL };
	struct ep a = {}, b = {};
	struct ibv_wc wc;

	TRY(node_open(&node, 0));
	if (node_is_rxe(&node))
		return ktap_skip("rxe leaves the completions");
	cfg.scq = ibv_create_cq(node.ctx, 16, NULL, NULL, 0);
	cfg.rcq = cfg.scq;
	EXPECT(cfg.scq, "create_cq: %s", strerror(errno));
	TRY(ep_create(&a, &node, &cfg));
	TRY(ep_create(&b, &node, &cfg));
	EXPECT_EQ(ep_init(&a), 0);
	EXPECT_EQ(ep_init(&b), 0);
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(ep_recv(&a, i, 0, 64), 0);
		EXPECT_EQ(ep_error(&a), 0);
		EXPECT_EQ(ep_recv(&b, 10 + i, 0, 64), 0);
		EXPECT_EQ(ep_error(&b), 0);
	}
	EXPECT_EQ(ep_reset(&a), 0);
	for (int i = 0; i < 3; i++)
		TRY(cq_expect(cfg.scq, 10 + i, IBV_WC_WR_FLUSH_ERR, NULL));
	EXPECT_EQ(ibv_poll_cq(cfg.scq, 1, &wc), 0);
	return KTAP_PASS;
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		{ "RC", rc, 120 },
		{ "UC", uc, 120 },
		{ "UD", ud, 120 },
		{ "a send error of UC", send_error_uc },
		{ "a send error of UD", send_error_ud },
		{ "RESET drops completions", reset_drops },
	};

	options_parse(argc, argv);
	return ktap_run(cases, ARRAY_SIZE(cases), NULL);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Everything is bounded: objects of each kind can be created up to what the
 * device reports, one more is refused with a proper errno, and what is destroyed
 * can be created again; queues are as large as was granted.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/verbs_util.h"

static struct node node;
static struct ibv_cq *cq;

static int open_it(void)
{
	TRY(node_open(&node, 0));
	cq = ibv_create_cq(node.ctx, 16, NULL, NULL, 0);
	EXPECT(cq, "create_cq: %s", strerror(errno));
	return KTAP_PASS;
}

/* ------------------------------------------------------------------ objects */

static void *make_pd(void) { return ibv_alloc_pd(node.ctx); }
static int drop_pd(void *object) { return ibv_dealloc_pd(object); }

static void *make_cq(void) { return ibv_create_cq(node.ctx, 1, NULL, NULL, 0); }
static int drop_cq(void *object) { return ibv_destroy_cq(object); }

static void *make_qp(void)
{
	struct ibv_qp_init_attr attr = {
		.send_cq = cq, .recv_cq = cq, .qp_type = IBV_QPT_RC,
		.cap = { .max_send_wr = 1, .max_recv_wr = 1, .max_send_sge = 1, .max_recv_sge = 1 },
	};

	return ibv_create_qp(node.pd, &attr);
}

static int drop_qp(void *object) { return ibv_destroy_qp(object); }

static void *make_srq(void)
{
	struct ibv_srq_init_attr attr = { .attr = { .max_wr = 1, .max_sge = 1 } };

	return ibv_create_srq(node.pd, &attr);
}

static int drop_srq(void *object) { return ibv_destroy_srq(object); }

static char page[4096] __attribute__((aligned(4096)));

static void *make_mr(void) { return ibv_reg_mr(node.pd, page, 64, IBV_ACCESS_LOCAL_WRITE); }
static int drop_mr(void *object) { return ibv_dereg_mr(object); }

static void *make_mw(void) { return ibv_alloc_mw(node.pd, IBV_MW_TYPE_2); }
static int drop_mw(void *object) { return ibv_dealloc_mw(object); }

static void *make_ah(void)
{
	struct ibv_ah_attr attr = {
		.is_global = 1, .port_num = 1,
		.grh = { .dgid = node.gid, .sgid_index = node.gid_index, .hop_limit = 1 },
	};

	return ibv_create_ah(node.pd, &attr);
}

static int drop_ah(void *object) { return ibv_destroy_ah(object); }

struct kind {
	const char *name;
	void *(*make)(void);
	int (*drop)(void *object);
	int *limit;
};

/* What the device says, less the few that the test and the kernel use. */
static int fill(const struct kind *kind)
{
	void **objects = calloc(*kind->limit + 1, sizeof(*objects));
	int count, err = 0, i;

	EXPECT(objects, "memory");
	for (count = 0; count <= *kind->limit; count++) {
		objects[count] = kind->make();
		if (!objects[count]) {
			err = errno;
			break;
		}
	}
	ktap_msg("%s: %d of %d, then %s", kind->name, count, *kind->limit, strerror(err));
	EXPECT(count <= *kind->limit, "one more than reported");
	EXPECT(count >= *kind->limit - 16, "only %d of %d", count, *kind->limit);
	EXPECT(err == ENOMEM || err == EINVAL || err == ENOSPC, "%s", strerror(err));
	/* one goes, one comes */
	EXPECT_EQ(kind->drop(objects[count - 1]), 0);
	objects[count - 1] = kind->make();
	EXPECT(objects[count - 1], "not given back: %s", strerror(errno));
	EXPECT(!kind->make(), "given back twice");
	for (i = 0; i < count; i++)
		EXPECT_EQ(kind->drop(objects[i]), 0);
	objects[0] = kind->make();
	EXPECT(objects[0], "none after all were dropped");
	EXPECT_EQ(kind->drop(objects[0]), 0);
	free(objects);
	return KTAP_PASS;
}

static int objects(void)
{
	struct kind kinds[] = {
		{ "pd", make_pd, drop_pd, &node.attr.max_pd },
		{ "srq", make_srq, drop_srq, &node.attr.max_srq },
		{ "cq", make_cq, drop_cq, &node.attr.max_cq },
		{ "ah", make_ah, drop_ah, &node.attr.max_ah },
		{ "qp", make_qp, drop_qp, &node.attr.max_qp },
		{ "mr", make_mr, drop_mr, &node.attr.max_mr },
		{ "mw", make_mw, drop_mw, &node.attr.max_mw },
	};

	TRY(open_it());
	if (node_is_rxe(&node))
		return ktap_skip("limits of rxe are of no interest");
	for (size_t i = 0; i < (opt.full ? ARRAY_SIZE(kinds) : 2); i++)
		TRY(fill(&kinds[i]));
	return KTAP_PASS;
}

/* ------------------------------------------------------------------- queues */

static int try_qp(uint32_t send_wr, uint32_t recv_wr, uint32_t sge, uint32_t inline_bytes)
{
	struct ibv_qp_init_attr attr = {
		.send_cq = cq, .recv_cq = cq, .qp_type = IBV_QPT_RC,
		.cap = { .max_send_wr = send_wr, .max_recv_wr = recv_wr, .max_send_sge = sge,
			 .max_recv_sge = sge, .max_inline_data = inline_bytes },
	};
	struct ibv_qp *qp = ibv_create_qp(node.pd, &attr);

	if (!qp)
		return errno;
	if (attr.cap.max_send_wr < send_wr || attr.cap.max_recv_wr < recv_wr ||
	    attr.cap.max_send_sge < sge || attr.cap.max_inline_data < inline_bytes)
		ktap_msg("granted less than asked for, without an error");
	return ibv_destroy_qp(qp);
}

static int try_cq(int cqe)
{
	struct ibv_cq *own = ibv_create_cq(node.ctx, cqe, NULL, NULL, 0);

	return own ? ibv_destroy_cq(own) : errno;
}

static int try_srq(uint32_t wr, uint32_t sge)
{
	struct ibv_srq_init_attr attr = { .attr = { .max_wr = wr, .max_sge = sge } };
	struct ibv_srq *srq = ibv_create_srq(node.pd, &attr);

	return srq ? ibv_destroy_srq(srq) : errno;
}

static int queues(void)
{
	uint32_t wr, sge;

	TRY(open_it());
	wr = node.attr.max_qp_wr;
	sge = node.attr.max_sge;
	EXPECT_EQ(try_qp(wr, wr, 1, 0), 0);
	EXPECT_EQ(try_qp(1, 1, sge, 0), 0);
	EXPECT_EQ(try_qp(wr + 1, 1, 1, 0), EINVAL);
	EXPECT_EQ(try_qp(1, wr + 1, 1, 0), EINVAL);
	EXPECT_EQ(try_qp(1, 1, sge + 1, 0), EINVAL);
	EXPECT_EQ(try_qp(~0U, ~0U, ~0U, ~0U), EINVAL);
	EXPECT_EQ(try_qp(1, 1, 1, 1 << 20), EINVAL);
	EXPECT_EQ(try_cq(node.attr.max_cqe), 0);
	EXPECT_EQ(try_cq(node.attr.max_cqe + 1), EINVAL);
	EXPECT_EQ(try_cq(0x7fffffff), EINVAL);
	EXPECT_EQ(try_srq(node.attr.max_srq_wr, 1), 0);
	EXPECT_EQ(try_srq(node.attr.max_srq_wr + 1, 1), EINVAL);
	EXPECT_EQ(try_srq(1, node.attr.max_srq_sge + 1), EINVAL);
	return KTAP_PASS;
}

/* A queue takes as much as was granted and refuses the next, with the right bad_wr. */
static int full_queue(void)
{
	struct ibv_recv_wr *bad = NULL, wr = { .wr_id = 5 };
	struct ibv_qp_init_attr init;
	struct ibv_qp_attr attr;
	uint32_t i;
	struct pair p;

	TRY(pair_make(&p, NULL, NULL));
	EXPECT_EQ(ibv_query_qp(p.b.qp, &attr, IBV_QP_CAP, &init), 0);
	for (i = 0; i < init.cap.max_recv_wr; i++)
		EXPECT_EQ(ep_recv(&p.b, i, 0, 64), 0);
	EXPECT_EQ(ibv_post_recv(p.b.qp, &wr, &bad), ENOMEM);
	EXPECT(bad == &wr, "bad_wr");
	for (i = 0; i < init.cap.max_recv_wr; i++)
		EXPECT_EQ(ep_send(&p.a, i, 0, 64, (i + 1) % 16 ? 0 : IBV_SEND_SIGNALED), 0);
	for (i = 0; i < init.cap.max_recv_wr; i++)
		TRY(cq_expect(p.b.rcq, i, IBV_WC_SUCCESS, NULL));
	/* a slot is free again with its sender's completion, a moment later */
	for (i = 15; i < init.cap.max_recv_wr; i += 16)
		TRY(cq_expect(p.a.scq, i, IBV_WC_SUCCESS, NULL));
	/* now nobody takes what a sends: its queue fills */
	EXPECT_EQ(ibv_query_qp(p.a.qp, &attr, IBV_QP_CAP, &init), 0);
	for (i = 0; i < init.cap.max_send_wr; i++)
		EXPECT_EQ(ep_send(&p.a, i, 0, 64, 0), 0);
	EXPECT_EQ(ep_send(&p.a, i, 0, 64, 0), ENOMEM);
	return KTAP_PASS;
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		{ "objects", objects, 280 },
		{ "queue sizes", queues },
		{ "full queues", full_queue },
	};

	options_parse(argc, argv);
	return ktap_run(cases, ARRAY_SIZE(cases), opt.only);
}

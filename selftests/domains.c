// SPDX-License-Identifier: GPL-2.0
/*
 * Parent domains protect as the domain below does, and keep it; a device that was opened
 * elsewhere is used with its domains and regions.
 */
#include <errno.h>
#include <string.h>

#include "lib/verbs_util.h"

static struct node node[2];
static struct ep a, b;

static struct ibv_pd *parent_over(struct ibv_pd *pd, struct ibv_td *td, uint32_t mask)
{
	struct ibv_parent_domain_init_attr attr = { .pd = pd, .td = td, .comp_mask = mask };

	return ibv_alloc_parent_domain(pd->context, &attr);
}

/* All that @a and @b are made of belongs to what node[0] and node[1] have for a PD. */
static int connect_and_send(void)
{
	TRY(ep_create(&a, &node[0], NULL));
	TRY(ep_create(&b, &node[1], NULL));
	TRY(ep_connect(&a, &b));
	a.buf[0] = 42;
	EXPECT_EQ(ep_recv(&b, 1, 64, 64), 0);
	EXPECT_EQ(ep_send(&a, 1, 0, 64, IBV_SEND_SIGNALED), 0);
	TRY(cq_expect(a.scq, 1, IBV_WC_SUCCESS, NULL));
	TRY(cq_expect(b.rcq, 1, IBV_WC_SUCCESS, NULL));
	EXPECT_EQ(b.buf[64], 42);
	a.buf[0] = 43;
	EXPECT_EQ(ep_rdma(&a, IBV_WR_RDMA_WRITE, 2, 0, 64, 128, IBV_SEND_SIGNALED), 0);
	TRY(cq_expect(a.scq, 2, IBV_WC_SUCCESS, NULL));
	EXPECT_EQ(b.buf[128], 43);
	return KTAP_PASS;
}

static int open_nodes(void)
{
	TRY(node_open(&node[0], 0));
	return node_open(&node[1], 1);
}

static int traffic(void)
{
	struct ibv_pd *below, *parent;

	TRY(open_nodes());
	below = node[1].pd;
	parent = parent_over(below, NULL, 0);
	EXPECT(parent, "parent domain: %s", strerror(errno));
	node[1].pd = parent;
	TRY(connect_and_send());
	ep_destroy(&a);
	ep_destroy(&b);
	EXPECT_EQ(ibv_dealloc_pd(below), EBUSY);
	EXPECT_EQ(ibv_dealloc_pd(parent), 0);
	EXPECT_EQ(ibv_dealloc_pd(below), 0);
	return KTAP_PASS;
}

/* A region of the domain below serves a queue pair of the parent; another domain's does not. */
static int protection(void)
{
	struct ibv_pd *below, *other;
	struct ibv_mr *mr, *own;

	TRY(open_nodes());
	below = node[0].pd;
	other = ibv_alloc_pd(node[0].ctx);
	node[0].pd = parent_over(below, NULL, 0);
	EXPECT(other && node[0].pd, "domains: %s", strerror(errno));
	TRY(connect_and_send());
	own = a.mr;
	a.mr = ibv_reg_mr(below, a.buf, 4096, IBV_ACCESS_LOCAL_WRITE);
	mr = ibv_reg_mr(other, a.buf, 4096, IBV_ACCESS_LOCAL_WRITE);
	EXPECT(a.mr && mr, "reg_mr: %s", strerror(errno));
	EXPECT_EQ(ep_rdma(&a, IBV_WR_RDMA_WRITE, 3, 0, 64, 0, IBV_SEND_SIGNALED), 0);
	TRY(cq_expect(a.scq, 3, IBV_WC_SUCCESS, NULL));
	EXPECT_EQ(ibv_dereg_mr(a.mr), 0);
	a.mr = mr;
	EXPECT_EQ(ep_rdma(&a, IBV_WR_RDMA_WRITE, 4, 0, 64, 0, IBV_SEND_SIGNALED), 0);
	TRY(cq_expect(a.scq, 4, IBV_WC_LOC_PROT_ERR, NULL));
	EXPECT_EQ(ibv_dereg_mr(mr), 0);
	a.mr = own;
	return KTAP_PASS;
}

static int threads(void)
{
	struct ibv_td_init_attr init = {};
	struct ibv_pd *parent;
	struct ibv_td *td;

	TRY(open_nodes());
	td = ibv_alloc_td(node[0].ctx, &init);
	EXPECT(td, "thread domain: %s", strerror(errno));
	parent = parent_over(node[0].pd, td, 0);
	EXPECT(parent, "parent domain: %s", strerror(errno));
	EXPECT_EQ(ibv_dealloc_td(td), EBUSY);
	EXPECT_EQ(ibv_dealloc_pd(parent), 0);
	EXPECT_EQ(ibv_dealloc_td(td), 0);
	init.comp_mask = 1;
	EXPECT(!ibv_alloc_td(node[0].ctx, &init), "an attribute nobody knows");
	EXPECT_EQ(errno, EOPNOTSUPP);
	return KTAP_PASS;
}

static int refused(void)
{
	struct ibv_cq_init_attr_ex attr = {
		.cqe = 16,
		.comp_mask = IBV_CQ_INIT_ATTR_MASK_PD,
	};
	struct ibv_pd *parent;
	struct ibv_cq_ex *cq;

	TRY(open_nodes());
	parent = parent_over(node[0].pd, NULL, 0);
	EXPECT(parent, "parent domain: %s", strerror(errno));
	EXPECT(!parent_over(parent, NULL, 0), "a parent of a parent");
	EXPECT_EQ(errno, EINVAL);
	EXPECT(!parent_over(node[0].pd, NULL, 1U << 31), "an attribute nobody knows");
	EXPECT_EQ(errno, EINVAL);
	attr.parent_domain = node[0].pd;
	EXPECT(!ibv_create_cq_ex(node[0].ctx, &attr), "a queue in what is no parent domain");
	EXPECT_EQ(errno, EINVAL);
	attr.parent_domain = parent;
	cq = ibv_create_cq_ex(node[0].ctx, &attr);
	EXPECT(cq, "create_cq_ex: %s", strerror(errno));
	EXPECT_EQ(ibv_destroy_cq(ibv_cq_ex_to_cq(cq)), 0);
	return KTAP_PASS;
}

/* By the file alone: the domain is the other's, and so is a region of it. */
static int import(void)
{
	struct ibv_send_wr wr;
	struct ibv_sge sge;
	struct ibv_mr *mr;
	uint8_t *buf;

	TRY(open_nodes());
	TRY(connect_and_send());
	buf = a.buf;
	TRY(node_import(&node[0], 0, node[0].pd->handle));
	mr = ibv_import_mr(node[0].pd, a.mr->handle);
	EXPECT(mr, "import_mr: %s", strerror(errno));
	EXPECT_EQ(mr->lkey, a.mr->lkey);
	EXPECT_EQ(mr->rkey, a.mr->rkey);
	EXPECT_EQ(mr->length, a.mr->length);
	EXPECT(!ibv_import_mr(node[0].pd, a.mr->handle + 4711), "a region that is none");
	TRY(connect_and_send());
	ep_wr(&a, &wr, &sge, IBV_WR_RDMA_WRITE, 5, 0, 64);
	sge.addr = (uintptr_t)buf;
	sge.lkey = mr->lkey;
	buf[0] = 77;
	EXPECT_EQ(ep_post(&a, &wr), 0);
	TRY(cq_expect(a.scq, 5, IBV_WC_SUCCESS, NULL));
	EXPECT_EQ(b.buf[0], 77);
	ibv_unimport_mr(mr);
	ibv_unimport_pd(node[0].pd);
	return KTAP_PASS;
}

/* The importer has gone: what it was handed goes on. */
static int import_over(void)
{
	struct node other;

	TRY(open_nodes());
	other = node[0];
	TRY(node_import(&other, 0, other.pd->handle));
	ibv_unimport_pd(other.pd);
	EXPECT_EQ(ibv_close_device(other.ctx), 0);
	return connect_and_send();
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		{ "traffic in a parent domain", traffic },
		{ "protection by a parent domain", protection },
		{ "thread domains", threads },
		{ "what is refused", refused },
		{ "an imported device", import },
		{ "an importer goes", import_over },
	};

	options_parse(argc, argv);
	return ktap_run(cases, ARRAY_SIZE(cases), opt.only);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * capsule -c ADDRESS: connect to a target of NVMe over RDMA there, send it a command with as much
 * data behind it as it takes, and wait for its answer.  The command makes no sense: what is to
 * be seen is that all of it reaches the receive of a kernel user.
 */
#include <arpa/inet.h>
#include <rdma/rdma_cma.h>
#include <string.h>

#include "lib/verbs_util.h"

#define PORT	4420
#define DATA	16384	/* what the target takes with a command */
#define COMMAND	64
#define ANSWER	16
#define STEP_MS	(5000 * (int)opt.slow)

/* NVMe over Fabrics 1.1, 7.3.6.1: what a host says of the queue it wants; little endian. */
struct request {
	uint16_t format;
	uint16_t queue;
	uint16_t receive_size;
	uint16_t send_size;
	uint8_t reserved[24];
};

static uint8_t buf[COMMAND + DATA + ANSWER];

static int connect_to(struct rdma_cm_id *id, const char *address)
{
	struct ibv_qp_init_attr attr = {
		.cap = { .max_send_wr = 4, .max_recv_wr = 4, .max_send_sge = 1, .max_recv_sge = 1 },
		.qp_type = IBV_QPT_RC,
	};
	struct request request = { .queue = 1, .receive_size = 32, .send_size = 31 };
	struct rdma_conn_param param = {
		.private_data = &request, .private_data_len = sizeof(request),
		.initiator_depth = 1, .responder_resources = 1, .retry_count = 7,
		.rnr_retry_count = 7,
	};
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(PORT) };

	EXPECT(inet_pton(AF_INET, address, &to.sin_addr) == 1, "%s", address);
	EXPECT(!rdma_resolve_addr(id, NULL, (struct sockaddr *)&to, STEP_MS), "no address");
	EXPECT(!rdma_resolve_route(id, STEP_MS), "no route");
	EXPECT(!rdma_create_qp(id, NULL, &attr), "no queue pair");
	EXPECT(!rdma_connect(id, &param), "not connected");
	return KTAP_PASS;
}

static int send_capsule(struct rdma_cm_id *id)
{
	struct ibv_mr *mr = ibv_reg_mr(id->pd, buf, sizeof(buf), IBV_ACCESS_LOCAL_WRITE);
	struct ibv_sge all = { .addr = (uintptr_t)buf, .length = COMMAND + DATA };
	struct ibv_sge answer = { .addr = all.addr + all.length, .length = ANSWER };
	struct ibv_recv_wr *bad_recv, recv = { .sg_list = &answer, .num_sge = 1 };
	struct ibv_send_wr *bad, send = {
		.sg_list = &all, .num_sge = 1, .opcode = IBV_WR_SEND, .wr_id = 1,
		.send_flags = IBV_SEND_SIGNALED,
	};

	EXPECT(mr, "no region");
	all.lkey = mr->lkey;
	answer.lkey = mr->lkey;
	memset(buf, 0xa5, COMMAND + DATA);
	EXPECT_EQ(ibv_post_recv(id->qp, &recv, &bad_recv), 0);
	EXPECT_EQ(ibv_post_send(id->qp, &send, &bad), 0);
	TRY(cq_expect(id->send_cq, 1, IBV_WC_SUCCESS, NULL));
	return cq_expect(id->recv_cq, 0, IBV_WC_SUCCESS, NULL);
}

int main(int argc, char **argv)
{
	struct rdma_cm_id *id;

	options_parse(argc, argv);
	EXPECT(opt.host, "whom to connect to?");
	EXPECT(!rdma_create_id(NULL, &id, NULL, RDMA_PS_TCP), "no id");
	TRY(connect_to(id, opt.host));
	TRY(send_capsule(id));
	rdma_disconnect(id);
	rdma_destroy_ep(id);
	return KTAP_PASS;
}

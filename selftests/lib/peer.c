// SPDX-License-Identifier: GPL-2.0
/* Connections and messages of a host that is none. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "peer.h"
#include "verbs_util.h"

#define STEP_MS		5000		/* of rdma_cm, to resolve */
#define ANSWER_MS	20000

static void peer_address(struct sockaddr_in *addr, const char *ip, int port)
{
	*addr = (struct sockaddr_in) { .sin_family = AF_INET, .sin_port = htons(port) };
	if (inet_pton(AF_INET, ip, &addr->sin_addr) != 1)
		abort();
}

/* The next event within @ms; -1: none. */
static int peer_event(struct peer *peer, int ms)
{
	struct pollfd poller = { .fd = peer->events->fd, .events = POLLIN };
	struct rdma_cm_event *event;
	int type;

	if (poll(&poller, 1, ms) != 1 || rdma_get_cm_event(peer->events, &event))
		return -1;
	type = event->event;
	if (type == RDMA_CM_EVENT_CONNECT_REQUEST)
		peer->id = event->id;
	if (event->param.conn.private_data_len && type != RDMA_CM_EVENT_DISCONNECTED)
		peer->heard_it = !vrdma_hello_parse(&peer->heard, event->param.conn.private_data,
						    event->param.conn.private_data_len);
	rdma_ack_cm_event(event);
	return type;
}

static bool peer_post_receive(struct peer *peer, unsigned int slot)
{
	struct ibv_sge sge = {
		.addr = (uintptr_t)peer->memory + slot * VRDMA_MSG_MAX,
		.length = VRDMA_MSG_MAX,
		.lkey = peer->mr->lkey,
	};
	struct ibv_recv_wr *bad, wr = { .wr_id = slot, .sg_list = &sge, .num_sge = 1 };

	return !ibv_post_recv(peer->id->qp, &wr, &bad);
}

/* A queue pair with all it needs. */
static bool peer_make_qp(struct peer *peer)
{
	struct ibv_qp_init_attr attr = {
		.cap = {
			.max_send_wr = 4, .max_recv_wr = PEER_SLOTS,
			.max_send_sge = 1, .max_recv_sge = 1,
		},
		.qp_type = IBV_QPT_RC,
		.sq_sig_all = 1,
	};
	size_t size = (PEER_SLOTS + 2) * VRDMA_MSG_MAX;

	peer->memory = aligned_alloc(4096, size);
	if (!peer->memory || rdma_create_qp(peer->id, NULL, &attr))
		return false;
	peer->mr = ibv_reg_mr(peer->id->pd, peer->memory, size, IBV_ACCESS_LOCAL_WRITE);
	if (!peer->mr)
		return false;
	for (unsigned int i = 0; i < PEER_SLOTS; i++)
		if (!peer_post_receive(peer, i))
			return false;
	return true;
}

/* Up to where we can ask. */
static bool peer_prepare(struct peer *peer, const struct peer_call *call)
{
	struct sockaddr_in from, to;

	peer_address(&from, call->from, call->port);
	peer_address(&to, call->to, PEER_PORT);
	peer->events = rdma_create_event_channel();
	if (!peer->events || rdma_create_id(peer->events, &peer->id, NULL, RDMA_PS_TCP))
		return false;
	if (rdma_resolve_addr(peer->id, (void *)&from, (void *)&to, STEP_MS) ||
	    peer_event(peer, ANSWER_MS) != RDMA_CM_EVENT_ADDR_RESOLVED)
		return false;
	return !rdma_resolve_route(peer->id, STEP_MS) &&
	       peer_event(peer, ANSWER_MS) == RDMA_CM_EVENT_ROUTE_RESOLVED && peer_make_qp(peer);
}

int peer_call(struct peer *peer, const struct peer_call *call)
{
	struct rdma_conn_param param = {
		.private_data = call->data, .private_data_len = call->len,
		.retry_count = 5, .rnr_retry_count = 7,
	};

	peer->heard_it = false;
	peer->number = 0;
	peer->got = 0;
	if (!peer_prepare(peer, call)) {
		ktap_msg("cannot ask from %s port %d: %s", call->from, call->port, strerror(errno));
		return -1;
	}
	if (rdma_connect(peer->id, &param)) {
		ktap_msg("connect: %s", strerror(errno));
		return -1;
	}
	return peer_event(peer, ANSWER_MS);
}

int peer_hello(struct peer *peer, struct peer_call *call)
{
	vrdma_hello_build(call->data, &peer->said);
	call->len = VRDMA_HELLO_BYTES;
	return peer_call(peer, call);
}

/* Agree to what was asked for in @peer->heard. */
static bool peer_accept(struct peer *peer)
{
	uint8_t data[VRDMA_HELLO_BYTES];
	struct rdma_conn_param param = {
		.private_data = data, .private_data_len = sizeof(data), .rnr_retry_count = 7,
	};

	if (!peer->heard_it || !peer_make_qp(peer))
		return false;
	peer->said.lane = peer->heard.lane;
	peer->said.lanes = peer->heard.lanes;
	peer->said.epoch = peer->heard.epoch;
	vrdma_hello_build(data, &peer->said);
	return !rdma_accept(peer->id, &param) &&
	       peer_event(peer, ANSWER_MS) == RDMA_CM_EVENT_ESTABLISHED;
}

bool peer_called(struct peer *peer, struct peer_call *call)
{
	struct vrdma_hello said = peer->said;
	struct sockaddr_in addr;
	struct rdma_cm_id *ear;
	struct peer poke;
	bool good;

	peer_address(&addr, call->from, PEER_PORT);
	memset(peer, 0, sizeof(*peer));
	peer->said = said;
	peer->events = rdma_create_event_channel();
	if (!peer->events || rdma_create_id(peer->events, &ear, NULL, RDMA_PS_TCP))
		return false;
	if (rdma_bind_addr(ear, (void *)&addr) || rdma_listen(ear, 8)) {
		ktap_msg("cannot listen at %s: %s", call->from, strerror(errno));
		return false;
	}
	memset(&poke, 0, sizeof(poke));
	poke.said = said;
	peer_hello(&poke, call);
	good = peer_event(peer, ANSWER_MS) == RDMA_CM_EVENT_CONNECT_REQUEST && peer_accept(peer);
	peer_hang_up(&poke);
	rdma_destroy_id(ear);
	return good;
}

bool peer_is_closed(struct peer *peer, int ms)
{
	return peer_event(peer, ms) == RDMA_CM_EVENT_DISCONNECTED;
}

void peer_hang_up(struct peer *peer)
{
	if (peer->id && peer->id->qp) {
		rdma_disconnect(peer->id);
		rdma_destroy_qp(peer->id);
	}
	if (peer->mr)
		ibv_dereg_mr(peer->mr);
	if (peer->id)
		rdma_destroy_id(peer->id);
	if (peer->events)
		rdma_destroy_event_channel(peer->events);
	free(peer->memory);
	peer->memory = NULL;
	peer->events = NULL;
	peer->mr = NULL;
	peer->id = NULL;
}

void peer_head(struct peer *peer, struct vrdma_msg *msg)
{
	msg->lane = peer->said.lane;
	msg->cookie = peer->heard.cookie;
	msg->number = ++peer->number;
	msg->ack = peer->got;
	msg->credit = peer->credit ?: peer->got + PEER_SLOTS;
}

bool peer_send_raw(struct peer *peer, const void *data, uint32_t len)
{
	uint8_t *to = peer->memory + PEER_SLOTS * VRDMA_MSG_MAX;
	struct ibv_sge sge = { .addr = (uintptr_t)to, .length = len, .lkey = peer->mr->lkey };
	struct ibv_send_wr *bad, wr = { .sg_list = &sge, .num_sge = 1, .opcode = IBV_WR_SEND };
	struct ibv_wc wc;

	memcpy(to, data, len);
	if (ibv_post_send(peer->id->qp, &wr, &bad))
		return false;
	return cq_wait(peer->id->send_cq, &wc, 1, ANSWER_MS) == 1 && wc.status == IBV_WC_SUCCESS;
}

bool peer_send(struct peer *peer, struct vrdma_msg *msg, const void *payload)
{
	uint32_t header = vrdma_msg_header(msg->type);
	uint8_t data[VRDMA_MSG_MAX];

	peer_head(peer, msg);
	vrdma_msg_build(data, msg);
	if (msg->payload)
		memcpy(data + header, payload, msg->payload);
	return peer_send_raw(peer, data, header + msg->payload);
}

/* The next SEND. */
static bool peer_take(struct peer *peer, int ms)
{
	struct ibv_wc wc;

	if (cq_wait(peer->id->recv_cq, &wc, 1, ms) != 1 || wc.status != IBV_WC_SUCCESS)
		return false;
	memcpy(peer->taken, peer->memory + wc.wr_id * VRDMA_MSG_MAX, wc.byte_len);
	peer->len = wc.byte_len;
	peer->at = 0;
	if (vrdma_msg_parse(&peer->msg, peer->taken, peer->len)) {
		peer->len = 0;
		return false;
	}
	peer->got = peer->msg.number;
	return peer_post_receive(peer, wc.wr_id);
}

bool peer_receive(struct peer *peer, struct vrdma_msg *msg, void *payload, int ms)
{
	uint64_t end = now_ms() + ms;

	do {
		if (vrdma_msg_next(&peer->msg, peer->taken, peer->len, &peer->at) &&
		    !peer_take(peer, ms))
			return false;
		*msg = peer->msg;
	} while (msg->type == VRDMA_MSG_CREDIT && now_ms() < end);
	if (msg->payload && payload)
		memcpy(payload, peer->taken + peer->at + vrdma_msg_header(msg->type),
		       msg->payload);
	return msg->type != VRDMA_MSG_CREDIT;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * What somebody gets who has root on a machine beside the hosts, an HCA there, and a
 * container that a host's containers talk to: the lanes of a host of his own, and nothing
 * else.  Each thing that is refused has its control: the same, made right, gets further.
 *
 *   -l  the victim's container: a queue pair that does as it is told, over TCP
 *
 * Without it everything else.  In the environment: VICTIM, the address of the host's HCA;
 * IMPOSTOR, our own; STRANGER, a namespace that has 10.7.0.3; NEIGHBOUR, the namespace of
 * 10.7.0.2, whose host's name and token we take, if it is another host than the victim.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/dgram.h"
#include "lib/peer.h"
#include "lib/verbs_util.h"

#define NEAR		"10.7.0.1"	/* the victim's container */
#define OTHER		"10.7.0.2"	/* the neighbour's */
#define STRANGER	"10.7.0.3"	/* ours */
#define PORT		700		/* what we call from; privileged */
#define MY_DEVICE	0x1313131313131313ULL
#define MY_QPN		0x131313
#define MY_BINDING	0x13
#define MY_CHECK	5
#define LANES		4
#define CLOSE_MS	(10000 * opt.slow)
#define SILENCE_MS	300		/* after which we believe that nothing comes */

/**
 * struct told - what an answer of the resolver says
 * @host: of the host
 * @device: of the device
 * @token: admits who asked
 */
struct told {
	uint8_t host[PEER_ID];
	uint64_t device, token;
};

static struct told near, other;
static const char *victim, *impostor;
static uint8_t my_id[PEER_ID];
static int container;		/* to the victim's, over TCP */

/* ---- the victim's container ---- */

enum order_what {
	ORDER_LOOK,	/* have a queue pair that looks for this one; its number */
	ORDER_SEND,	/* SEND 64 bytes; the status of its completion */
	ORDER_LEAVE,	/* destroy it */
};

struct order {
	uint32_t what, qpn;
	char address[16];
};

static int look(struct ep *ep, struct node *node, const struct order *order)
{
	struct ep_cfg cfg = {
		.timers = true, .timeout = 14, .retry_cnt = 7, .rnr_retry = 7, .min_rnr_timer = 12,
	};

	TRY(ep_create(ep, node, &cfg));
	memset(ep->buf, 0x5e, 64);
	ep_addr(ep, &ep->far);
	ep->far.qpn = order->qpn;
	ep->far.gid = dgram_gid(order->address);
	EXPECT_EQ(ep_rtr(ep), 0);
	EXPECT_EQ(ep_rts(ep), 0);
	return KTAP_PASS;
}

static uint32_t obey(struct ep *ep, struct node *node, const struct order *order)
{
	struct ibv_wc wc;

	switch (order->what) {
	case ORDER_LOOK:
		return look(ep, node, order) ? 0 : ep->qp->qp_num;
	case ORDER_SEND:
		if (ep_send(ep, 1, 0, 64, IBV_SEND_SIGNALED) ||
		    cq_wait(ep->scq, &wc, 1, WAIT_MS) != 1)
			return IBV_WC_GENERAL_ERR;
		return wc.status;
	default:
		ep_destroy(ep);
		return 0;
	}
}

static int serve(void)
{
	struct order order;
	struct node node;
	uint32_t answer;
	struct ep ep;
	int sock;

	TRY(node_open(&node, 0));
	sock = sock_server(opt.port);
	EXPECT(sock >= 0, "nobody calls");
	while (sock_recv(sock, &order, sizeof(order))) {
		answer = obey(&ep, &node, &order);
		EXPECT(sock_send(sock, &answer, sizeof(answer)), "the caller is gone");
	}
	return KTAP_PASS;
}

static void tell(enum order_what what, const char *address, uint32_t qpn)
{
	struct order order = { .what = what, .qpn = qpn };

	snprintf(order.address, sizeof(order.address), "%s", address);
	sock_send(container, &order, sizeof(order));
}

static uint32_t told(void)
{
	uint32_t answer = 0;

	sock_recv(container, &answer, sizeof(answer));
	return answer;
}

static uint32_t ask(enum order_what what, const char *address, uint32_t qpn)
{
	tell(what, address, qpn);
	return told();
}

/* ---- what the network tells ---- */

static void read_told(struct told *told, const uint8_t *answer)
{
	struct dgram d = {};

	memcpy(d.data, answer, DGRAM_LEN);
	memcpy(told->host, d.data + DGRAM_HOST, PEER_ID);
	told->device = dgram_u64(&d, DGRAM_DEVICE);
	told->token = dgram_u64(&d, DGRAM_TOKEN);
}

/* As the stranger's namespace would, with a device. */
static int resolve(int fd, const char *address, struct told *told)
{
	union ibv_gid asked = dgram_gid(address), me = dgram_gid(STRANGER);
	struct dgram d, answer;

	for (int tries = 0; tries < 10; tries++) {
		dgram_make(&d, DGRAM_QUESTION, tries + 1, &asked, &me);
		EXPECT(dgram_send(fd, &d), "%s", strerror(errno));
		if (!dgram_recv(fd, &answer, 1000) || answer.data[DGRAM_TYPE] != DGRAM_ANSWER)
			continue;
		read_told(told, answer.data);
		return KTAP_PASS;
	}
	EXPECT(0, "%s does not answer", address);
}

/* Who asks for the stranger is told that a device of our host's lives there. */
static void answer_for_ever(int fd)
{
	union ibv_gid hca = dgram_gid(impostor);
	struct dgram d;

	for (;;) {
		if (!dgram_recv(fd, &d, -1) || d.data[DGRAM_TYPE] != DGRAM_QUESTION)
			continue;
		d.data[DGRAM_TYPE] = DGRAM_ANSWER;
		memcpy(d.data + DGRAM_HOST, my_id, PEER_ID);
		dgram_set_u64(&d, DGRAM_DEVICE, MY_DEVICE);
		dgram_set_u64(&d, DGRAM_TOKEN, 1);
		d.data[DGRAM_HCA_COUNT] = 1;
		memcpy(d.data + DGRAM_HCA, &hca, sizeof(hca));
		dgram_send(fd, &d);
	}
}

/* What the victim's device tells the neighbour's: it asks every 10 s. */
static int overhear(const char *netns, struct told *told)
{
	union ibv_gid from = dgram_gid(NEAR), to = dgram_gid(OTHER);
	struct pollfd poller = { .fd = dgram_ear(netns), .events = POLLIN };
	uint64_t end = now_ms() + WAIT_MS;
	uint8_t packet[2048];
	const uint8_t *udp;

	EXPECT(poller.fd >= 0, "%s", strerror(errno));
	while (now_ms() < end) {
		if (poll(&poller, 1, 1000) != 1 ||
		    recv(poller.fd, packet, sizeof(packet), 0) != 20 + 8 + DGRAM_LEN)
			continue;
		udp = packet + 20;
		if (udp[0] << 8 != (DGRAM_PORT & 0xff00) || udp[8 + DGRAM_TYPE] != DGRAM_ANSWER)
			continue;
		if (memcmp(udp + 8 + DGRAM_ASKED, &from, 16) ||
		    memcmp(udp + 8 + DGRAM_ASKER, &to, 16))
			continue;
		read_told(told, udp + 8);
		close(poller.fd);
		return KTAP_PASS;
	}
	EXPECT(0, "nothing is to be heard");
}

/* ---- lanes ---- */

/* A good hello of ours, for the first lane of a new channel. */
static struct peer_call a_call(struct peer *peer)
{
	struct peer_call call = { .from = impostor, .port = PORT, .to = victim };

	memset(peer, 0, sizeof(*peer));
	peer->said = (struct vrdma_hello) {
		.lanes = LANES, .epoch = (uint32_t)now_us() << 16, .cookie = 0x1234,
		.credit = PEER_SLOTS,
	};
	memcpy(peer->said.from, my_id, PEER_ID);
	memcpy(peer->said.to, near.host, PEER_ID);
	return call;
}

/* What we send is believed: there is no such binding, we are told. */
static int is_believed(struct peer *peer)
{
	struct vrdma_msg msg = {
		.type = VRDMA_MSG_BOUND, .binding = 0x7fffffff, .check = 1,
		.bound.id = 0x7ffffffe, .bound.check = peer->number,
	};
	uint32_t check = msg.bound.check;

	EXPECT(peer_send(peer, &msg, NULL), "not sent");
	EXPECT(peer_receive(peer, &msg, NULL, WAIT_MS), "no answer");
	EXPECT_EQ(msg.type, VRDMA_MSG_UNBIND);
	EXPECT_EQ(msg.binding, 0x7ffffffe);
	EXPECT_EQ(msg.check, check);
	return KTAP_PASS;
}

static int open_lane(struct peer *peer)
{
	struct peer_call call = a_call(peer);

	EXPECT_EQ(peer_hello(peer, &call), RDMA_CM_EVENT_ESTABLISHED);
	return is_believed(peer);
}

/* Another one of the same channel. */
static int open_other_lane(struct peer *peer, const struct peer *first, unsigned int lane)
{
	struct peer_call call = a_call(peer);

	call.port += 1;		/* the first one has that */
	peer->said.epoch = first->said.epoch + 1;
	peer->said.lane = lane;
	EXPECT_EQ(peer_hello(peer, &call), RDMA_CM_EVENT_ESTABLISHED);
	return KTAP_PASS;
}

/* It must be refused. */
static int refused(struct peer_call *call, const char *what)
{
	struct peer peer = {};

	EXPECT(peer_call(&peer, call) == RDMA_CM_EVENT_REJECTED, "%s", what);
	peer_hang_up(&peer);
	return KTAP_PASS;
}

/* ---- hellos ---- */

static int who_is_there(void)
{
	struct peer_call call;
	struct peer peer;

	call = a_call(&peer);
	peer.said.to[3] ^= 1;
	EXPECT_EQ(peer_hello(&peer, &call), RDMA_CM_EVENT_REJECTED);
	EXPECT(peer.heard_it, "without a hello");
	EXPECT(!memcmp(peer.heard.from, near.host, PEER_ID), "not who containers are told");
	peer_hang_up(&peer);
	return KTAP_PASS;
}

static int right_hello(void)
{
	struct peer peer;

	TRY(open_lane(&peer));
	peer_hang_up(&peer);
	return KTAP_PASS;
}

static int unprivileged(void)
{
	struct peer_call call;
	struct peer peer;

	call = a_call(&peer);
	call.port = 1024;
	EXPECT_EQ(peer_hello(&peer, &call), RDMA_CM_EVENT_REJECTED);
	peer_hang_up(&peer);
	call.port = 1023;
	EXPECT_EQ(peer_hello(&peer, &call), RDMA_CM_EVENT_ESTABLISHED);
	peer_hang_up(&peer);
	return KTAP_PASS;
}

/* Hellos with one thing wrong, at a byte: see docs/wire.md. */
static const struct {
	const char *name;
	unsigned int at;
	uint8_t value;
	unsigned int zeros, len;
} bad_hellos[] = {
	{ "version", .at = 0, .value = 2 },
	{ "a lane beyond the lanes", .at = 1, .value = 4 },
	{ "not the first lane of a new channel", .at = 1, .value = 1 },
	{ "lanes", .at = 2, .value = 3 },
	{ "more lanes than there can be", .at = 2, .value = 200 },
	{ "reserved", .at = 3, .value = 1 },
	{ "from nobody", .at = 8, .zeros = 16 },
	{ "to nobody", .at = 24, .zeros = 16 },
	{ "no credit", .at = 48, .zeros = 4 },
	{ "reserved behind", .at = 55, .value = 1 },
	{ "without its credit", .len = 48 },
	{ "half of it", .len = 28 },
	{ "nothing", .len = 1 },
};

static int bad_hello(void)
{
	struct peer_call call;
	struct peer peer;

	for (unsigned int i = 0; i < ARRAY_SIZE(bad_hellos); i++) {
		call = a_call(&peer);
		vrdma_hello_build(call.data, &peer.said);
		call.len = bad_hellos[i].len ?: VRDMA_HELLO_BYTES;
		if (bad_hellos[i].value)
			call.data[bad_hellos[i].at] = bad_hellos[i].value;
		memset(call.data + bad_hellos[i].at, 0, bad_hellos[i].zeros);
		TRY(refused(&call, bad_hellos[i].name));
	}
	return right_hello();
}

static int random_hello(void)
{
	struct prng random = { opt.seed };
	struct peer_call call;
	struct peer peer;

	for (int i = 0; i < (opt.full ? 100 : 10); i++) {
		call = a_call(&peer);
		prng_fill(call.data, VRDMA_HELLO_BYTES, prng_next(&random));
		call.data[0] = prng_chance(&random, 80);	/* the right version, often */
		call.len = 1 + prng_below(&random, VRDMA_HELLO_BYTES);
		TRY(refused(&call, "random"));
	}
	return right_hello();
}

/* The victim's own name. */
static int its_own_name(void)
{
	struct peer_call call;
	struct peer peer;

	call = a_call(&peer);
	memcpy(peer.said.from, near.host, PEER_ID);
	EXPECT_EQ(peer_hello(&peer, &call), RDMA_CM_EVENT_REJECTED);
	peer_hang_up(&peer);
	return right_hello();
}

/* ---- messages ---- */

/* A good message, and what is to be wrong with it. */
static const struct {
	const char *name;
	unsigned int at;
	uint8_t flip;
	int more;
} bad_messages[] = {
	{ "version", .at = 0, .flip = 3 },
	{ "type", .at = 1, .flip = 0x40 },
	{ "no type", .at = 1, .flip = VRDMA_MSG_BOUND },
	{ "another lane", .at = 2, .flip = 1 },
	{ "reserved", .at = 3, .flip = 1 },
	{ "length", .at = 7, .flip = 1 },
	{ "first byte of the cookie", .at = 8, .flip = 1 },
	{ "last byte of the cookie", .at = 15, .flip = 1 },
	{ "a number far ahead", .at = 16, .flip = 1 },
	{ "acknowledges what was not sent", .at = 20, .flip = 1 },
	{ "an operation that it is not about", .at = 39, .flip = 1 },
	{ "one byte short", .more = -1 },
	{ "nothing but its head", .more = -8 },
	{ "half of its head", .more = -28 },
	{ "one byte long", .more = 1 },
	{ "a payload it has none of", .more = 4000 },
};

static int bad_message(void)
{
	struct vrdma_msg msg = {
		.type = VRDMA_MSG_BOUND, .binding = 0x7fffffff, .bound.id = 1,
	};
	uint8_t data[VRDMA_MSG_MAX] = {};
	struct peer peer;

	for (unsigned int i = 0; i < ARRAY_SIZE(bad_messages); i++) {
		uint32_t len = vrdma_msg_header(msg.type) + bad_messages[i].more;

		TRY(open_lane(&peer));
		peer_head(&peer, &msg);
		vrdma_msg_build(data, &msg);
		data[bad_messages[i].at] ^= bad_messages[i].flip;
		EXPECT(peer_send_raw(&peer, data, len), "%s", bad_messages[i].name);
		EXPECT(peer_is_closed(&peer, CLOSE_MS), "%s", bad_messages[i].name);
		peer_hang_up(&peer);
	}
	return right_hello();
}

static int random_message(void)
{
	struct prng random = { opt.seed };
	uint8_t data[VRDMA_MSG_MAX];
	struct peer peer;

	for (int i = 0; i < (opt.full ? 100 : 8); i++) {
		TRY(open_lane(&peer));
		prng_fill(data, sizeof(data), prng_next(&random));
		data[0] = VRDMA_MSG_VERSION;
		data[1] = 1 + i % VRDMA_MSG_DATAGRAM;
		EXPECT(peer_send_raw(&peer, data, 1 + prng_below(&random, sizeof(data))),
		       "not sent");
		EXPECT(peer_is_closed(&peer, CLOSE_MS), "a lane that random bytes do not end");
		peer_hang_up(&peer);
	}
	return right_hello();
}

/* One that does not fit a buffer: the HCA refuses it. */
static int long_message(void)
{
	uint8_t data[VRDMA_MSG_MAX + 4096] = { VRDMA_MSG_VERSION, VRDMA_MSG_CREDIT };
	struct peer peer;

	TRY(open_lane(&peer));
	peer_send_raw(&peer, data, VRDMA_MSG_MAX + 1);
	EXPECT(peer_is_closed(&peer, CLOSE_MS), "not closed");
	peer_hang_up(&peer);
	return right_hello();
}

/* What was sent before is heard once. */
static int replayed(void)
{
	struct vrdma_msg msg = {
		.type = VRDMA_MSG_BOUND, .binding = 0x7fffffff, .bound.id = 1,
		.bound.check = 77,
	};
	uint8_t data[VRDMA_MSG_MAX];
	struct peer peer;

	TRY(open_lane(&peer));
	peer_head(&peer, &msg);
	vrdma_msg_build(data, &msg);
	for (int i = 0; i < 5; i++)
		EXPECT(peer_send_raw(&peer, data, vrdma_msg_header(msg.type)), "not sent");
	EXPECT(peer_receive(&peer, &msg, NULL, WAIT_MS), "not heard at all");
	EXPECT_EQ(msg.check, 77);
	TRY(is_believed(&peer));
	peer_hang_up(&peer);
	return KTAP_PASS;
}

/* Two messages in one SEND, for bindings that there are not, each naming another sender. */
static uint32_t two_messages(struct peer *peer, uint8_t *data)
{
	struct vrdma_msg msg = {
		.type = VRDMA_MSG_BOUND, .binding = 0x7fffffff, .bound.id = 1,
		.bound.check = 1,
	};
	uint32_t at = vrdma_msg_header(msg.type);

	peer_head(peer, &msg);
	vrdma_msg_build(data, &msg);
	msg.bound.check = 2;
	msg.number = 0;
	msg.ack = 0;
	msg.credit = 0;
	vrdma_msg_build(data + at, &msg);
	return 2 * at;
}

static int two_in_one(void)
{
	uint8_t data[VRDMA_MSG_MAX];
	struct vrdma_msg msg;
	struct peer peer;
	uint32_t len;

	TRY(open_lane(&peer));
	len = two_messages(&peer, data);
	EXPECT(peer_send_raw(&peer, data, len), "not sent");
	for (uint32_t check = 1; check <= 2; check++) {
		EXPECT(peer_receive(&peer, &msg, NULL, WAIT_MS), "message %u not heard", check);
		EXPECT_EQ(msg.type, VRDMA_MSG_UNBIND);
		EXPECT_EQ(msg.check, check);
	}
	TRY(is_believed(&peer));
	peer_hang_up(&peer);
	return KTAP_PASS;
}

/* What is to be wrong with the second one. */
static const struct {
	const char *name;
	unsigned int at;
	uint8_t flip;
	int more;
} bad_seconds[] = {
	{ "version", .at = 0, .flip = 3 },
	{ "CREDIT", .at = 1, .flip = VRDMA_MSG_BOUND ^ VRDMA_MSG_CREDIT },
	{ "another lane", .at = 2, .flip = 1 },
	{ "shorter than it is", .at = 7, .flip = 8 },
	{ "longer than it is", .at = 7, .flip = 64 },
	{ "the cookie", .at = 15, .flip = 1 },
	{ "a number", .at = 19, .flip = 1 },
	{ "an ack", .at = 23, .flip = 1 },
	{ "a credit", .at = 27, .flip = 1 },
	{ "one byte short", .more = -1 },
	{ "its head alone", .more = -8 },
	{ "half of its head", .more = -28 },
	{ "a byte behind it", .more = 1 },
	{ "nothing behind it", .more = 8 },
};

/* Then the first one is not heard, either. */
static int bad_second(void)
{
	struct vrdma_msg msg;
	struct peer peer;
	uint32_t len;

	for (unsigned int i = 0; i < ARRAY_SIZE(bad_seconds); i++) {
		uint8_t data[VRDMA_MSG_MAX] = {};

		TRY(open_lane(&peer));
		len = two_messages(&peer, data);
		data[len / 2 + bad_seconds[i].at] ^= bad_seconds[i].flip;
		EXPECT(peer_send_raw(&peer, data, len + bad_seconds[i].more), "%s",
		       bad_seconds[i].name);
		EXPECT(peer_is_closed(&peer, CLOSE_MS), "%s", bad_seconds[i].name);
		EXPECT(!peer_receive(&peer, &msg, NULL, 0), "%s: heard", bad_seconds[i].name);
		peer_hang_up(&peer);
	}
	return right_hello();
}

/* ---- bindings ---- */

static struct vrdma_msg a_guess(struct prng *random, unsigned int type)
{
	struct vrdma_msg msg = { .type = type };

	if (type != VRDMA_MSG_BIND && type != VRDMA_MSG_DATAGRAM) {
		msg.binding = 1 + prng_below(random, 64);
		msg.check = prng_next(random);
	}
	switch (type) {
	case VRDMA_MSG_BIND:
	case VRDMA_MSG_DATAGRAM:
		/* The fields that both have come first in both. */
		msg.bind.device = prng_chance(random, 50) ? near.device : prng_next(random) | 1;
		msg.bind.token = prng_next(random);
		msg.bind.from = prng_chance(random, 50) ? other.device : MY_DEVICE;
		memcpy(msg.bind.sgid, dgram_gid(OTHER).raw, 16);
		memcpy(msg.bind.dgid, dgram_gid(NEAR).raw, 16);
		break;
	case VRDMA_MSG_BOUND:
	case VRDMA_MSG_RECALL:
		msg.bound.id = 1;
		break;
	case VRDMA_MSG_PIECE:
		msg.piece.request.opcode = IBV_WR_SEND;
		msg.piece.request.total = 64;
		msg.piece.length = 64;
		msg.piece.key = prng_next(random);
		msg.mseq = prng_below(random, 1000);
		break;
	case VRDMA_MSG_PLACED:
		msg.placed.offset = 64;
		msg.mseq = prng_below(random, 1000);
		break;
	case VRDMA_MSG_DROPPED:
		msg.dropped.key = prng_next(random);
		break;
	case VRDMA_MSG_ANSWER:
		msg.result.kind = VRDMA_ANSWER_FAILED;
		msg.result.status = 10;
		msg.mseq = prng_below(random, 1000);
		break;
	case VRDMA_MSG_RESPONSE:
		msg.response.total = 64;
		msg.payload = 64;
		break;
	case VRDMA_MSG_REQUEST:
		msg.request.opcode = IBV_WR_SEND;
		msg.request.total = 64;
		msg.payload = 64;
		msg.mseq = prng_below(random, 1000);
		break;
	}
	if (type == VRDMA_MSG_BIND) {
		msg.bind.qpn = prng_below(random, 64);
		msg.bind.dest_qpn = prng_below(random, 64);
		msg.bind.qp_type = 2;
		msg.bind.id = 1;
	} else if (type == VRDMA_MSG_DATAGRAM) {
		msg.datagram.src_qpn = 1;
		msg.datagram.dest_qpn = 1;
		msg.datagram.qkey = 0x80010000;
		msg.datagram.opcode = IBV_WR_SEND;
		msg.payload = 64;
	}
	return msg;
}

/* Messages for bindings, queue pairs and devices that may be there, but are not ours. */
static int guessed(void)
{
	struct prng random = { opt.seed };
	uint8_t payload[64] = {};
	struct vrdma_msg msg;
	struct peer peer;

	TRY(open_lane(&peer));
	for (int i = 0; i < (opt.full ? 2000 : 140); i++) {
		/* A channel that does not get its other lanes ends after 10 s. */
		if (i % 35 == 34) {
			peer_hang_up(&peer);
			TRY(open_lane(&peer));
		}
		msg = a_guess(&random, VRDMA_MSG_BIND + i % 11);
		EXPECT(peer_send(&peer, &msg, payload), "message %d", i);
		while (peer_receive(&peer, &msg, NULL, 0))
			EXPECT_EQ(msg.type, VRDMA_MSG_UNBIND);
	}
	while (peer_receive(&peer, &msg, NULL, SILENCE_MS))
		EXPECT_EQ(msg.type, VRDMA_MSG_UNBIND);
	TRY(is_believed(&peer));
	peer_hang_up(&peer);
	return KTAP_PASS;
}

/* What binds to queue pair @qpn of the victim, which looks for ours. */
static struct vrdma_msg a_bind(uint32_t qpn)
{
	struct vrdma_msg msg = {
		.type = VRDMA_MSG_BIND,
		.bind.device = near.device,
		.bind.token = near.token,
		.bind.from = MY_DEVICE,
		.bind.qpn = MY_QPN,
		.bind.dest_qpn = qpn,
		.bind.qp_type = 2,
		.bind.id = MY_BINDING,
		.bind.check = MY_CHECK,
	};

	memcpy(msg.bind.sgid, dgram_gid(STRANGER).raw, 16);
	memcpy(msg.bind.dgid, dgram_gid(NEAR).raw, 16);
	return msg;
}

/* One thing of it wrong. */
static void spoil_bind(struct vrdma_msg_bind *bind, int what)
{
	switch (what) {
	case 0: bind->token ^= 1; break;
	case 1: bind->device ^= 1; break;
	case 2: bind->from ^= 1; break;
	case 3: bind->qpn ^= 1; break;
	case 4: bind->dest_qpn ^= 1; break;
	case 5: bind->qp_type = 3; break;
	case 6: memcpy(bind->sgid, dgram_gid(OTHER).raw, 16); break;
	case 7: memcpy(bind->dgid, dgram_gid(OTHER).raw, 16); break;
	}
}

#define SPOILT	8

/* The payload of the victim's SEND comes to us, who take it. */
static int take_send(struct peer *peer, const struct vrdma_msg *bound)
{
	uint8_t payload[VRDMA_MSG_MAX];
	struct vrdma_msg msg;

	tell(ORDER_SEND, "", 0);
	do {
		EXPECT(peer_receive(peer, &msg, payload, WAIT_MS), "nothing comes");
	} while (msg.type != VRDMA_MSG_REQUEST);
	EXPECT_EQ(msg.binding, MY_BINDING);
	EXPECT_EQ(msg.payload, 64);
	EXPECT_EQ(payload[63], 0x5e);
	msg = (struct vrdma_msg) {
		.type = VRDMA_MSG_ANSWER, .binding = bound->bound.id, .check = bound->bound.check,
		.mseq = msg.mseq + 1, .result.kind = VRDMA_ANSWER_DONE,
	};
	EXPECT(peer_send(peer, &msg, NULL), "not sent");
	EXPECT_EQ(told(), IBV_WC_SUCCESS);
	return KTAP_PASS;
}

/* The next message of @type; BINDs may come before it. */
static int expect_message(struct peer *peer, struct vrdma_msg *msg, unsigned int type)
{
	do {
		EXPECT(peer_receive(peer, msg, NULL, WAIT_MS), "no message of type %u", type);
		EXPECT(msg->type == type || msg->type == VRDMA_MSG_BIND, "type %d", msg->type);
	} while (msg->type != type);
	return KTAP_PASS;
}

/* The victim's queue pair looks for ours, and says so. */
static int is_looked_for(struct peer *first, struct peer *peer, struct vrdma_msg *bind)
{
	uint32_t qpn;

	TRY(open_lane(first));
	qpn = ask(ORDER_LOOK, STRANGER, MY_QPN);
	EXPECT(qpn, "no queue pair");
	/* Which lane it takes is known. */
	TRY(open_other_lane(peer, first, (qpn ^ MY_QPN) % LANES));
	TRY(expect_message(peer, bind, VRDMA_MSG_BIND));
	EXPECT_EQ(bind->bind.qpn, qpn);
	EXPECT_EQ(bind->bind.dest_qpn, MY_QPN);
	EXPECT_EQ(bind->bind.device, MY_DEVICE);
	EXPECT(!memcmp(bind->bind.dgid, dgram_gid(STRANGER).raw, 16), "for another address");
	return KTAP_PASS;
}

static int wrong_binds(struct peer *peer, uint32_t qpn)
{
	struct vrdma_msg msg;

	for (int i = 0; i < SPOILT; i++) {
		msg = a_bind(qpn);
		spoil_bind(&msg.bind, i);
		EXPECT(peer_send(peer, &msg, NULL), "not sent");
	}
	while (peer_receive(peer, &msg, NULL, SILENCE_MS))
		EXPECT_EQ(msg.type, VRDMA_MSG_BIND);
	return KTAP_PASS;
}

static int bind_to(struct peer *peer, uint32_t qpn, struct vrdma_msg *bound)
{
	struct vrdma_msg bind = a_bind(qpn);

	EXPECT(peer_send(peer, &bind, NULL), "not sent");
	TRY(expect_message(peer, bound, VRDMA_MSG_BOUND));
	EXPECT_EQ(bound->binding, MY_BINDING);
	EXPECT_EQ(bound->check, MY_CHECK);
	return KTAP_PASS;
}

static int expect_unbind(struct peer *peer, uint32_t binding, uint32_t check)
{
	struct vrdma_msg msg;

	TRY(expect_message(peer, &msg, VRDMA_MSG_UNBIND));
	EXPECT_EQ(msg.binding, binding);
	EXPECT_EQ(msg.check, check);
	return KTAP_PASS;
}

/* A queue pair looks for ours: all that is not exactly it does not bind, it does. */
static int bindings(void)
{
	struct vrdma_msg msg, bind;
	struct peer first, peer;

	TRY(is_looked_for(&first, &peer, &bind));
	TRY(wrong_binds(&peer, bind.bind.qpn));
	TRY(bind_to(&peer, bind.bind.qpn, &msg));
	TRY(take_send(&peer, &msg));
	ask(ORDER_LEAVE, "", 0);
	TRY(expect_unbind(&peer, MY_BINDING, MY_CHECK));
	peer_hang_up(&peer);
	peer_hang_up(&first);
	return KTAP_PASS;
}

/* What names not quite that binding, but our own, too. */
static int wrong_unbinds(struct peer *peer, const struct vrdma_msg *bound)
{
	struct vrdma_msg msg = { .type = VRDMA_MSG_UNBIND };
	const struct vrdma_msg_bound wrong[] = {
		{ bound->bound.id, bound->bound.check ^ 1 },
		{ bound->bound.id ^ 1, bound->bound.check },
		{ MY_BINDING, MY_CHECK },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++) {
		msg.binding = wrong[i].id;
		msg.check = wrong[i].check;
		EXPECT(peer_send(peer, &msg, NULL), "not sent");
	}
	while (peer_receive(peer, &msg, NULL, SILENCE_MS))
		EXPECT_EQ(msg.type, VRDMA_MSG_ANSWER);	/* as after each lane that comes up */
	return KTAP_PASS;
}

/* The far side leaves: the queue pair learns of that, and of nothing that looks like it. */
static int leaving(void)
{
	struct vrdma_msg msg, bind;
	struct peer first, peer;

	TRY(is_looked_for(&first, &peer, &bind));
	TRY(bind_to(&peer, bind.bind.qpn, &msg));
	TRY(wrong_unbinds(&peer, &msg));
	TRY(take_send(&peer, &msg));
	msg.type = VRDMA_MSG_UNBIND;
	msg.binding = msg.bound.id;
	msg.check = msg.bound.check;
	EXPECT(peer_send(&peer, &msg, NULL), "not sent");
	EXPECT_EQ(ask(ORDER_SEND, "", 0), IBV_WC_RETRY_EXC_ERR);
	TRY(expect_unbind(&peer, MY_BINDING, MY_CHECK));
	ask(ORDER_LEAVE, "", 0);
	peer_hang_up(&peer);
	peer_hang_up(&first);
	return KTAP_PASS;
}

/* A BIND whose queue pair is no more when it is answered: who answers is told. */
static int answered_too_late(void)
{
	struct vrdma_msg msg, bind;
	struct peer first, peer;

	TRY(is_looked_for(&first, &peer, &bind));
	ask(ORDER_LEAVE, "", 0);
	while (peer_receive(&peer, &msg, NULL, SILENCE_MS))
		EXPECT_EQ(msg.type, VRDMA_MSG_BIND);
	msg = (struct vrdma_msg) {
		.type = VRDMA_MSG_BOUND, .binding = bind.bind.id, .check = bind.bind.check,
		.bound.id = MY_BINDING, .bound.check = MY_CHECK,
	};
	EXPECT(peer_send(&peer, &msg, NULL), "not sent");
	TRY(expect_unbind(&peer, MY_BINDING, MY_CHECK));
	peer_hang_up(&peer);
	peer_hang_up(&first);
	return KTAP_PASS;
}

static int wants_back(struct peer *peer, uint32_t check)
{
	struct vrdma_msg msg = {
		.type = VRDMA_MSG_RECALL, .binding = 0x7fffffff, .check = 1,
		.bound.id = MY_BINDING, .bound.check = check,
	};

	EXPECT(peer_send(peer, &msg, NULL), "not sent");
	return KTAP_PASS;
}

/* Who asks for what it has shown to nobody is told so, at last when the host may send. */
static int told_when_there_is_room(void)
{
	uint32_t check = 0, first;
	struct vrdma_msg msg;
	struct peer peer;

	TRY(open_lane(&peer));
	peer.credit = PEER_SLOTS;
	do
		TRY(wants_back(&peer, ++check));
	while (peer_receive(&peer, &msg, NULL, SILENCE_MS));
	EXPECT(check > PEER_SLOTS / 2, "no word after %u", check);
	for (first = check; check < first + 7;)
		TRY(wants_back(&peer, ++check));
	EXPECT(!peer_receive(&peer, &msg, NULL, SILENCE_MS), "more than it may");
	peer.credit = 0;
	msg = (struct vrdma_msg) { .type = VRDMA_MSG_CREDIT };
	EXPECT(peer_send(&peer, &msg, NULL), "not sent");
	for (; first <= check; first++) {
		EXPECT(peer_receive(&peer, &msg, NULL, WAIT_MS), "%u are not told",
		       check - first + 1);
		EXPECT_EQ(msg.type, VRDMA_MSG_UNBIND);
		EXPECT_EQ(msg.binding, MY_BINDING);
	}
	TRY(is_believed(&peer));
	peer_hang_up(&peer);
	return KTAP_PASS;
}

/* A lane comes back: who is bound over it says so, for its farewell may have been lost. */
static int said_again(void)
{
	struct vrdma_msg msg, bind;
	struct peer first, peer;
	unsigned int lane;

	TRY(is_looked_for(&first, &peer, &bind));
	TRY(bind_to(&peer, bind.bind.qpn, &msg));
	lane = peer.said.lane;
	peer_hang_up(&peer);
	TRY(open_other_lane(&peer, &first, lane));
	msg.type = VRDMA_MSG_CREDIT;
	msg.binding = 0;
	msg.check = 0;
	EXPECT(peer_send(&peer, &msg, NULL), "not sent");
	TRY(expect_message(&peer, &bind, VRDMA_MSG_BOUND));
	EXPECT_EQ(bind.binding, MY_BINDING);
	EXPECT_EQ(bind.bound.id, msg.bound.id);
	EXPECT_EQ(bind.bound.check, msg.bound.check);
	ask(ORDER_LEAVE, "", 0);
	peer_hang_up(&peer);
	peer_hang_up(&first);
	return KTAP_PASS;
}

/* A lane in the neighbour's name, whichever of the two has to open it. */
static int open_as_neighbour(struct peer *peer)
{
	struct peer_call call = a_call(peer);

	memcpy(peer->said.from, other.host, PEER_ID);
	if (memcmp(other.host, near.host, PEER_ID) < 0) {
		EXPECT_EQ(peer_hello(peer, &call), RDMA_CM_EVENT_ESTABLISHED);
		return KTAP_PASS;
	}
	EXPECT(peer_called(peer, &call), "it does not call %s", impostor);
	return KTAP_PASS;
}

/*
 * The neighbour's name, the token that only its network delivers, a queue pair that waits
 * for one of the neighbour: but not the neighbour's address.
 */
static int neighbours_name(void)
{
	const char *netns = getenv("NEIGHBOUR");
	struct told heard = {};
	struct vrdma_msg msg;
	struct peer peer;
	uint32_t qpn;

	if (!netns)
		return ktap_skip("there is no other host");
	TRY(overhear(netns, &heard));
	EXPECT(!memcmp(heard.host, near.host, PEER_ID), "heard of another host");
	qpn = ask(ORDER_LOOK, OTHER, MY_QPN);
	EXPECT(qpn, "no queue pair");
	TRY(open_as_neighbour(&peer));
	TRY(is_believed(&peer));
	usleep(SILENCE_MS * 1000);
	msg = a_bind(qpn);
	msg.bind.token = heard.token;
	msg.bind.from = other.device;
	memcpy(msg.bind.sgid, dgram_gid(OTHER).raw, 16);
	EXPECT(peer_send(&peer, &msg, NULL), "not sent");
	EXPECT(!peer_receive(&peer, &msg, NULL, 3 * SILENCE_MS), "message of type %d", msg.type);
	TRY(is_believed(&peer));
	EXPECT_EQ(ask(ORDER_SEND, "", 0), IBV_WC_RETRY_EXC_ERR);
	ask(ORDER_LEAVE, "", 0);
	peer_hang_up(&peer);
	return KTAP_PASS;
}

static const struct ktap_case cases[] = {
	{ "who is asked for somebody else says who it is", who_is_there },
	{ "a right hello opens a lane", right_hello },
	{ "not from an unprivileged port", unprivileged },
	{ "hellos with one thing wrong", bad_hello },
	{ "random hellos", random_hello },
	{ "the host's own name", its_own_name },
	{ "messages with one thing wrong end their lane", bad_message },
	{ "random messages end their lane", random_message },
	{ "messages that are too long end their lane", long_message },
	{ "a message that is repeated is heard once", replayed },
	{ "two messages in one SEND are heard", two_in_one },
	{ "a second one with one thing wrong ends the lane, the first is not heard", bad_second },
	{ "guesses reach nobody", guessed },
	{ "a queue pair binds to whom it looks for", bindings },
	{ "a far side that leaves is believed", leaving },
	{ "an answer that comes too late is told so", answered_too_late },
	{ "who waits for an answer gets it when there is room", told_when_there_is_room },
	{ "who is bound says so again", said_again },
	{ "the neighbour's name from another address binds nothing", neighbours_name },
};

static int prepare(void)
{
	int fd = dgram_socket(getenv("STRANGER"), STRANGER, DGRAM_PORT);

	EXPECT(fd >= 0, "%s", strerror(errno));
	TRY(resolve(fd, NEAR, &near));
	TRY(resolve(fd, OTHER, &other));
	/* Low, so that it is for us to open. */
	my_id[PEER_ID - 1] = 0x13;
	container = sock_client(NEAR, opt.port);
	EXPECT(container >= 0, "no victim");
	switch (fork()) {
	case -1:
		return KTAP_FAIL;
	case 0:
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		answer_for_ever(fd);
	}
	close(fd);
	return KTAP_PASS;
}

int main(int argc, char **argv)
{
	options_parse(argc, argv);
	if (opt.listen)
		return serve();
	victim = getenv("VICTIM");
	impostor = getenv("IMPOSTOR");
	TRY(prepare());
	return ktap_run(cases, ARRAY_SIZE(cases), opt.only);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * The parser of SENDs, and of their messages, takes what the builder makes and what docs/wire.md
 * shows, and nothing that differs from it in a byte that is fixed or by more than a
 * field may. Offsets here are those of docs/wire.md: the numbers are the format.
 */
#include "message.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <rdma/ib_user_ioctl_verbs.h>
#include <rdma/ib_user_verbs.h>
#include <rdma/vrdma-abi.h>

#include "tap.h"

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

/**
 * struct sample - a good message; no number in it has a zero byte to hide behind
 * @name: for people
 * @hex: as it travels, in the lines of docs/wire.md
 * @msg: in the processor's terms, but for what prepare() adds
 * @bytes: of @hex
 * @len: of @bytes
 */
struct sample {
	const char *name;
	const char *hex[10];
	struct vrdma_msg msg;
	unsigned char bytes[256];
	size_t len;
};

/* By type. */
static struct sample samples[] = {
	[VRDMA_MSG_CREDIT] = {
		.name = "CREDIT",
		.hex = {
			"01 01 02 00  00 00 00 28  01 02 03 04 05 06 07 08",
			"11 12 13 14  15 16 17 18  19 1a 1b 1c  00 00 00 00",
			"00 00 00 00  00 00 00 00",
		},
	},
	[VRDMA_MSG_BIND] = {
		.name = "BIND",
		.hex = {
			"01 02 02 00  00 00 00 78  01 02 03 04 05 06 07 08",
			"11 12 13 14  15 16 17 18  19 1a 1b 1c  00 00 00 00",
			"00 00 00 00  00 00 00 00  41 42 43 44 45 46 47 48",
			"51 52 53 54 55 56 57 58   61 62 63 64 65 66 67 68",
			"00 00 00 00 00 00 00 00   00 00 ff ff 0a 00 00 01",
			"00 00 00 00 00 00 00 00   00 00 ff ff 0a 00 00 02",
			"00 71 72 73  00 75 76 77  81 82 83 84  85 86 87 88",
			"02 00 00 00 00 00 00 00",
		},
		.msg.bind = {
			.qpn = 0x717273, .dest_qpn = 0x757677, .id = 0x81828384,
			.check = 0x85868788, .qp_type = IB_UVERBS_QPT_RC,
		},
	},
	[VRDMA_MSG_BOUND] = {
		.name = "BOUND",
		.hex = {
			"01 03 02 00  00 00 00 30  01 02 03 04 05 06 07 08",
			"11 12 13 14  15 16 17 18  19 1a 1b 1c  21 22 23 24",
			"25 26 27 28  00 00 00 00  81 82 83 84  85 86 87 88",
		},
		.msg.bound = { .id = 0x81828384, .check = 0x85868788 },
	},
	[VRDMA_MSG_UNBIND] = {
		.name = "UNBIND",
		.hex = {
			"01 04 02 00  00 00 00 28  01 02 03 04 05 06 07 08",
			"11 12 13 14  15 16 17 18  19 1a 1b 1c  21 22 23 24",
			"25 26 27 28  00 00 00 00",
		},
	},
	[VRDMA_MSG_REQUEST] = {
		.name = "REQUEST",
		.hex = {
			"01 05 02 00  00 00 00 60  01 02 03 04 05 06 07 08",
			"11 12 13 14  15 16 17 18  19 1a 1b 1c  21 22 23 24",
			"25 26 27 28  31 32 33 34  01 04 00 00  91 92 93 94",
			"00 00 1f 08  00 00 1f 00  a1 a2 a3 a4  35 36 37 38",
			"b1 b2 b3 b4 b5 b6 b7 b8   00 00 00 00 00 00 00 00",
			"00 00 00 00 00 00 00 00   70 61 79 6c 6f 61 64 2e",
		},
		.msg.payload = 8,
		.msg.request = {
			.opcode = IB_UVERBS_WR_RDMA_WRITE_WITH_IMM,
			.flags = VRDMA_SEND_SOLICITED, .total = 7944, .offset = 7936,
			.rkey = 0xa1a2a3a4, .done = 0x35363738,
			.remote_addr = 0xb1b2b3b4b5b6b7b8ULL,
		},
	},
	[VRDMA_MSG_RESPONSE] = {
		.name = "RESPONSE",
		.hex = {
			"01 06 02 00  00 00 00 38  01 02 03 04 05 06 07 08",
			"11 12 13 14  15 16 17 18  19 1a 1b 1c  21 22 23 24",
			"25 26 27 28  31 32 33 34  00 00 1f 08  00 00 1f 00",
			"70 61 79 6c 6f 61 64 2e",
		},
		.msg.payload = 8,
		.msg.response = { .total = 7944, .offset = 7936 },
	},
	[VRDMA_MSG_ANSWER] = {
		.name = "ANSWER",
		.hex = {
			"01 07 02 00  00 00 00 30  01 02 03 04 05 06 07 08",
			"11 12 13 14  15 16 17 18  19 1a 1b 1c  21 22 23 24",
			"25 26 27 28  31 32 33 34  04 0a 00 00 00 00 00 00",
		},
		.msg.result = { .kind = VRDMA_ANSWER_FAILED, .status = 10 },
	},
	[VRDMA_MSG_DATAGRAM] = {
		.name = "DATAGRAM",
		.hex = {
			"01 08 02 00  00 00 00 88  01 02 03 04 05 06 07 08",
			"11 12 13 14  15 16 17 18  19 1a 1b 1c  00 00 00 00",
			"00 00 00 00  00 00 00 00  41 42 43 44 45 46 47 48",
			"51 52 53 54 55 56 57 58   61 62 63 64 65 66 67 68",
			"00 00 00 00 00 00 00 00   00 00 ff ff 0a 00 00 01",
			"00 00 00 00 00 00 00 00   00 00 ff ff 0a 00 00 02",
			"00 71 72 73  00 75 76 77  c1 c2 c3 c4  91 92 93 94",
			"00 0d d2 d3  03 04 e1 e2  05 00 00 00 00 00 00 00",
			"70 61 79 6c 6f 61 64 2e",
		},
		.msg.payload = 8,
		.msg.datagram = {
			.src_qpn = 0x717273, .dest_qpn = 0x757677, .qkey = 0xc1c2c3c4,
			.flow_label = 0xdd2d3, .opcode = IB_UVERBS_WR_SEND_WITH_IMM,
			.flags = VRDMA_SEND_SOLICITED, .traffic_class = 0xe1,
			.hop_limit = 0xe2, .sl = 5,
		},
	},
	[VRDMA_MSG_PIECE] = {
		.name = "PIECE",
		.hex = {
			"01 09 02 00  00 00 00 68  01 02 03 04 05 06 07 08",
			"11 12 13 14  15 16 17 18  19 1a 1b 1c  21 22 23 24",
			"25 26 27 28  31 32 33 34  01 04 00 00  91 92 93 94",
			"00 04 00 08  00 04 00 00  a1 a2 a3 a4  35 36 37 38",
			"b1 b2 b3 b4 b5 b6 b7 b8   00 00 00 00 00 00 00 00",
			"00 00 00 00 00 00 00 00   00 00 00 08  f1 f2 f3 f4",
			"00 00 00 00 00 00 0a bc",
		},
		.msg.piece = {
			.request = {
				.opcode = IB_UVERBS_WR_RDMA_WRITE_WITH_IMM,
				.flags = VRDMA_SEND_SOLICITED, .total = 262152, .offset = 262144,
				.rkey = 0xa1a2a3a4, .done = 0x35363738,
				.remote_addr = 0xb1b2b3b4b5b6b7b8ULL,
			},
			.length = 8, .key = 0xf1f2f3f4, .addr = 0xabc,
		},
	},
	[VRDMA_MSG_PLACED] = {
		.name = "PLACED",
		.hex = {
			"01 0a 02 00  00 00 00 30  01 02 03 04 05 06 07 08",
			"11 12 13 14  15 16 17 18  19 1a 1b 1c  21 22 23 24",
			"25 26 27 28  31 32 33 34  00 00 00 00  00 04 00 00",
		},
		.msg.placed = { .offset = 262144 },
	},
	[VRDMA_MSG_RECALL] = {
		.name = "RECALL",
		.hex = {
			"01 0b 02 00  00 00 00 30  01 02 03 04 05 06 07 08",
			"11 12 13 14  15 16 17 18  19 1a 1b 1c  21 22 23 24",
			"25 26 27 28  00 00 00 00  81 82 83 84  85 86 87 88",
		},
		.msg.bound = { .id = 0x81828384, .check = 0x85868788 },
	},
	[VRDMA_MSG_DROPPED] = {
		.name = "DROPPED",
		.hex = {
			"01 0c 02 00  00 00 00 30  01 02 03 04 05 06 07 08",
			"11 12 13 14  15 16 17 18  19 1a 1b 1c  21 22 23 24",
			"25 26 27 28  00 00 00 00  00 00 00 00  f1 f2 f3 f4",
		},
		.msg.dropped = { .key = 0xf1f2f3f4 },
	},
};

static size_t read_hex(unsigned char *bytes, const char *hex)
{
	size_t len = 0;
	char *end;

	for (; *hex; hex = end)
		bytes[len++] = strtoul(hex, &end, 16);
	return len;
}

/* The bytes, and what every message of the examples says. */
static void prepare(enum vrdma_msg_type type)
{
	struct sample *sample = &samples[type];
	struct vrdma_msg *msg = &sample->msg;
	const char **line;

	for (line = sample->hex; *line; line++)
		sample->len += read_hex(sample->bytes + sample->len, *line);
	msg->type = type;
	msg->lane = 2;
	msg->cookie = 0x0102030405060708ULL;
	msg->number = 0x11121314;
	msg->ack = 0x15161718;
	msg->credit = 0x191a1b1c;
	if (type != VRDMA_MSG_CREDIT && type != VRDMA_MSG_BIND && type != VRDMA_MSG_DATAGRAM) {
		msg->binding = 0x21222324;
		msg->check = 0x25262728;
	}
	if (type == VRDMA_MSG_REQUEST || type == VRDMA_MSG_RESPONSE || type == VRDMA_MSG_ANSWER ||
	    type == VRDMA_MSG_PIECE || type == VRDMA_MSG_PLACED)
		msg->mseq = 0x31323334;
}

/* Bytes, on this machine as on every other. */
static void prepare_bytes(void)
{
	static const unsigned char sgid[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, 1 };
	static const unsigned char dgid[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, 2 };
	static const unsigned char imm[] = { 0x91, 0x92, 0x93, 0x94 };
	struct vrdma_msg_bind *bind = &samples[VRDMA_MSG_BIND].msg.bind;
	struct vrdma_msg_datagram *datagram = &samples[VRDMA_MSG_DATAGRAM].msg.datagram;

	bind->device = 0x4142434445464748ULL;
	bind->token = 0x5152535455565758ULL;
	bind->from = 0x6162636465666768ULL;
	datagram->device = bind->device;
	datagram->token = bind->token;
	datagram->from = bind->from;
	memcpy(bind->sgid, sgid, sizeof(sgid));
	memcpy(bind->dgid, dgid, sizeof(dgid));
	memcpy(datagram->sgid, sgid, sizeof(sgid));
	memcpy(datagram->dgid, dgid, sizeof(dgid));
	memcpy(&datagram->imm, imm, sizeof(imm));
	memcpy(&samples[VRDMA_MSG_REQUEST].msg.request.imm, imm, sizeof(imm));
	memcpy(&samples[VRDMA_MSG_PIECE].msg.piece.request.imm, imm, sizeof(imm));
}

/* The first @have of @len bytes, at an odd address; what is behind them must not be read. */
static int parse_some(struct vrdma_msg *msg, const void *data, size_t have, size_t len)
{
	unsigned char *copy = malloc(have + 1);
	int err;

	memcpy(copy + 1, data, have);
	err = vrdma_msg_parse(msg, copy + 1, len);
	free(copy);
	return err;
}

static bool taken(const void *data, size_t len)
{
	struct vrdma_msg msg;
	int err = parse_some(&msg, data, len, len);

	if (err && err != -EBADMSG)
		abort();
	return !err;
}

static bool same_bind(const struct vrdma_msg_bind *a, const struct vrdma_msg_bind *b)
{
	return a->device == b->device && a->token == b->token && a->from == b->from &&
	       !memcmp(a->sgid, b->sgid, sizeof(a->sgid)) &&
	       !memcmp(a->dgid, b->dgid, sizeof(a->dgid)) &&
	       a->qpn == b->qpn && a->dest_qpn == b->dest_qpn && a->qp_type == b->qp_type &&
	       a->id == b->id && a->check == b->check;
}

static bool same_request(const struct vrdma_msg_request *a, const struct vrdma_msg_request *b)
{
	return a->opcode == b->opcode && a->flags == b->flags && a->imm == b->imm &&
	       a->total == b->total && a->offset == b->offset && a->rkey == b->rkey &&
	       a->done == b->done && a->remote_addr == b->remote_addr &&
	       a->compare_add == b->compare_add && a->swap == b->swap;
}

static bool same_datagram(const struct vrdma_msg_datagram *a, const struct vrdma_msg_datagram *b)
{
	return a->device == b->device && a->token == b->token && a->from == b->from &&
	       !memcmp(a->sgid, b->sgid, sizeof(a->sgid)) &&
	       !memcmp(a->dgid, b->dgid, sizeof(a->dgid)) &&
	       a->src_qpn == b->src_qpn && a->dest_qpn == b->dest_qpn && a->qkey == b->qkey &&
	       a->imm == b->imm && a->flow_label == b->flow_label && a->opcode == b->opcode &&
	       a->flags == b->flags && a->traffic_class == b->traffic_class &&
	       a->hop_limit == b->hop_limit && a->sl == b->sl;
}

static bool same_rest(const struct vrdma_msg *a, const struct vrdma_msg *b)
{
	switch (a->type) {
	case VRDMA_MSG_CREDIT:
	case VRDMA_MSG_UNBIND:
		return true;
	case VRDMA_MSG_BIND:
		return same_bind(&a->bind, &b->bind);
	case VRDMA_MSG_BOUND:
	case VRDMA_MSG_RECALL:
		return a->bound.id == b->bound.id && a->bound.check == b->bound.check;
	case VRDMA_MSG_REQUEST:
		return same_request(&a->request, &b->request);
	case VRDMA_MSG_RESPONSE:
		return a->response.total == b->response.total &&
		       a->response.offset == b->response.offset;
	case VRDMA_MSG_ANSWER:
		return a->result.kind == b->result.kind &&
		       a->result.status == b->result.status &&
		       a->result.rnr_timer == b->result.rnr_timer;
	case VRDMA_MSG_DATAGRAM:
		return same_datagram(&a->datagram, &b->datagram);
	case VRDMA_MSG_PIECE:
		return same_request(&a->piece.request, &b->piece.request) &&
		       a->piece.length == b->piece.length && a->piece.key == b->piece.key &&
		       a->piece.addr == b->piece.addr;
	case VRDMA_MSG_PLACED:
		return a->placed.offset == b->placed.offset;
	case VRDMA_MSG_DROPPED:
		return a->dropped.key == b->dropped.key;
	}
	return false;
}

static bool same(const struct vrdma_msg *a, const struct vrdma_msg *b)
{
	return a->type == b->type && a->lane == b->lane && a->cookie == b->cookie &&
	       a->number == b->number && a->ack == b->ack && a->credit == b->credit &&
	       a->binding == b->binding && a->check == b->check && a->mseq == b->mseq &&
	       a->payload == b->payload && same_rest(a, b);
}

static void test_headers(void)
{
	static const unsigned int lengths[] = {
		0, 40, 120, 48, 40, 88, 48, 48, 128, 104, 48, 48, 48, 0, 0
	};
	bool right = true;
	size_t type;

	for (type = 0; type < COUNT(lengths); type++)
		right &= vrdma_msg_header(type) == lengths[type];
	tap_ok(right && !vrdma_msg_header(255), "lengths of headers");
}

static void test_example(const struct sample *sample)
{
	size_t header = vrdma_msg_header(sample->msg.type);
	unsigned char built[VRDMA_MSG_MAX];
	struct vrdma_msg out;

	memset(&out, 0x5a, sizeof(out));
	tap_ok(!parse_some(&out, sample->bytes, header, sample->len) && same(&out, &sample->msg),
	       "%s: example read, its payload not looked at", sample->name);
	memset(built, 0x5a, sizeof(built));
	vrdma_msg_build(built, &sample->msg);
	tap_ok(!memcmp(built, sample->bytes, header), "%s: example built byte by byte",
	       sample->name);
	tap_ok(built[header] == 0x5a, "%s: nothing built behind the header", sample->name);
}

/* There and back, whatever the message. */
static bool travels(const struct vrdma_msg *in)
{
	size_t header = vrdma_msg_header(in->type);
	unsigned char bytes[VRDMA_MSG_MAX];
	struct vrdma_msg out;

	memset(bytes, 0x5a, sizeof(bytes));
	memset(&out, 0x5a, sizeof(out));
	vrdma_msg_build(bytes, in);
	return !parse_some(&out, bytes, header, header + in->payload) && same(&out, in);
}

static void test_round_trips(void)
{
	static const struct vrdma_msg_request requests[] = {
		{ .opcode = IB_UVERBS_WR_SEND, .total = 8 },
		{ .opcode = IB_UVERBS_WR_SEND, .total = 8, .done = 7 },
		{ .opcode = IB_UVERBS_WR_SEND_WITH_IMM, .total = 8, .imm = 9 },
		{ .opcode = IB_UVERBS_WR_RDMA_WRITE, .total = 8, .rkey = 1, .remote_addr = 2 },
		{ .opcode = IB_UVERBS_WR_RDMA_WRITE_WITH_IMM, .total = 8, .rkey = 1,
		  .remote_addr = 2, .imm = 9 },
		{ .opcode = IB_UVERBS_WR_RDMA_READ, .total = 8, .rkey = 1, .remote_addr = 2 },
		{ .opcode = IB_UVERBS_WR_ATOMIC_CMP_AND_SWP, .total = 8, .rkey = 1,
		  .remote_addr = 2, .compare_add = 3, .swap = 4 },
		{ .opcode = IB_UVERBS_WR_ATOMIC_FETCH_AND_ADD, .total = 8, .rkey = 1,
		  .remote_addr = 2, .compare_add = 3 },
		{ .opcode = IB_UVERBS_WR_SEND_WITH_INV, .total = 8, .rkey = 1 },
		{ .opcode = VRDMA_WR_FLUSH, .rkey = 1, .remote_addr = 2, .compare_add = 3,
		  .placement = VRDMA_FLUSH_GLOBAL, .level = VRDMA_FLUSH_MR },
		{ .opcode = VRDMA_WR_ATOMIC_WRITE, .total = 8, .rkey = 1, .remote_addr = 2 },
	};
	static const struct vrdma_msg_result results[] = {
		{ .kind = VRDMA_ANSWER_DONE },
		{ .kind = VRDMA_ANSWER_RNR, .rnr_timer = 31 },
		{ .kind = VRDMA_ANSWER_READY },
		{ .kind = VRDMA_ANSWER_FAILED, .status = 9 },
	};
	struct vrdma_msg msg;
	size_t i;

	for (i = 0; i < COUNT(requests); i++) {
		msg = samples[VRDMA_MSG_REQUEST].msg;
		msg.request = requests[i];
		msg.payload = requests[i].opcode < IB_UVERBS_WR_RDMA_READ ||
			      requests[i].opcode == IB_UVERBS_WR_SEND_WITH_INV ||
			      requests[i].opcode == VRDMA_WR_ATOMIC_WRITE ? 8 : 0;
		tap_ok(travels(&msg), "request of opcode %d", requests[i].opcode);
	}
	for (i = 0; i < COUNT(results); i++) {
		msg = samples[VRDMA_MSG_ANSWER].msg;
		msg.result = results[i];
		tap_ok(travels(&msg), "answer of kind %d", results[i].kind);
	}
	msg = samples[VRDMA_MSG_BIND].msg;
	msg.bind.qp_type = IB_UVERBS_QPT_UC;
	tap_ok(travels(&msg), "BIND of a UC QP");
	msg = samples[VRDMA_MSG_DATAGRAM].msg;
	msg.payload = VRDMA_MSG_PAYLOAD;
	tap_ok(!travels(&msg), "control: a datagram that is too long does not travel");
}

/* Some applications leave in a work request what its opcode has no use for. */
static void test_left_out(void)
{
	struct vrdma_msg msg = samples[VRDMA_MSG_REQUEST].msg;
	unsigned char bytes[VRDMA_MSG_MAX] = {};
	unsigned char all = 0;
	size_t at;

	msg.request.done = 0;
	msg.request.compare_add = 3;
	msg.request.swap = 4;
	msg.request.opcode = IB_UVERBS_WR_SEND;
	vrdma_msg_build(bytes, &msg);
	for (at = 44; at < 88; at++)
		if (at < 48 || at >= 56)
			all |= bytes[at];
	tap_ok(!all, "a SEND says nothing but its flags and lengths");

	msg.request.opcode = IB_UVERBS_WR_SEND_WITH_INV;
	vrdma_msg_build(bytes, &msg);
	tap_ok(bytes[56] == 0xa1 && !memcmp(bytes + 64, "\0\0\0\0\0\0\0", 8) &&
	       !memcmp(bytes + 44, "\0\0\0", 4), "one that invalidates says a key, too");

	msg = samples[VRDMA_MSG_DATAGRAM].msg;
	msg.datagram.opcode = IB_UVERBS_WR_SEND;
	vrdma_msg_build(bytes, &msg);
	tap_ok(!memcmp(bytes + 108, "\0\0\0", 4), "a datagram says no immediate it has not");
}

static void test_lengths(const struct sample *sample)
{
	unsigned char bytes[VRDMA_MSG_MAX + 64] = {};
	bool refused = true;
	size_t len;

	memcpy(bytes, sample->bytes, sample->len);
	for (len = 0; len <= sizeof(bytes); len++)
		if (len != sample->len)
			refused &= !taken(bytes, len);
	tap_ok(refused, "%s: every other length refused", sample->name);
}

/* The message says the length it has; may a message of its type have it? */
static void test_true_lengths(const struct sample *sample)
{
	static const size_t most[] = {
		[VRDMA_MSG_REQUEST] = 7936, [VRDMA_MSG_RESPONSE] = 7936,
		[VRDMA_MSG_DATAGRAM] = 4096,
	};
	size_t header = vrdma_msg_header(sample->msg.type);
	size_t least = header, longest = header;
	unsigned char bytes[VRDMA_MSG_MAX + 64] = {};
	bool right = true;
	struct vrdma_msg msg = sample->msg;
	size_t len;

	if (sample->msg.type < COUNT(most))
		longest += most[sample->msg.type];
	if (msg.type == VRDMA_MSG_REQUEST) {
		msg.request.offset = 0;
		least++;
	} else if (msg.type == VRDMA_MSG_RESPONSE) {
		msg.response.offset = 0;
		least++;
	}
	for (len = 0; len <= sizeof(bytes); len++) {
		msg.payload = len - header;
		vrdma_msg_build(bytes, &msg);
		right &= taken(bytes, len) == (len >= least && len <= longest);
	}
	tap_ok(right, "%s: from %zu to %zu bytes", sample->name, least, longest);
}

/* What a byte may be: one value, any, or what test_values() and test_parts() say. */
enum freedom { FIXED, FREE, RULED };

static enum freedom freedom(const struct sample *sample, size_t at)
{
	static const struct {
		unsigned int type;	/* 0: all */
		size_t from, to;
		enum freedom freedom;
	} ranges[] = {
		{ 0, 2, 2, FREE }, { 0, 8, 27, FREE },
		{ VRDMA_MSG_BIND, 40, 95, FREE }, { VRDMA_MSG_BIND, 97, 99, FREE },
		{ VRDMA_MSG_BIND, 101, 111, FREE }, { VRDMA_MSG_BIND, 112, 112, RULED },
		/* these two look alike */
		{ VRDMA_MSG_BOUND, 1, 1, RULED }, { VRDMA_MSG_RECALL, 1, 1, RULED },
		{ VRDMA_MSG_BOUND, 28, 35, FREE }, { VRDMA_MSG_BOUND, 40, 47, FREE },
		{ VRDMA_MSG_UNBIND, 28, 35, FREE },
		{ VRDMA_MSG_REQUEST, 28, 39, FREE }, { VRDMA_MSG_REQUEST, 40, 41, RULED },
		{ VRDMA_MSG_REQUEST, 44, 47, FREE }, { VRDMA_MSG_REQUEST, 48, 55, RULED },
		{ VRDMA_MSG_REQUEST, 56, 71, FREE },
		{ VRDMA_MSG_REQUEST, 88, 95, FREE },
		{ VRDMA_MSG_RESPONSE, 28, 39, FREE }, { VRDMA_MSG_RESPONSE, 40, 47, RULED },
		{ VRDMA_MSG_RESPONSE, 48, 55, FREE },
		{ VRDMA_MSG_ANSWER, 28, 39, FREE }, { VRDMA_MSG_ANSWER, 40, 42, RULED },
		{ VRDMA_MSG_DATAGRAM, 40, 79, FREE }, { VRDMA_MSG_DATAGRAM, 80, 80, RULED },
		{ VRDMA_MSG_DATAGRAM, 81, 91, FREE }, { VRDMA_MSG_DATAGRAM, 92, 92, RULED },
		{ VRDMA_MSG_DATAGRAM, 93, 95, FREE }, { VRDMA_MSG_DATAGRAM, 97, 99, FREE },
		{ VRDMA_MSG_DATAGRAM, 101, 111, FREE }, { VRDMA_MSG_DATAGRAM, 113, 113, RULED },
		{ VRDMA_MSG_DATAGRAM, 114, 115, FREE }, { VRDMA_MSG_DATAGRAM, 116, 117, RULED },
		{ VRDMA_MSG_DATAGRAM, 118, 119, FREE }, { VRDMA_MSG_DATAGRAM, 120, 120, RULED },
		{ VRDMA_MSG_DATAGRAM, 128, 135, FREE },
		{ VRDMA_MSG_PIECE, 28, 39, FREE }, { VRDMA_MSG_PIECE, 40, 41, RULED },
		{ VRDMA_MSG_PIECE, 44, 47, FREE }, { VRDMA_MSG_PIECE, 48, 55, RULED },
		{ VRDMA_MSG_PIECE, 56, 71, FREE },
		{ VRDMA_MSG_PIECE, 88, 91, RULED }, { VRDMA_MSG_PIECE, 92, 103, FREE },
		{ VRDMA_MSG_PLACED, 28, 39, FREE }, { VRDMA_MSG_PLACED, 44, 47, RULED },
		{ VRDMA_MSG_RECALL, 28, 35, FREE }, { VRDMA_MSG_RECALL, 40, 47, FREE },
		{ VRDMA_MSG_DROPPED, 28, 35, FREE }, { VRDMA_MSG_DROPPED, 44, 47, FREE },
	};
	size_t i;

	for (i = 0; i < COUNT(ranges); i++)
		if ((!ranges[i].type || ranges[i].type == sample->msg.type) &&
		    at >= ranges[i].from && at <= ranges[i].to)
			return ranges[i].freedom;
	return FIXED;
}

static void test_bytes(const struct sample *sample)
{
	bool fixed = true, free = true;
	unsigned char bytes[256];
	unsigned int flip;
	size_t at;

	for (at = 0; at < sample->len; at++) {
		for (flip = 1; flip < 256; flip++) {
			memcpy(bytes, sample->bytes, sample->len);
			bytes[at] ^= flip;
			if (freedom(sample, at) == FIXED)
				fixed &= !taken(bytes, sample->len);
			else if (freedom(sample, at) == FREE)
				free &= taken(bytes, sample->len);
		}
	}
	tap_ok(fixed, "%s: a change in any fixed byte is refused", sample->name);
	tap_ok(free, "%s: values are not judged here", sample->name);
}

/* Bytes that must not all be zero, one of which could be. */
static void test_zeros(void)
{
	static const struct {
		const char *name;
		enum vrdma_msg_type type;
		size_t at, len;
	} fields[] = {
		{ "number", VRDMA_MSG_CREDIT, 16, 4 },
		{ "binding", VRDMA_MSG_BOUND, 28, 4 },
		{ "binding", VRDMA_MSG_UNBIND, 28, 4 },
		{ "binding", VRDMA_MSG_REQUEST, 28, 4 },
		{ "binding", VRDMA_MSG_RESPONSE, 28, 4 },
		{ "binding", VRDMA_MSG_ANSWER, 28, 4 },
		{ "binding", VRDMA_MSG_PIECE, 28, 4 },
		{ "binding", VRDMA_MSG_PLACED, 28, 4 },
		{ "binding", VRDMA_MSG_RECALL, 28, 4 },
		{ "binding", VRDMA_MSG_DROPPED, 28, 4 },
		{ "offset", VRDMA_MSG_PLACED, 44, 4 },
		{ "device", VRDMA_MSG_BIND, 40, 8 },
		{ "from", VRDMA_MSG_BIND, 56, 8 },
		{ "sgid", VRDMA_MSG_BIND, 64, 16 },
		{ "dgid", VRDMA_MSG_BIND, 80, 16 },
		{ "id", VRDMA_MSG_BIND, 104, 4 },
		{ "id", VRDMA_MSG_BOUND, 40, 4 },
		{ "id", VRDMA_MSG_RECALL, 40, 4 },
		{ "device", VRDMA_MSG_DATAGRAM, 40, 8 },
		{ "from", VRDMA_MSG_DATAGRAM, 56, 8 },
		{ "sgid", VRDMA_MSG_DATAGRAM, 64, 16 },
		{ "dgid", VRDMA_MSG_DATAGRAM, 80, 16 },
	};
	unsigned char bytes[256];
	size_t i;

	for (i = 0; i < COUNT(fields); i++) {
		const struct sample *sample = &samples[fields[i].type];

		memcpy(bytes, sample->bytes, sample->len);
		memset(bytes + fields[i].at, 0, fields[i].len);
		tap_ok(!taken(bytes, sample->len), "%s without %s is refused", sample->name,
		       fields[i].name);
		bytes[fields[i].at + fields[i].len - 1] = 1;
		tap_ok(taken(bytes, sample->len), "%s with %s 1 is taken", sample->name,
		       fields[i].name);
	}
}

static void put(unsigned char *bytes, uint64_t value, size_t len)
{
	while (len--) {
		bytes[len] = value;
		value >>= 8;
	}
}

/* Just good, and just not. */
static void test_bounds(void)
{
	static const struct {
		const char *name;
		enum vrdma_msg_type type;
		size_t at;
		uint32_t good, bad;
	} fields[] = {
		{ "qpn", VRDMA_MSG_BIND, 96, 0xffffff, 0x1000000 },
		{ "dest_qpn", VRDMA_MSG_BIND, 100, 0xffffff, 0x1000000 },
		{ "src_qpn", VRDMA_MSG_DATAGRAM, 96, 0xffffff, 0x1000000 },
		{ "dest_qpn", VRDMA_MSG_DATAGRAM, 100, 0xfffffe, 0x1000000 },
		{ "flow_label", VRDMA_MSG_DATAGRAM, 112, 0xfffff, 0x100000 },
		{ "offset", VRDMA_MSG_PLACED, 44, 1 << 30, (1 << 30) + 1 },
		{ "length", VRDMA_MSG_PIECE, 88, 8, 9 },
		{ "length", VRDMA_MSG_PIECE, 88, 1, 0 },
	};
	unsigned char bytes[256];
	bool right;
	size_t i;

	for (i = 0; i < COUNT(fields); i++) {
		const struct sample *sample = &samples[fields[i].type];

		memcpy(bytes, sample->bytes, sample->len);
		put(bytes + fields[i].at, fields[i].good, 4);
		right = taken(bytes, sample->len);
		put(bytes + fields[i].at, fields[i].bad, 4);
		right &= !taken(bytes, sample->len);
		tap_ok(right, "%s of %s: up to %#x", fields[i].name, sample->name,
		       fields[i].good);
	}
}

/**
 * struct values - all values of a byte, of which some are good
 * @name: for people
 * @type: whose sample
 * @at: the byte
 * @good: bit n: n is good; 64 and above never is
 * @set_at: another byte of the message to set first; 0: none
 * @set: to this
 */
struct values {
	const char *name;
	enum vrdma_msg_type type;
	size_t at;
	uint64_t good;
	size_t set_at;
	unsigned char set;
};

#define BIT(n)	(1ULL << (n))

static const struct values values[] = {
	{ "version", VRDMA_MSG_CREDIT, 0, BIT(1), 0, 0 },
	{ "type of CREDIT", VRDMA_MSG_CREDIT, 1, BIT(1), 0, 0 },
	{ "type of UNBIND", VRDMA_MSG_UNBIND, 1, BIT(4), 0, 0 },
	{ "qp_type", VRDMA_MSG_BIND, 112, BIT(2) | BIT(3), 0, 0 },
	/* With an immediate, a key and bytes. */
	{ "opcode", VRDMA_MSG_REQUEST, 40, BIT(1), 0, 0 },
	{ "request flags", VRDMA_MSG_REQUEST, 41, BIT(0) | BIT(4), 0, 0 },
	{ "opcode of a piece", VRDMA_MSG_PIECE, 40, BIT(1), 0, 0 },
	{ "flags of a piece", VRDMA_MSG_PIECE, 41, BIT(0) | BIT(4), 0, 0 },
	{ "kind with status", VRDMA_MSG_ANSWER, 40, BIT(4), 0, 0 },
	{ "kind without status", VRDMA_MSG_ANSWER, 40, BIT(1) | BIT(2) | BIT(3), 41, 0 },
	{ "status of FAILED", VRDMA_MSG_ANSWER, 41, BIT(9) | BIT(10) | BIT(11), 40, 4 },
	{ "status of DONE", VRDMA_MSG_ANSWER, 41, BIT(0), 40, 1 },
	{ "status of RNR", VRDMA_MSG_ANSWER, 41, BIT(0), 40, 2 },
	{ "status of READY", VRDMA_MSG_ANSWER, 41, BIT(0), 40, 3 },
	{ "rnr_timer of FAILED", VRDMA_MSG_ANSWER, 42, BIT(0), 0, 0 },
	{ "flow_label", VRDMA_MSG_DATAGRAM, 113, 0xffff, 0, 0 },
	{ "datagram opcode, immediate", VRDMA_MSG_DATAGRAM, 116, BIT(3), 0, 0 },
	{ "datagram flags", VRDMA_MSG_DATAGRAM, 117, BIT(0) | BIT(4), 0, 0 },
	{ "sl", VRDMA_MSG_DATAGRAM, 120, 0xffff, 0, 0 },
};

static bool values_right(unsigned char *bytes, size_t len, size_t at, uint64_t good)
{
	bool right = true;
	unsigned int value;

	for (value = 0; value < 256; value++) {
		bytes[at] = value;
		right &= taken(bytes, len) == (value < 64 && good & BIT(value));
	}
	return right;
}

static void test_values(void)
{
	unsigned char bytes[256];
	size_t i;

	for (i = 0; i < COUNT(values); i++) {
		const struct sample *sample = &samples[values[i].type];

		memcpy(bytes, sample->bytes, sample->len);
		if (values[i].set_at)
			bytes[values[i].set_at] = values[i].set;
		tap_ok(values_right(bytes, sample->len, values[i].at, values[i].good),
		       "%s: all values", values[i].name);
	}
}

static void test_rnr_timer(void)
{
	static const uint64_t good[] = { BIT(0), 0xffffffff, BIT(0) };
	unsigned char bytes[48];
	unsigned int kind;

	memcpy(bytes, samples[VRDMA_MSG_ANSWER].bytes, sizeof(bytes));
	bytes[41] = 0;
	for (kind = 1; kind <= 3; kind++) {
		bytes[40] = kind;
		tap_ok(values_right(bytes, sizeof(bytes), 42, good[kind - 1]),
		       "rnr_timer of kind %u: all values", kind);
	}
}

/* Opcodes by what else the message has. */
static void test_opcodes(void)
{
	static const struct {
		const char *has;
		size_t at;
		unsigned char total;
		uint64_t good;
	} rows[] = {
		{ "nothing", 48, 0, 0x1f | BIT(9) },
		{ "8 bytes to come", 48, 8, BIT(4) | BIT(5) | BIT(6) },
		{ "immediate data", 44, 0, BIT(1) | BIT(3) },
		{ "an rkey", 56, 0, BIT(0) | BIT(1) | BIT(4) | BIT(9) },
		{ "an address", 64, 0, BIT(0) | BIT(1) | BIT(4) },
		{ "an rkey and 8 bytes to come", 56, 8, BIT(4) | BIT(5) | BIT(6) },
		{ "an address and 8 bytes to come", 64, 8, BIT(4) | BIT(5) | BIT(6) },
		{ "a word to add", 72, 8, BIT(5) | BIT(6) },
		{ "a word to swap", 80, 8, BIT(5) },
		{ "a placement", 42, 0, BIT(14) },
		{ "a level", 43, 0, 0 },
		{ "a placement and 8 bytes to come", 42, 8, 0 },
	};
	unsigned char bytes[88];
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		memcpy(bytes, samples[VRDMA_MSG_REQUEST].bytes, sizeof(bytes));
		memset(bytes + 40, 0, sizeof(bytes) - 40);
		bytes[7] = sizeof(bytes);
		bytes[rows[i].at] = rows[i].at != 48;
		bytes[51] = rows[i].total;
		tap_ok(values_right(bytes, sizeof(bytes), 40, rows[i].good),
		       "opcodes with %s", rows[i].has);
	}
}

/* A piece of @total bytes at @offset, of @length, in a window at @addr. */
static bool piece_taken(unsigned char opcode, uint32_t total, uint32_t offset, uint32_t length,
			uint64_t addr)
{
	unsigned char bytes[104] = {};

	memcpy(bytes, samples[VRDMA_MSG_PIECE].bytes, 40);
	bytes[40] = opcode;
	put(bytes + 48, total, 4);
	put(bytes + 52, offset, 4);
	put(bytes + 88, length, 4);
	put(bytes + 96, addr, 8);
	return taken(bytes, sizeof(bytes));
}

static void test_pieces(void)
{
	static const uint32_t max = 1 << 30, most = 128 * 1024;
	static const struct {
		uint32_t total, offset, length;
		uint64_t addr;
		bool good;
	} pieces[] = {
		{ 8, 0, 8, 0, true }, { 8, 0, 0, 0, false }, { 0, 0, 0, 0, false },
		{ 8, 1, 8, 0, false }, { 8, 8, 1, 0, false }, { 8, 7, 1, 0, true },
		{ max, 0, most, 0, true }, { max, 0, most + 1, 0, false },
		{ max, max - most, most, 0, true }, { max, max - most + 1, most, 0, false },
		{ max + 1, 0, 1, 0, false }, { 16, UINT32_MAX - 15, 16, 0, false },
		{ 8, 0, 8, UINT64_MAX - 8, true }, { 8, 0, 8, UINT64_MAX - 7, false },
		{ 8, 0, 8, UINT64_MAX, false },
	};
	bool right = true;
	unsigned int opcode;
	size_t i;

	for (i = 0; i < COUNT(pieces); i++)
		right &= piece_taken(IB_UVERBS_WR_RDMA_READ, pieces[i].total, pieces[i].offset,
				     pieces[i].length, pieces[i].addr) == pieces[i].good;
	tap_ok(right, "pieces");
	right = true;
	for (opcode = 0; opcode < 256; opcode++)
		right &= piece_taken(opcode, 8, 0, 8, 0) == (opcode <= IB_UVERBS_WR_RDMA_READ ||
			  opcode == IB_UVERBS_WR_SEND_WITH_INV);
	tap_ok(right, "pieces of SENDs, WRITEs and READs, of nothing else");
}

/* A FLUSH of GLOBAL, a range; its fields one by one. */
static void test_flush(void)
{
	static const struct {
		const char *name;
		size_t at;
		uint64_t good;
	} fields[] = {
		{ "placements", 42, BIT(1) | BIT(2) | BIT(3) },
		{ "levels", 43, BIT(0) | BIT(1) },
		{ "immediate", 47, BIT(0) },
		{ "total", 51, BIT(0) },
		{ "offset", 55, BIT(0) },
		{ "range above 32 bits", 75, BIT(0) },
		{ "swap", 87, BIT(0) },
	};
	unsigned char bytes[88];
	size_t i;

	for (i = 0; i < COUNT(fields); i++) {
		memcpy(bytes, samples[VRDMA_MSG_REQUEST].bytes, sizeof(bytes));
		memset(bytes + 40, 0, sizeof(bytes) - 40);
		bytes[7] = sizeof(bytes);
		bytes[40] = VRDMA_WR_FLUSH;
		bytes[42] = VRDMA_FLUSH_GLOBAL;
		memset(bytes + 76, 0xff, 4);
		tap_ok(values_right(bytes, sizeof(bytes), fields[i].at, fields[i].good),
		       "%s of a FLUSH: all values", fields[i].name);
	}
}

static void test_datagram_opcodes(void)
{
	unsigned char bytes[136];

	memcpy(bytes, samples[VRDMA_MSG_DATAGRAM].bytes, sizeof(bytes));
	memset(bytes + 108, 0, 4);
	tap_ok(values_right(bytes, sizeof(bytes), 116, BIT(2) | BIT(3)),
	       "datagram opcodes without immediate data");
}

/* A group's address with the number of all that are attached to it, or neither. */
static void test_datagram_groups(void)
{
	static const struct {
		const char *name;
		unsigned char gid[16];
		bool group;
	} gids[] = {
		{ "224.0.0.1", { [10] = 0xff, 0xff, 224, 0, 0, 1 }, true },
		{ "239.255.255.255", { [10] = 0xff, 0xff, 239, 255, 255, 255 }, true },
		{ "223.255.255.255", { [10] = 0xff, 0xff, 223, 255, 255, 255 }, false },
		{ "240.0.0.0", { [10] = 0xff, 0xff, 240, 0, 0, 0 }, false },
		{ "ff02::1", { 0xff, 0x02, [15] = 1 }, true },
		{ "fe80::1", { 0xfe, 0x80, [15] = 1 }, false },
		{ "::224.0.0.1", { [12] = 224, 0, 0, 1 }, false },
		{ "1::ffff:224.0.0.1", { [1] = 1, [10] = 0xff, 0xff, 224, 0, 0, 1 }, false },
	};
	unsigned char bytes[136];
	size_t i;

	memcpy(bytes, samples[VRDMA_MSG_DATAGRAM].bytes, sizeof(bytes));
	for (i = 0; i < COUNT(gids); i++) {
		memcpy(bytes + 80, gids[i].gid, 16);
		put(bytes + 100, 0xffffff, 4);
		tap_ok(taken(bytes, sizeof(bytes)) == gids[i].group, "to all at %s: %s",
		       gids[i].name, gids[i].group ? "taken" : "refused");
		put(bytes + 100, 0x11, 4);
		tap_ok(taken(bytes, sizeof(bytes)) != gids[i].group, "to one at %s: %s",
		       gids[i].name, gids[i].group ? "refused" : "taken");
	}
}

enum part_of { OF_SEND, OF_RESPONSE, OF_READ, OF_ATOMIC, OF_WORD, OF_FLUSH };

static bool part_taken(enum part_of of, uint32_t total, uint32_t offset, uint32_t payload)
{
	static const unsigned char opcodes[] = {
		[OF_SEND] = IB_UVERBS_WR_SEND,
		[OF_READ] = IB_UVERBS_WR_RDMA_READ,
		[OF_ATOMIC] = IB_UVERBS_WR_ATOMIC_CMP_AND_SWP,
		[OF_WORD] = VRDMA_WR_ATOMIC_WRITE,
		[OF_FLUSH] = VRDMA_WR_FLUSH,
	};
	size_t header = of == OF_RESPONSE ? 48 : 88;
	size_t at = of == OF_RESPONSE ? 40 : 48;
	unsigned char bytes[VRDMA_MSG_MAX] = {};

	memcpy(bytes, samples[of == OF_RESPONSE ? VRDMA_MSG_RESPONSE : VRDMA_MSG_REQUEST].bytes,
	       40);
	if (of != OF_RESPONSE)
		bytes[40] = opcodes[of];
	if (of == OF_FLUSH)
		bytes[42] = VRDMA_FLUSH_GLOBAL;
	put(bytes + 4, header + payload, 4);
	put(bytes + at, total, 4);
	put(bytes + at + 4, offset, 4);
	return taken(bytes, header + payload);
}

static void test_parts(void)
{
	static const uint32_t max = 1 << 30;
	static const struct {
		uint32_t total, offset, payload;
		bool good;
	} parts[] = {
		{ 0, 0, 0, true }, { 0, 0, 1, false }, { 0, 1, 0, false },
		{ 1, 0, 1, true }, { 1, 0, 0, false }, { 1, 1, 0, false }, { 1, 1, 1, false },
		{ 1, 0, 2, false }, { max, 0, 1, true }, { max + 1, 0, 1, false },
		{ max, max - 1, 1, true }, { max, max - 1, 2, false }, { max, max, 0, false },
		{ UINT32_MAX, 0, 1, false }, { 16, UINT32_MAX - 15, 16, false },
		{ 16, UINT32_MAX, 8, false }, { 8192, 0, 7936, true },
		{ 8192, 256, 7936, true }, { 8192, 257, 7936, false }, { 8192, 8191, 1, true },
	};
	bool send = true, response = true;
	size_t i;

	for (i = 0; i < COUNT(parts); i++) {
		send &= part_taken(OF_SEND, parts[i].total, parts[i].offset,
				   parts[i].payload) == parts[i].good;
		response &= part_taken(OF_RESPONSE, parts[i].total, parts[i].offset,
				       parts[i].payload) == parts[i].good;
	}
	tap_ok(send, "parts of a SEND");
	tap_ok(response, "parts of a RESPONSE");
	tap_ok(part_taken(OF_READ, 0, 0, 0) && part_taken(OF_READ, max, 0, 0), "READs");
	tap_ok(!part_taken(OF_READ, max + 1, 0, 0), "a READ of more than 1 GiB is refused");
	tap_ok(!part_taken(OF_READ, 8, 1, 0), "a READ has no offset");
	tap_ok(!part_taken(OF_READ, 8, 0, 8), "a READ has no payload");
	tap_ok(part_taken(OF_ATOMIC, 8, 0, 0), "an atomic of 8 bytes");
	tap_ok(!part_taken(OF_ATOMIC, 0, 0, 0) && !part_taken(OF_ATOMIC, 7, 0, 0) &&
	       !part_taken(OF_ATOMIC, 9, 0, 0), "no other atomic");
	tap_ok(!part_taken(OF_ATOMIC, 8, 8, 0) && !part_taken(OF_ATOMIC, 8, 0, 8),
	       "an atomic has no offset and no payload");
	tap_ok(part_taken(OF_WORD, 8, 0, 8), "an ATOMIC_WRITE of 8 bytes");
	tap_ok(!part_taken(OF_WORD, 8, 0, 4) && !part_taken(OF_WORD, 8, 4, 4) &&
	       !part_taken(OF_WORD, 8, 0, 0) && !part_taken(OF_WORD, 16, 0, 8) &&
	       !part_taken(OF_WORD, 0, 0, 0), "in no parts, and no other");
	tap_ok(part_taken(OF_FLUSH, 0, 0, 0), "a FLUSH of no bytes");
	tap_ok(!part_taken(OF_FLUSH, 8, 0, 8) && !part_taken(OF_FLUSH, 8, 0, 0) &&
	       !part_taken(OF_FLUSH, 0, 8, 0), "and none with any");
}

/* ---- several messages in one SEND ---- */

/**
 * struct pack - a SEND that is put together
 * @bytes: of it
 * @len: how many
 */
struct pack {
	unsigned char bytes[2 * VRDMA_MSG_MAX];
	size_t len;
};

/* @len bytes of a message, behind what there is. */
static void pack_add(struct pack *pack, const unsigned char *bytes, size_t len)
{
	size_t at = (pack->len + 7) / 8 * 8;

	memset(pack->bytes + pack->len, 0, at - pack->len);
	memcpy(pack->bytes + at, bytes, len);
	if (at)
		memset(pack->bytes + at + 16, 0, 12);
	pack->len = at + len;
}

static void pack_sample(struct pack *pack, enum vrdma_msg_type type)
{
	pack_add(pack, samples[type].bytes, samples[type].len);
}

/* The last @payload bytes of as many. */
static void pack_response(struct pack *pack, size_t payload)
{
	unsigned char bytes[VRDMA_MSG_MAX] = {};

	memcpy(bytes, samples[VRDMA_MSG_RESPONSE].bytes, 48);
	put(bytes + 4, 48 + payload, 4);
	put(bytes + 40, payload, 4);
	put(bytes + 44, 0, 4);
	memset(bytes + 48, 0x70, payload);
	pack_add(pack, bytes, 48 + payload);
}

static bool pack_taken(const struct pack *pack)
{
	return taken(pack->bytes, pack->len);
}

/* As docs/wire.md has it: three bytes that a READ fetched, and that another READ has failed. */
static void test_pack_example(void)
{
	static const char *const lines[] = {
		"01 06 02 00  00 00 00 33  01 02 03 04 05 06 07 08",
		"11 12 13 14  15 16 17 18  19 1a 1b 1c  21 22 23 24",
		"25 26 27 28  31 32 33 34  00 00 00 03  00 00 00 00",
		"70 61 79 00 00 00 00 00",
		"01 07 02 00  00 00 00 30  01 02 03 04 05 06 07 08",
		"00 00 00 00  00 00 00 00  00 00 00 00  21 22 23 24",
		"25 26 27 28  31 32 33 34  04 0a 00 00 00 00 00 00",
	};
	struct vrdma_msg first = samples[VRDMA_MSG_RESPONSE].msg;
	struct vrdma_msg second = samples[VRDMA_MSG_ANSWER].msg;
	unsigned char built[104] = {};
	struct pack pack = {};
	struct vrdma_msg msg;
	uint32_t at = 0;
	size_t i;

	for (i = 0; i < COUNT(lines); i++)
		pack.len += read_hex(pack.bytes + pack.len, lines[i]);
	first.payload = 3;
	first.response.total = 3;
	first.response.offset = 0;
	second.number = 0;
	second.ack = 0;
	second.credit = 0;
	tap_ok(pack.len == 104 && !vrdma_msg_parse(&msg, pack.bytes, pack.len) &&
	       same(&msg, &first), "two messages: the first");
	tap_ok(!vrdma_msg_next(&msg, pack.bytes, pack.len, &at) && at == 56 &&
	       same(&msg, &second), "two messages: the second");
	tap_ok(vrdma_msg_next(&msg, pack.bytes, pack.len, &at) == -ENODATA && at == 56 &&
	       same(&msg, &second), "two messages: that is all");
	vrdma_msg_build(built, &first);
	memcpy(built + 48, "pay", 3);
	vrdma_msg_build(built + 56, &second);
	tap_ok(!memcmp(built, pack.bytes, 104), "two messages: built byte by byte");
}

/* Numbered when it is sent, by the first message alone. */
static void test_numbering(void)
{
	struct vrdma_msg msg = samples[VRDMA_MSG_REQUEST].msg;
	unsigned char bytes[96];
	bool right = true;

	memcpy(bytes, samples[VRDMA_MSG_REQUEST].bytes, sizeof(bytes));
	msg.number = 0;
	msg.ack = 0;
	msg.credit = 0;
	vrdma_msg_build(bytes, &msg);
	right &= !taken(bytes, sizeof(bytes));
	vrdma_msg_number(bytes, 0x11121314, 0x15161718, 0x191a1b1c);
	right &= !memcmp(bytes, samples[VRDMA_MSG_REQUEST].bytes, sizeof(bytes));
	tap_ok(right, "a SEND is numbered later");
}

/* Every type but CREDIT goes with every other. */
static void test_pack_types(void)
{
	bool right = true;
	size_t a, b;

	for (a = VRDMA_MSG_CREDIT; a < COUNT(samples); a++) {
		for (b = VRDMA_MSG_CREDIT; b < COUNT(samples); b++) {
			struct pack pack = {};

			pack_sample(&pack, a);
			pack_sample(&pack, b);
			right &= pack_taken(&pack) ==
				 (a != VRDMA_MSG_CREDIT && b != VRDMA_MSG_CREDIT);
		}
	}
	tap_ok(right, "any two messages, but for CREDIT");
}

/* All of them, one behind the other, are found in order and where they are. */
static void test_pack_order(void)
{
	struct pack pack = {};
	struct vrdma_msg msg;
	bool right = true;
	uint32_t at = 0;
	size_t type, end = 0;

	for (type = VRDMA_MSG_BIND; type < COUNT(samples); type++)
		pack_sample(&pack, type);
	right &= !vrdma_msg_parse(&msg, pack.bytes, pack.len);
	for (type = VRDMA_MSG_BIND; right && type < COUNT(samples); type++) {
		right &= at == (end + 7) / 8 * 8 && msg.type == type;
		end = at + samples[type].len;
		right &= !vrdma_msg_next(&msg, pack.bytes, pack.len, &at) ||
			 end == pack.len;
	}
	tap_ok(right, "nine messages, in order");
}

/* A change in any byte of a second message that a first one could not have, or must have. */
static void test_pack_bytes(void)
{
	size_t second = 56, at, end;
	bool fixed = true, free = true, cut = true;
	struct pack good = {}, pack;
	unsigned int flip;

	pack_response(&good, 3);
	end = good.len;
	pack_sample(&good, VRDMA_MSG_UNBIND);
	tap_ok(pack_taken(&good), "control: a second message");
	for (at = end; at < second + 40; at++) {
		bool is_free = at >= second + 28 && at < second + 36;

		for (flip = 1; flip < 256; flip++) {
			pack = good;
			pack.bytes[at] ^= flip;
			if (is_free)
				free &= pack_taken(&pack);
			else
				fixed &= !pack_taken(&pack);
		}
	}
	tap_ok(fixed, "a second message: a change in any fixed byte, and before it, is refused");
	tap_ok(free, "a second message: binding and check are its own");
	for (at = 0; at < sizeof(pack.bytes); at++)
		if (at != end && at != good.len)
			cut &= !taken(good.bytes, at);
	tap_ok(cut && taken(good.bytes, end), "two messages, the first alone, no other length");
}

/* What is wrong with the last of three is wrong with all. */
static void test_pack_bad_last(void)
{
	struct pack pack = {};
	size_t at;

	pack_sample(&pack, VRDMA_MSG_REQUEST);
	pack_sample(&pack, VRDMA_MSG_ANSWER);
	at = pack.len;
	pack_sample(&pack, VRDMA_MSG_ANSWER);
	tap_ok(pack_taken(&pack), "control: three messages");
	pack.bytes[at + 41] = 8;
	tap_ok(!pack_taken(&pack), "the third one is bad: all are refused");
	pack.bytes[at + 41] = 10;
	put(pack.bytes + at + 16, 1, 4);
	tap_ok(!pack_taken(&pack), "the third one is numbered: all are refused");
	put(pack.bytes + at + 16, 0, 4);
	put(pack.bytes + at + 4, 49, 4);
	tap_ok(!pack_taken(&pack), "the third one is longer than it is: all are refused");
	put(pack.bytes + at + 4, UINT32_MAX, 4);
	tap_ok(!pack_taken(&pack), "the third one has no end: all are refused");
}

static void test_pack_lengths(void)
{
	size_t behind, longest = 8192 - 7984 - 48;
	bool right = true;

	for (behind = 1; behind < 512; behind++) {
		struct pack pack = {};

		pack_response(&pack, 7936);
		pack_response(&pack, behind);
		right &= pack_taken(&pack) == (behind <= longest);
	}
	tap_ok(right, "several messages of up to 8192 bytes");
}

int main(void)
{
	size_t type;

	for (type = VRDMA_MSG_CREDIT; type < COUNT(samples); type++)
		prepare(type);
	prepare_bytes();
	test_headers();
	for (type = VRDMA_MSG_CREDIT; type < COUNT(samples); type++) {
		test_example(&samples[type]);
		test_lengths(&samples[type]);
		test_true_lengths(&samples[type]);
		test_bytes(&samples[type]);
	}
	test_round_trips();
	test_left_out();
	test_zeros();
	test_bounds();
	test_values();
	test_rnr_timer();
	test_opcodes();
	test_datagram_opcodes();
	test_datagram_groups();
	test_parts();
	test_pieces();
	test_flush();
	test_pack_example();
	test_numbering();
	test_pack_types();
	test_pack_order();
	test_pack_bytes();
	test_pack_bad_last();
	test_pack_lengths();
	return tap_end();
}

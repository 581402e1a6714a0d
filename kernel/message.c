// SPDX-License-Identifier: GPL-2.0
/* Lane messages: the one place that turns their bytes into structs and back. */
#include "message.h"

#include <rdma/ib_user_ioctl_verbs.h>
#include <rdma/ib_user_verbs.h>
#include <rdma/vrdma-abi.h>

#include "format.h"
#include "limits.h"
#include "message_wire.h"

/* So no message is longer than VRDMA_MSG_MAX whose payload is not too long. */
static_assert(VRDMA_MSG_HEAD + sizeof(struct vrdma_wire_datagram) + VRDMA_MSG_PAYLOAD <=
	      VRDMA_MSG_MAX);
static_assert(VRDMA_UD_MTU <= VRDMA_MSG_PAYLOAD);
/* So who takes a piece's request finds it where a REQUEST has it. */
static_assert(!offsetof(struct vrdma_msg_piece, request));

/* These numbers travel. */
static_assert(IB_WC_REM_INV_REQ_ERR == 9);
static_assert(IB_WC_REM_ACCESS_ERR == 10);
static_assert(IB_WC_REM_OP_ERR == 11);

/**
 * struct vrdma_msg_shape - what all messages of a type share
 * @header: bytes before the payload; 0: no such type
 * @payload: most bytes of it
 * @binding: it goes to a binding of the receiver
 * @mseq: it is about an operation
 */
struct vrdma_msg_shape {
	__u32 header;
	__u32 payload;
	bool binding;
	bool mseq;
};

static const struct vrdma_msg_shape vrdma_msg_shapes[] = {
	[VRDMA_MSG_CREDIT] = {
		.header = VRDMA_MSG_HEAD,
	},
	[VRDMA_MSG_BIND] = {
		.header = VRDMA_MSG_HEAD + sizeof(struct vrdma_wire_bind),
	},
	[VRDMA_MSG_BOUND] = {
		.header = VRDMA_MSG_HEAD + sizeof(struct vrdma_wire_bound),
		.binding = true,
	},
	[VRDMA_MSG_UNBIND] = {
		.header = VRDMA_MSG_HEAD,
		.binding = true,
	},
	[VRDMA_MSG_REQUEST] = {
		.header = VRDMA_MSG_HEAD + sizeof(struct vrdma_wire_request),
		.payload = VRDMA_MSG_PAYLOAD,
		.binding = true,
		.mseq = true,
	},
	[VRDMA_MSG_RESPONSE] = {
		.header = VRDMA_MSG_HEAD + sizeof(struct vrdma_wire_response),
		.payload = VRDMA_MSG_PAYLOAD,
		.binding = true,
		.mseq = true,
	},
	[VRDMA_MSG_ANSWER] = {
		.header = VRDMA_MSG_HEAD + sizeof(struct vrdma_wire_result),
		.binding = true,
		.mseq = true,
	},
	[VRDMA_MSG_DATAGRAM] = {
		.header = VRDMA_MSG_HEAD + sizeof(struct vrdma_wire_datagram),
		.payload = VRDMA_UD_MTU,
	},
	[VRDMA_MSG_PIECE] = {
		.header = VRDMA_MSG_HEAD + sizeof(struct vrdma_wire_piece),
		.binding = true,
		.mseq = true,
	},
	[VRDMA_MSG_PLACED] = {
		.header = VRDMA_MSG_HEAD + sizeof(struct vrdma_wire_word),
		.binding = true,
		.mseq = true,
	},
	[VRDMA_MSG_RECALL] = {
		.header = VRDMA_MSG_HEAD + sizeof(struct vrdma_wire_bound),
		.binding = true,
	},
	[VRDMA_MSG_DROPPED] = {
		.header = VRDMA_MSG_HEAD + sizeof(struct vrdma_wire_word),
		.binding = true,
	},
};

/* What an opcode has; what it has not is zero. */
enum vrdma_msg_has {
	VRDMA_HAS_PAYLOAD = 1 << 0,
	VRDMA_HAS_IMM = 1 << 1,
	VRDMA_HAS_KEY = 1 << 2,		/* rkey */
	VRDMA_HAS_ADD = 1 << 3,		/* compare_add */
	VRDMA_HAS_SWAP = 1 << 4,
	VRDMA_HAS_ADDR = 1 << 5,	/* where it points to */
	VRDMA_HAS_WORD = 1 << 6,	/* a total of 8 bytes, never in parts */
	VRDMA_HAS_RANGE = 1 << 7,	/* bytes in compare_add, how they are flushed, no others */
	VRDMA_HAS_REMOTE = VRDMA_HAS_KEY | VRDMA_HAS_ADDR,
};

static const __u8 vrdma_msg_opcodes[] = {
	[IB_UVERBS_WR_RDMA_WRITE] = VRDMA_HAS_PAYLOAD | VRDMA_HAS_REMOTE,
	[IB_UVERBS_WR_RDMA_WRITE_WITH_IMM] = VRDMA_HAS_PAYLOAD | VRDMA_HAS_REMOTE |
					     VRDMA_HAS_IMM,
	[IB_UVERBS_WR_SEND] = VRDMA_HAS_PAYLOAD,
	[IB_UVERBS_WR_SEND_WITH_IMM] = VRDMA_HAS_PAYLOAD | VRDMA_HAS_IMM,
	[IB_UVERBS_WR_RDMA_READ] = VRDMA_HAS_REMOTE,
	[IB_UVERBS_WR_ATOMIC_CMP_AND_SWP] = VRDMA_HAS_REMOTE | VRDMA_HAS_ADD | VRDMA_HAS_SWAP |
					    VRDMA_HAS_WORD,
	[IB_UVERBS_WR_ATOMIC_FETCH_AND_ADD] = VRDMA_HAS_REMOTE | VRDMA_HAS_ADD | VRDMA_HAS_WORD,
	[IB_UVERBS_WR_SEND_WITH_INV] = VRDMA_HAS_PAYLOAD | VRDMA_HAS_KEY,
	[VRDMA_WR_FLUSH] = VRDMA_HAS_REMOTE | VRDMA_HAS_RANGE,
	[VRDMA_WR_ATOMIC_WRITE] = VRDMA_HAS_PAYLOAD | VRDMA_HAS_REMOTE | VRDMA_HAS_WORD,
};

static const struct vrdma_msg_shape *vrdma_msg_shape(unsigned int type)
{
	const unsigned int types = VRDMA_MSG_DROPPED + 1;

	return &vrdma_msg_shapes[type < types ? array_index_nospec(type, types) : 0];
}

/* 0: no opcode of a message. */
static __u8 vrdma_msg_opcode_has(unsigned int opcode)
{
	const unsigned int opcodes = VRDMA_WR_ATOMIC_WRITE + 1;

	return opcode < opcodes ? vrdma_msg_opcodes[array_index_nospec(opcode, opcodes)] : 0;
}

static bool vrdma_msg_qpn_ok(__u32 qpn)
{
	return qpn < 1 << 24;
}

static bool vrdma_msg_flags_ok(__u8 flags)
{
	return !(flags & ~VRDMA_SEND_SOLICITED);
}

/* A part of an operation; only an operation without bytes has a part without bytes. */
static bool vrdma_msg_part_ok(__u32 total, __u32 offset, __u32 payload)
{
	if (total > VRDMA_MAX_MSG || offset > total || payload > total - offset)
		return false;
	return payload || !total;
}

static bool vrdma_msg_get_bind(struct vrdma_msg_bind *bind, const void *data)
{
	struct vrdma_wire_bind wire;

	vrdma_wire_copy(&wire, data, sizeof(wire));
	bind->device = __be64_to_cpu(wire.device);
	bind->token = __be64_to_cpu(wire.token);
	bind->from = __be64_to_cpu(wire.from);
	memcpy(bind->sgid, wire.sgid, sizeof(bind->sgid));
	memcpy(bind->dgid, wire.dgid, sizeof(bind->dgid));
	bind->qpn = __be32_to_cpu(wire.qpn);
	bind->dest_qpn = __be32_to_cpu(wire.dest_qpn);
	bind->qp_type = wire.qp_type;
	bind->id = __be32_to_cpu(wire.id);
	bind->check = __be32_to_cpu(wire.check);
	return vrdma_wire_zero(wire.reserved, sizeof(wire.reserved));
}

static bool vrdma_msg_bind_ok(const struct vrdma_msg_bind *bind)
{
	if (!bind->device || !bind->from || !bind->id)
		return false;
	if (vrdma_wire_zero(bind->sgid, sizeof(bind->sgid)) ||
	    vrdma_wire_zero(bind->dgid, sizeof(bind->dgid)))
		return false;
	if (!vrdma_msg_qpn_ok(bind->qpn) || !vrdma_msg_qpn_ok(bind->dest_qpn))
		return false;
	return bind->qp_type == IB_UVERBS_QPT_RC || bind->qp_type == IB_UVERBS_QPT_UC;
}

static bool vrdma_msg_get_bound(struct vrdma_msg_bound *bound, const void *data)
{
	struct vrdma_wire_bound wire;

	vrdma_wire_copy(&wire, data, sizeof(wire));
	bound->id = __be32_to_cpu(wire.id);
	bound->check = __be32_to_cpu(wire.check);
	return bound->id;
}

static void vrdma_msg_get_request(struct vrdma_msg_request *request, const void *data)
{
	struct vrdma_wire_request wire;

	vrdma_wire_copy(&wire, data, sizeof(wire));
	request->opcode = wire.opcode;
	request->flags = wire.flags;
	request->placement = wire.placement;
	request->level = wire.level;
	request->imm = wire.imm;
	request->total = __be32_to_cpu(wire.total);
	request->offset = __be32_to_cpu(wire.offset);
	request->rkey = __be32_to_cpu(wire.rkey);
	request->done = __be32_to_cpu(wire.done);
	request->remote_addr = __be64_to_cpu(wire.remote_addr);
	request->compare_add = __be64_to_cpu(wire.compare_add);
	request->swap = __be64_to_cpu(wire.swap);
}

/* Only what an opcode @has is told of it. */
static bool vrdma_msg_request_zeros(const struct vrdma_msg_request *request, __u8 has)
{
	return (has & VRDMA_HAS_IMM || !request->imm) &&
	       (has & VRDMA_HAS_KEY || !request->rkey) &&
	       (has & VRDMA_HAS_ADDR || !request->remote_addr) &&
	       (has & (VRDMA_HAS_ADD | VRDMA_HAS_RANGE) || !request->compare_add) &&
	       (has & VRDMA_HAS_SWAP || !request->swap) &&
	       (has & VRDMA_HAS_RANGE || (!request->placement && !request->level));
}

/* A range and what for: no byte travels. */
static bool vrdma_msg_flush_ok(const struct vrdma_msg_request *request)
{
	return request->placement &&
	       !(request->placement & ~(VRDMA_FLUSH_GLOBAL | VRDMA_FLUSH_PERSISTENT)) &&
	       request->level <= VRDMA_FLUSH_MR && request->compare_add <= (__u32)-1 &&
	       !request->total;
}

static bool vrdma_msg_request_ok(const struct vrdma_msg_request *request, __u32 payload)
{
	__u8 has = vrdma_msg_opcode_has(request->opcode);

	if (!has || !vrdma_msg_flags_ok(request->flags) || !vrdma_msg_request_zeros(request, has))
		return false;
	if (has & VRDMA_HAS_WORD && request->total != sizeof(__u64))
		return false;
	if (has & VRDMA_HAS_PAYLOAD)
		return vrdma_msg_part_ok(request->total, request->offset, payload) &&
		       (!(has & VRDMA_HAS_WORD) || payload == sizeof(__u64));
	if (payload || request->offset || request->total > VRDMA_MAX_MSG)
		return false;
	return !(has & VRDMA_HAS_RANGE) || vrdma_msg_flush_ok(request);
}

static bool vrdma_msg_get_response(struct vrdma_msg_response *response, const void *data)
{
	struct vrdma_wire_response wire;

	vrdma_wire_copy(&wire, data, sizeof(wire));
	response->total = __be32_to_cpu(wire.total);
	response->offset = __be32_to_cpu(wire.offset);
	return true;
}

static bool vrdma_msg_get_result(struct vrdma_msg_result *result, const void *data)
{
	struct vrdma_wire_result wire;

	vrdma_wire_copy(&wire, data, sizeof(wire));
	result->kind = wire.kind;
	result->status = wire.status;
	result->rnr_timer = wire.rnr_timer;
	return vrdma_wire_zero(wire.reserved, sizeof(wire.reserved));
}

/* What the owner of memory finds wrong; all else the requester finds itself. */
static bool vrdma_msg_status_ok(__u8 status)
{
	return status == IB_WC_REM_INV_REQ_ERR || status == IB_WC_REM_ACCESS_ERR ||
	       status == IB_WC_REM_OP_ERR;
}

static bool vrdma_msg_result_ok(const struct vrdma_msg_result *result)
{
	switch (result->kind) {
	case VRDMA_ANSWER_DONE:
	case VRDMA_ANSWER_READY:
		return !result->status && !result->rnr_timer;
	case VRDMA_ANSWER_RNR:
		return !result->status && result->rnr_timer < 32;
	case VRDMA_ANSWER_FAILED:
		return vrdma_msg_status_ok(result->status) && !result->rnr_timer;
	default:
		return false;
	}
}

static bool vrdma_msg_get_datagram(struct vrdma_msg_datagram *datagram, const void *data)
{
	struct vrdma_wire_datagram wire;

	vrdma_wire_copy(&wire, data, sizeof(wire));
	datagram->device = __be64_to_cpu(wire.device);
	datagram->token = __be64_to_cpu(wire.token);
	datagram->from = __be64_to_cpu(wire.from);
	memcpy(datagram->sgid, wire.sgid, sizeof(datagram->sgid));
	memcpy(datagram->dgid, wire.dgid, sizeof(datagram->dgid));
	datagram->src_qpn = __be32_to_cpu(wire.src_qpn);
	datagram->dest_qpn = __be32_to_cpu(wire.dest_qpn);
	datagram->qkey = __be32_to_cpu(wire.qkey);
	datagram->imm = wire.imm;
	datagram->flow_label = __be32_to_cpu(wire.flow_label);
	datagram->opcode = wire.opcode;
	datagram->flags = wire.flags;
	datagram->traffic_class = wire.traffic_class;
	datagram->hop_limit = wire.hop_limit;
	datagram->sl = wire.sl;
	return vrdma_wire_zero(wire.reserved, sizeof(wire.reserved));
}

static bool vrdma_msg_datagram_ok(const struct vrdma_msg_datagram *datagram)
{
	bool to_all = datagram->dest_qpn == VRDMA_MSG_GROUP_QPN;

	if (!datagram->device || !datagram->from ||
	    vrdma_wire_zero(datagram->sgid, sizeof(datagram->sgid)) ||
	    vrdma_wire_zero(datagram->dgid, sizeof(datagram->dgid)))
		return false;
	if (!vrdma_msg_qpn_ok(datagram->src_qpn) || !vrdma_msg_qpn_ok(datagram->dest_qpn) ||
	    !vrdma_msg_flags_ok(datagram->flags) || datagram->flow_label >= 1 << 20 ||
	    datagram->sl >= 16)
		return false;
	if (to_all != vrdma_wire_is_group(datagram->dgid))
		return false;
	return datagram->opcode == IB_UVERBS_WR_SEND_WITH_IMM ||
	       (datagram->opcode == IB_UVERBS_WR_SEND && !datagram->imm);
}

static void vrdma_msg_get_piece(struct vrdma_msg_piece *piece, const void *data)
{
	struct vrdma_wire_piece wire;

	vrdma_wire_copy(&wire, data, sizeof(wire));
	piece->length = __be32_to_cpu(wire.length);
	piece->key = __be32_to_cpu(wire.key);
	piece->addr = __be64_to_cpu(wire.addr);
	vrdma_msg_get_request(&piece->request, &wire.request);
}

/* What an HCA moves is never empty, and an atomic's word is the processor's. */
static bool vrdma_msg_piece_ok(const struct vrdma_msg_piece *piece)
{
	const struct vrdma_msg_request *request = &piece->request;
	__u8 has = vrdma_msg_opcode_has(request->opcode);

	if (!has || has & (VRDMA_HAS_WORD | VRDMA_HAS_RANGE))
		return false;
	if (!vrdma_msg_flags_ok(request->flags) || !vrdma_msg_request_zeros(request, has))
		return false;
	if (!piece->length || piece->length > VRDMA_PIECE_BYTES ||
	    piece->addr + piece->length < piece->addr)
		return false;
	return vrdma_msg_part_ok(request->total, request->offset, piece->length);
}

static bool vrdma_msg_get_word(__u32 *word, const void *data)
{
	struct vrdma_wire_word wire;

	vrdma_wire_copy(&wire, data, sizeof(wire));
	*word = __be32_to_cpu(wire.word);
	return !wire.reserved;
}

/* The fixed part of the type, behind the head. */
static bool vrdma_msg_get_rest(struct vrdma_msg *msg, const void *data)
{
	switch (msg->type) {
	case VRDMA_MSG_CREDIT:
	case VRDMA_MSG_UNBIND:
		return true;
	case VRDMA_MSG_BIND:
		return vrdma_msg_get_bind(&msg->bind, data) && vrdma_msg_bind_ok(&msg->bind);
	case VRDMA_MSG_BOUND:
	case VRDMA_MSG_RECALL:
		return vrdma_msg_get_bound(&msg->bound, data);
	case VRDMA_MSG_REQUEST:
		vrdma_msg_get_request(&msg->request, data);
		return vrdma_msg_request_ok(&msg->request, msg->payload);
	case VRDMA_MSG_RESPONSE:
		return vrdma_msg_get_response(&msg->response, data) &&
		       vrdma_msg_part_ok(msg->response.total, msg->response.offset,
					 msg->payload);
	case VRDMA_MSG_ANSWER:
		return vrdma_msg_get_result(&msg->result, data) &&
		       vrdma_msg_result_ok(&msg->result);
	case VRDMA_MSG_DATAGRAM:
		return vrdma_msg_get_datagram(&msg->datagram, data) &&
		       vrdma_msg_datagram_ok(&msg->datagram);
	case VRDMA_MSG_PIECE:
		vrdma_msg_get_piece(&msg->piece, data);
		return vrdma_msg_piece_ok(&msg->piece);
	case VRDMA_MSG_PLACED:
		return vrdma_msg_get_word(&msg->placed.offset, data) &&
		       msg->placed.offset && msg->placed.offset <= VRDMA_MAX_MSG;
	case VRDMA_MSG_DROPPED:
		return vrdma_msg_get_word(&msg->dropped.key, data);
	}
	return false;
}

static bool vrdma_msg_head_ok(const struct vrdma_msg *msg, const struct vrdma_msg_shape *shape)
{
	if (!shape->mseq && msg->mseq)
		return false;
	return shape->binding ? msg->binding : !msg->binding && !msg->check;
}

static bool vrdma_msg_get_head(struct vrdma_msg *msg, const void *data, __u32 len)
{
	const struct vrdma_msg_shape *shape;
	struct vrdma_wire_head wire;
	__u32 length;

	vrdma_wire_copy(&wire, data, sizeof(wire));
	shape = vrdma_msg_shape(wire.type);
	length = __be32_to_cpu(wire.length);
	if (wire.version != VRDMA_MSG_VERSION || wire.reserved || length > len)
		return false;
	if (!shape->header || length < shape->header || length - shape->header > shape->payload)
		return false;

	msg->type = wire.type;
	msg->lane = wire.lane;
	msg->cookie = __be64_to_cpu(wire.cookie);
	msg->number = __be32_to_cpu(wire.number);
	msg->ack = __be32_to_cpu(wire.ack);
	msg->credit = __be32_to_cpu(wire.credit);
	msg->binding = __be32_to_cpu(wire.binding);
	msg->check = __be32_to_cpu(wire.check);
	msg->mseq = __be32_to_cpu(wire.mseq);
	msg->payload = length - shape->header;
	return vrdma_msg_head_ok(msg, shape);
}

/* The message that begins @len bytes, alone or not. */
static bool vrdma_msg_get(struct vrdma_msg *msg, const void *data, __u32 len)
{
	return len >= VRDMA_MSG_HEAD && vrdma_msg_get_head(msg, data, len) &&
	       vrdma_msg_get_rest(msg, data + VRDMA_MSG_HEAD);
}

/* Of a SEND only its first message is numbered; all are of the same connection. */
static bool vrdma_msg_follows(const struct vrdma_msg *msg, const struct vrdma_msg *before)
{
	return msg->lane == before->lane && msg->cookie == before->cookie &&
	       !msg->number && !msg->ack && !msg->credit &&
	       msg->type != VRDMA_MSG_CREDIT && before->type != VRDMA_MSG_CREDIT;
}

/**
 * vrdma_msg_next - go on to the next message of a SEND
 * @msg: the message at @at; becomes the one behind it
 * @data: the SEND
 * @len: bytes of it
 * @at: where in @data; becomes that of the one behind it
 *
 * Return: 0; -ENODATA: @msg was the last; -EBADMSG: what is behind it is none.
 */
int vrdma_msg_next(struct vrdma_msg *msg, const void *data, __u32 len, __u32 *at)
{
	__u32 end = *at + vrdma_msg_header(msg->type) + msg->payload;
	__u32 next = vrdma_msg_align(end);
	struct vrdma_msg before = *msg;

	if (end >= len)
		return -ENODATA;
	if (next >= len || !vrdma_wire_zero(data + end, next - end) ||
	    !vrdma_msg_get(msg, data + next, len - next) || !vrdma_msg_follows(msg, &before))
		return -EBADMSG;
	*at = next;
	return 0;
}

/* Are all good that are behind the first? */
static bool vrdma_msg_rest_ok(struct vrdma_msg msg, const void *data, __u32 len)
{
	__u32 at = 0;
	int err;

	do
		err = vrdma_msg_next(&msg, data, len, &at);
	while (!err);
	return err == -ENODATA;
}

/**
 * vrdma_msg_parse - read the first message of a SEND, and judge all of them
 * @msg: of the union only the type's own member is filled
 * @data: from the network, any alignment; no payload is looked at
 * @len: bytes of @data
 *
 * What is used of a message is read once. What hangs on anything but the SEND itself
 * (cookie, lane, numbers, binding) is the caller's to check.
 *
 * Return: 0, or -EBADMSG.
 */
int vrdma_msg_parse(struct vrdma_msg *msg, const void *data, __u32 len)
{
	if (len > VRDMA_MSG_MAX || !vrdma_msg_get(msg, data, len) || !msg->number ||
	    !vrdma_msg_rest_ok(*msg, data, len))
		return -EBADMSG;
	return 0;
}

static void vrdma_msg_put_bind(void *data, const struct vrdma_msg_bind *bind)
{
	struct vrdma_wire_bind wire = {
		.device = __cpu_to_be64(bind->device),
		.token = __cpu_to_be64(bind->token),
		.from = __cpu_to_be64(bind->from),
		.qpn = __cpu_to_be32(bind->qpn),
		.dest_qpn = __cpu_to_be32(bind->dest_qpn),
		.id = __cpu_to_be32(bind->id),
		.check = __cpu_to_be32(bind->check),
		.qp_type = bind->qp_type,
	};

	memcpy(wire.sgid, bind->sgid, sizeof(wire.sgid));
	memcpy(wire.dgid, bind->dgid, sizeof(wire.dgid));
	memcpy(data, &wire, sizeof(wire));
}

static void vrdma_msg_put_bound(void *data, const struct vrdma_msg_bound *bound)
{
	struct vrdma_wire_bound wire = {
		.id = __cpu_to_be32(bound->id),
		.check = __cpu_to_be32(bound->check),
	};

	memcpy(data, &wire, sizeof(wire));
}

static void vrdma_msg_put_request(void *data, const struct vrdma_msg_request *request)
{
	__u8 has = vrdma_msg_opcode_has(request->opcode);
	struct vrdma_wire_request wire = {
		.opcode = request->opcode,
		.flags = request->flags,
		.total = __cpu_to_be32(request->total),
		.offset = __cpu_to_be32(request->offset),
		.done = __cpu_to_be32(request->done),
	};

	if (has & VRDMA_HAS_IMM)
		wire.imm = request->imm;
	if (has & VRDMA_HAS_KEY)
		wire.rkey = __cpu_to_be32(request->rkey);
	if (has & VRDMA_HAS_ADDR)
		wire.remote_addr = __cpu_to_be64(request->remote_addr);
	if (has & (VRDMA_HAS_ADD | VRDMA_HAS_RANGE))
		wire.compare_add = __cpu_to_be64(request->compare_add);
	if (has & VRDMA_HAS_SWAP)
		wire.swap = __cpu_to_be64(request->swap);
	if (has & VRDMA_HAS_RANGE) {
		wire.placement = request->placement;
		wire.level = request->level;
	}
	memcpy(data, &wire, sizeof(wire));
}

static void vrdma_msg_put_response(void *data, const struct vrdma_msg_response *response)
{
	struct vrdma_wire_response wire = {
		.total = __cpu_to_be32(response->total),
		.offset = __cpu_to_be32(response->offset),
	};

	memcpy(data, &wire, sizeof(wire));
}

static void vrdma_msg_put_result(void *data, const struct vrdma_msg_result *result)
{
	struct vrdma_wire_result wire = {
		.kind = result->kind,
		.status = result->status,
		.rnr_timer = result->rnr_timer,
	};

	memcpy(data, &wire, sizeof(wire));
}

static void vrdma_msg_put_datagram(void *data, const struct vrdma_msg_datagram *datagram)
{
	struct vrdma_wire_datagram wire = {
		.device = __cpu_to_be64(datagram->device),
		.token = __cpu_to_be64(datagram->token),
		.from = __cpu_to_be64(datagram->from),
		.src_qpn = __cpu_to_be32(datagram->src_qpn),
		.dest_qpn = __cpu_to_be32(datagram->dest_qpn),
		.qkey = __cpu_to_be32(datagram->qkey),
		.flow_label = __cpu_to_be32(datagram->flow_label),
		.opcode = datagram->opcode,
		.flags = datagram->flags,
		.traffic_class = datagram->traffic_class,
		.hop_limit = datagram->hop_limit,
		.sl = datagram->sl,
	};

	if (datagram->opcode == IB_UVERBS_WR_SEND_WITH_IMM)
		wire.imm = datagram->imm;
	memcpy(wire.sgid, datagram->sgid, sizeof(wire.sgid));
	memcpy(wire.dgid, datagram->dgid, sizeof(wire.dgid));
	memcpy(data, &wire, sizeof(wire));
}

static void vrdma_msg_put_piece(void *data, const struct vrdma_msg_piece *piece)
{
	struct vrdma_wire_piece wire = {
		.length = __cpu_to_be32(piece->length),
		.key = __cpu_to_be32(piece->key),
		.addr = __cpu_to_be64(piece->addr),
	};

	memcpy(data, &wire, sizeof(wire));
	vrdma_msg_put_request(data, &piece->request);
}

static void vrdma_msg_put_word(void *data, __u32 word)
{
	struct vrdma_wire_word wire = { .word = __cpu_to_be32(word) };

	memcpy(data, &wire, sizeof(wire));
}

static void vrdma_msg_put_rest(void *data, const struct vrdma_msg *msg)
{
	switch (msg->type) {
	case VRDMA_MSG_CREDIT:
	case VRDMA_MSG_UNBIND:
		break;
	case VRDMA_MSG_BIND:
		vrdma_msg_put_bind(data, &msg->bind);
		break;
	case VRDMA_MSG_BOUND:
	case VRDMA_MSG_RECALL:
		vrdma_msg_put_bound(data, &msg->bound);
		break;
	case VRDMA_MSG_REQUEST:
		vrdma_msg_put_request(data, &msg->request);
		break;
	case VRDMA_MSG_RESPONSE:
		vrdma_msg_put_response(data, &msg->response);
		break;
	case VRDMA_MSG_ANSWER:
		vrdma_msg_put_result(data, &msg->result);
		break;
	case VRDMA_MSG_DATAGRAM:
		vrdma_msg_put_datagram(data, &msg->datagram);
		break;
	case VRDMA_MSG_PIECE:
		vrdma_msg_put_piece(data, &msg->piece);
		break;
	case VRDMA_MSG_PLACED:
		vrdma_msg_put_word(data, msg->placed.offset);
		break;
	case VRDMA_MSG_DROPPED:
		vrdma_msg_put_word(data, msg->dropped.key);
		break;
	}
}

/**
 * vrdma_msg_build - write the header of a lane message
 * @data: vrdma_msg_header() bytes, any alignment; every one is written
 * @msg: what it says; what its opcode has not (immediate data, a key) is left out
 */
void vrdma_msg_build(void *data, const struct vrdma_msg *msg)
{
	struct vrdma_wire_head wire = {
		.version = VRDMA_MSG_VERSION,
		.type = msg->type,
		.lane = msg->lane,
		.length = __cpu_to_be32(vrdma_msg_header(msg->type) + msg->payload),
		.cookie = __cpu_to_be64(msg->cookie),
		.number = __cpu_to_be32(msg->number),
		.ack = __cpu_to_be32(msg->ack),
		.credit = __cpu_to_be32(msg->credit),
		.binding = __cpu_to_be32(msg->binding),
		.check = __cpu_to_be32(msg->check),
		.mseq = __cpu_to_be32(msg->mseq),
	};

	memcpy(data, &wire, sizeof(wire));
	vrdma_msg_put_rest(data + sizeof(wire), msg);
}

/**
 * vrdma_msg_number - number the first message of a SEND
 * @data: as vrdma_msg_build() has written it
 * @number: of the SEND
 * @ack: last number received
 * @credit: last number that may come
 */
void vrdma_msg_number(void *data, __u32 number, __u32 ack, __u32 credit)
{
	__be32 wire[] = { __cpu_to_be32(number), __cpu_to_be32(ack), __cpu_to_be32(credit) };

	memcpy(data + offsetof(struct vrdma_wire_head, number), wire, sizeof(wire));
}

/**
 * vrdma_msg_header - length of a header
 * @type: of the message
 *
 * Return: bytes before the payload.
 */
__u32 vrdma_msg_header(enum vrdma_msg_type type)
{
	return vrdma_msg_shape(type)->header;
}

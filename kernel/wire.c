// SPDX-License-Identifier: GPL-2.0
/* Wire formats: the one place that turns bytes of strangers into structs. */
#include "wire.h"

#include "format.h"

static_assert(sizeof(struct vrdma_wire_resolve) == 216);
static_assert(offsetof(struct vrdma_wire_resolve, nonce) == 8);
static_assert(offsetof(struct vrdma_wire_resolve, asked) == 16);
static_assert(offsetof(struct vrdma_wire_resolve, host) == 48);
static_assert(offsetof(struct vrdma_wire_resolve, device) == 64);
static_assert(offsetof(struct vrdma_wire_resolve, hca_count) == 80);
static_assert(offsetof(struct vrdma_wire_resolve, hca) == 88);

static bool vrdma_wire_query_ok(const struct vrdma_wire_resolve *wire)
{
	const unsigned long from = offsetof(struct vrdma_wire_resolve, host);

	return vrdma_wire_zero((const __u8 *)wire + from, sizeof(*wire) - from);
}

static bool vrdma_wire_answer_ok(const struct vrdma_wire_resolve *wire)
{
	unsigned long used = wire->hca_count * sizeof(wire->hca[0]);

	if (wire->hca_count > VRDMA_WIRE_HCAS)
		return false;
	if (vrdma_wire_zero(wire->host, sizeof(wire->host)) || !wire->device)
		return false;
	return vrdma_wire_zero(wire->reserved, sizeof(wire->reserved)) &&
	       vrdma_wire_zero((const __u8 *)wire->hca + used, sizeof(wire->hca) - used);
}

static bool vrdma_wire_resolve_ok(const struct vrdma_wire_resolve *wire)
{
	if (wire->magic != __cpu_to_be32(VRDMA_WIRE_MAGIC) ||
	    wire->version != VRDMA_WIRE_VERSION ||
	    wire->length != __cpu_to_be16(sizeof(*wire)))
		return false;
	if (vrdma_wire_zero(wire->asked, sizeof(wire->asked)) ||
	    vrdma_wire_zero(wire->asker, sizeof(wire->asker)))
		return false;

	switch (wire->type) {
	case VRDMA_WIRE_QUERY:
		return vrdma_wire_query_ok(wire);
	case VRDMA_WIRE_ANSWER:
		return vrdma_wire_answer_ok(wire);
	default:
		return false;
	}
}

/**
 * vrdma_resolve_parse - read a datagram of the resolver
 * @msg: filled on success only
 * @data: from the network, any alignment
 * @len: bytes of @data
 *
 * Whether the addresses are those of the packet is the caller's to check.
 *
 * Return: 0, or -EBADMSG.
 */
int vrdma_resolve_parse(struct vrdma_resolve *msg, const void *data, unsigned long len)
{
	struct vrdma_wire_resolve wire;

	if (len != sizeof(wire))
		return -EBADMSG;
	vrdma_wire_copy(&wire, data, sizeof(wire));
	if (!vrdma_wire_resolve_ok(&wire))
		return -EBADMSG;

	msg->type = wire.type;
	msg->nonce = __be64_to_cpu(wire.nonce);
	memcpy(msg->asked, wire.asked, sizeof(msg->asked));
	memcpy(msg->asker, wire.asker, sizeof(msg->asker));
	memcpy(msg->host, wire.host, sizeof(msg->host));
	msg->device = __be64_to_cpu(wire.device);
	msg->token = __be64_to_cpu(wire.token);
	msg->hca_count = wire.hca_count;
	memcpy(msg->hca, wire.hca, sizeof(msg->hca));
	return 0;
}

/**
 * vrdma_resolve_build - write a datagram of the resolver
 * @wire: every byte of it is written
 * @msg: what only answers say is left out of a question
 */
void vrdma_resolve_build(struct vrdma_wire_resolve *wire, const struct vrdma_resolve *msg)
{
	memset(wire, 0, sizeof(*wire));
	wire->magic = __cpu_to_be32(VRDMA_WIRE_MAGIC);
	wire->version = VRDMA_WIRE_VERSION;
	wire->type = msg->type;
	wire->length = __cpu_to_be16(sizeof(*wire));
	wire->nonce = __cpu_to_be64(msg->nonce);
	memcpy(wire->asked, msg->asked, sizeof(wire->asked));
	memcpy(wire->asker, msg->asker, sizeof(wire->asker));
	if (msg->type != VRDMA_WIRE_ANSWER)
		return;
	memcpy(wire->host, msg->host, sizeof(wire->host));
	wire->device = __cpu_to_be64(msg->device);
	wire->token = __cpu_to_be64(msg->token);
	wire->hca_count = msg->hca_count;
	memcpy(wire->hca, msg->hca, msg->hca_count * sizeof(wire->hca[0]));
}

// SPDX-License-Identifier: GPL-2.0
/* Private data of lane connections: the one place that turns its bytes into a struct and back. */
#include "hello.h"

#include "format.h"

/* As it travels; fields as in struct vrdma_hello. */
struct vrdma_wire_hello {
	__u8 version;
	__u8 lane;
	__u8 lanes;
	__u8 reserved;
	__be32 epoch;
	__u8 from[VRDMA_WIRE_HOST];
	__u8 to[VRDMA_WIRE_HOST];
	__be64 cookie;
	__be32 credit;
	__be32 reserved2;
};

static_assert(sizeof(struct vrdma_wire_hello) == VRDMA_HELLO_BYTES);
static_assert(offsetof(struct vrdma_wire_hello, from) == 8);
static_assert(offsetof(struct vrdma_wire_hello, cookie) == 40);

static bool vrdma_hello_ok(const struct vrdma_wire_hello *wire)
{
	if (wire->version != VRDMA_HELLO_VERSION || wire->reserved || wire->reserved2)
		return false;
	if (vrdma_wire_zero(wire->from, sizeof(wire->from)) ||
	    vrdma_wire_zero(wire->to, sizeof(wire->to)))
		return false;
	return wire->lane < wire->lanes && wire->credit;
}

/**
 * vrdma_hello_parse - read the private data of a connection
 * @hello: filled on success only
 * @data: from the network, any alignment
 * @len: bytes of @data; rdma_cm gives more than were sent, and zeroes what was not
 *
 * Whether the hosts are those of the connection is the caller's to check.
 *
 * Return: 0, or -EBADMSG.
 */
int vrdma_hello_parse(struct vrdma_hello *hello, const void *data, __u32 len)
{
	struct vrdma_wire_hello wire;

	if (len < sizeof(wire))
		return -EBADMSG;
	vrdma_wire_copy(&wire, data, sizeof(wire));
	if (!vrdma_hello_ok(&wire) || !vrdma_wire_zero(data + sizeof(wire), len - sizeof(wire)))
		return -EBADMSG;

	hello->lane = wire.lane;
	hello->lanes = wire.lanes;
	hello->epoch = __be32_to_cpu(wire.epoch);
	memcpy(hello->from, wire.from, sizeof(hello->from));
	memcpy(hello->to, wire.to, sizeof(hello->to));
	hello->cookie = __be64_to_cpu(wire.cookie);
	hello->credit = __be32_to_cpu(wire.credit);
	return 0;
}

/**
 * vrdma_hello_build - write the private data of a connection
 * @data: VRDMA_HELLO_BYTES, any alignment; every byte is written
 * @hello: what it says
 */
void vrdma_hello_build(void *data, const struct vrdma_hello *hello)
{
	struct vrdma_wire_hello wire = {
		.version = VRDMA_HELLO_VERSION,
		.lane = hello->lane,
		.lanes = hello->lanes,
		.epoch = __cpu_to_be32(hello->epoch),
		.cookie = __cpu_to_be64(hello->cookie),
		.credit = __cpu_to_be32(hello->credit),
	};

	memcpy(wire.from, hello->from, sizeof(wire.from));
	memcpy(wire.to, hello->to, sizeof(wire.to));
	memcpy(data, &wire, sizeof(wire));
}

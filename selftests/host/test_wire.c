// SPDX-License-Identifier: GPL-2.0
/*
 * The parser of resolver datagrams takes what the builder makes and what
 * docs/wire.md shows, and nothing that differs from it in a byte that is fixed.
 */
#include "wire.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

#define LEN	sizeof(struct vrdma_wire_resolve)
#define OFF(f)	offsetof(struct vrdma_wire_resolve, f)

/* The example of docs/wire.md, by hand: the numbers here are the format. */
static const unsigned char example_head[] = {
	0x76, 0x72, 0x64, 0x6d, 1, 2, 0, 216,
	0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 2,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1,
	0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7,
	0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf,
	0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18,
	0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28,
};

static struct vrdma_resolve sample(enum vrdma_wire_type type)
{
	struct vrdma_resolve msg = {
		.type = type,
		.nonce = 0x0102030405060708ULL,
	};
	int i;

	memcpy(msg.asked, example_head + OFF(asked), sizeof(msg.asked));
	memcpy(msg.asker, example_head + OFF(asker), sizeof(msg.asker));
	if (type != VRDMA_WIRE_ANSWER)
		return msg;
	for (i = 0; i < VRDMA_WIRE_HOST; i++)
		msg.host[i] = 0xa0 + i;
	msg.device = 0x1112131415161718ULL;
	msg.token = 0x2122232425262728ULL;
	msg.hca_count = 2;
	memset(msg.hca[0], 0x33, sizeof(msg.hca[0]));
	memset(msg.hca[1], 0x44, sizeof(msg.hca[1]));
	return msg;
}

/* Parse from memory of exactly that size, at an odd address. */
static int parse(struct vrdma_resolve *msg, const void *data, size_t len)
{
	unsigned char *copy = malloc(len + 1);
	int err;

	memcpy(copy + 1, data, len);
	err = vrdma_resolve_parse(msg, copy + 1, len);
	free(copy);
	return err;
}

static void test_round_trip(enum vrdma_wire_type type, const char *name)
{
	struct vrdma_resolve in = sample(type), out;
	struct vrdma_wire_resolve wire;

	memset(&out, 0x5a, sizeof(out));
	memset(&wire, 0x5a, sizeof(wire));
	vrdma_resolve_build(&wire, &in);
	tap_ok(!parse(&out, &wire, sizeof(wire)), "%s: parsed", name);
	tap_ok(out.type == in.type && out.nonce == in.nonce && out.device == in.device &&
	       out.token == in.token && !memcmp(out.asked, in.asked, sizeof(in.asked)) &&
	       !memcmp(out.asker, in.asker, sizeof(in.asker)) &&
	       !memcmp(out.host, in.host, sizeof(in.host)) && out.hca_count == in.hca_count &&
	       !memcmp(out.hca, in.hca, sizeof(in.hca)), "%s: the same", name);
}

static void test_example(void)
{
	struct vrdma_resolve in = sample(VRDMA_WIRE_ANSWER), out;
	unsigned char bytes[LEN] = {};
	struct vrdma_wire_resolve wire;

	in.hca_count = 0;
	memcpy(bytes, example_head, sizeof(example_head));
	tap_ok(sizeof(example_head) == OFF(hca_count), "example: fields end at 80");
	tap_ok(!parse(&out, bytes, sizeof(bytes)), "example: parsed");
	tap_ok(out.nonce == in.nonce && out.device == in.device && out.token == in.token,
	       "example: read as big endian");
	vrdma_resolve_build(&wire, &in);
	tap_ok(!memcmp(&wire, bytes, sizeof(bytes)), "example: built byte by byte");
}

static void test_query_leaks_nothing(void)
{
	struct vrdma_resolve in = sample(VRDMA_WIRE_ANSWER);
	struct vrdma_wire_resolve wire;
	unsigned char all = 0;
	size_t i;

	in.type = VRDMA_WIRE_QUERY;
	vrdma_resolve_build(&wire, &in);
	for (i = OFF(host); i < LEN; i++)
		all |= ((unsigned char *)&wire)[i];
	tap_ok(!all, "a question says nothing of host, device, token or HCAs");
}

static void test_lengths(enum vrdma_wire_type type, const char *name)
{
	struct vrdma_resolve in = sample(type), out;
	unsigned char bytes[2 * LEN] = {};
	bool refused = true;
	size_t len;

	vrdma_resolve_build((struct vrdma_wire_resolve *)bytes, &in);
	for (len = 0; len <= sizeof(bytes); len++)
		if (len != LEN)
			refused &= parse(&out, bytes, len) == -EBADMSG;
	tap_ok(refused, "%s: every other length refused", name);
}

/* May byte @at of such a datagram have any value? */
static bool is_free(enum vrdma_wire_type type, size_t at)
{
	if (at >= OFF(nonce) && at < OFF(host))
		return true;
	if (type != VRDMA_WIRE_ANSWER)
		return false;
	return (at >= OFF(host) && at < OFF(hca_count)) ||
	       (at >= OFF(hca) && at < OFF(hca) + sample(type).hca_count * VRDMA_WIRE_GID);
}

static void test_bytes(enum vrdma_wire_type type, const char *name)
{
	struct vrdma_resolve in = sample(type), out;
	struct vrdma_wire_resolve wire;
	unsigned char *bytes = (unsigned char *)&wire;
	bool fixed = true, free = true;
	unsigned int flip;
	size_t at;

	for (at = 0; at < LEN; at++) {
		for (flip = 1; flip < 256; flip++) {
			vrdma_resolve_build(&wire, &in);
			bytes[at] ^= flip;
			/* A count of HCAs whose addresses are zero is well formed. */
			if (type == VRDMA_WIRE_ANSWER && at == OFF(hca_count) &&
			    bytes[at] >= in.hca_count && bytes[at] <= VRDMA_WIRE_HCAS)
				continue;
			if (is_free(type, at))
				free &= !parse(&out, bytes, LEN);
			else
				fixed &= parse(&out, bytes, LEN) == -EBADMSG;
		}
	}
	tap_ok(fixed, "%s: a change in any fixed byte is refused", name);
	tap_ok(free, "%s: values are not judged here", name);
}

static void test_hcas(void)
{
	struct vrdma_resolve in = sample(VRDMA_WIRE_ANSWER), out;
	struct vrdma_wire_resolve wire;
	bool taken = true, refused = true;
	unsigned int count;

	memset(in.hca, 0x33, sizeof(in.hca));
	for (count = 0; count <= VRDMA_WIRE_HCAS; count++) {
		in.hca_count = count;
		vrdma_resolve_build(&wire, &in);
		taken &= !parse(&out, &wire, sizeof(wire)) && out.hca_count == count &&
			 !memcmp(out.hca, in.hca, count * sizeof(in.hca[0]));
		if (count == VRDMA_WIRE_HCAS)
			break;
		wire.hca[count][VRDMA_WIRE_GID - 1] = 1;
		refused &= parse(&out, &wire, sizeof(wire)) == -EBADMSG;
	}
	tap_ok(taken, "0 to %d HCA addresses", VRDMA_WIRE_HCAS);
	tap_ok(refused, "an address beyond the count is refused");
}

static void test_zeros(void)
{
	static const struct {
		const char *name;
		size_t at, len;
	} fields[] = {
		{ "asked", OFF(asked), VRDMA_WIRE_GID },
		{ "asker", OFF(asker), VRDMA_WIRE_GID },
		{ "host", OFF(host), VRDMA_WIRE_HOST },
		{ "device", OFF(device), 8 },
	};
	struct vrdma_resolve in = sample(VRDMA_WIRE_ANSWER), out;
	struct vrdma_wire_resolve wire;
	size_t i;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		vrdma_resolve_build(&wire, &in);
		memset((char *)&wire + fields[i].at, 0, fields[i].len);
		tap_ok(parse(&out, &wire, sizeof(wire)) == -EBADMSG,
		       "an answer without %s is refused", fields[i].name);
	}
}

/* For the sanitizers: nothing about it must be true but that it ends. */
static void test_noise(void)
{
	unsigned char bytes[LEN];
	struct vrdma_resolve out;
	unsigned int taken = 0;
	int round;
	size_t i;

	srand(1);
	for (round = 0; round < 200000; round++) {
		for (i = 0; i < LEN; i++)
			bytes[i] = rand();
		if (round & 1)
			memcpy(bytes, example_head, 8);
		taken += !parse(&out, bytes, LEN);
	}
	tap_ok(!taken, "200000 random datagrams, %u taken", taken);
}

int main(void)
{
	test_round_trip(VRDMA_WIRE_QUERY, "question");
	test_round_trip(VRDMA_WIRE_ANSWER, "answer");
	test_example();
	test_query_leaks_nothing();
	test_lengths(VRDMA_WIRE_QUERY, "question");
	test_lengths(VRDMA_WIRE_ANSWER, "answer");
	test_bytes(VRDMA_WIRE_QUERY, "question");
	test_bytes(VRDMA_WIRE_ANSWER, "answer");
	test_hcas();
	test_zeros();
	test_noise();
	return tap_end();
}

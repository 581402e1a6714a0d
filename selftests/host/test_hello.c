// SPDX-License-Identifier: GPL-2.0
/*
 * The parser of a connection's private data takes what the builder makes and what
 * docs/wire.md shows, also with zeros behind it, and nothing that differs from it in a
 * byte that is fixed.
 */
#include "hello.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

#define LEN	VRDMA_HELLO_BYTES
/* What rdma_cm gives of a reply. */
#define LONGEST	196

/* The example of docs/wire.md, by hand: the numbers here are the format. */
static const unsigned char example[LEN] = {
	1, 2, 4, 0, 0x11, 0x12, 0x13, 0x14,
	0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7,
	0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf,
	0xb0, 0xb1, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7,
	0xb8, 0xb9, 0xba, 0xbb, 0xbc, 0xbd, 0xbe, 0xbf,
	0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
	0x21, 0x22, 0x23, 0x24, 0, 0, 0, 0,
};

static struct vrdma_hello sample(void)
{
	struct vrdma_hello hello = {
		.lane = 2,
		.lanes = 4,
		.epoch = 0x11121314,
		.cookie = 0x0102030405060708ULL,
		.credit = 0x21222324,
	};
	int i;

	for (i = 0; i < VRDMA_WIRE_HOST; i++) {
		hello.from[i] = 0xa0 + i;
		hello.to[i] = 0xb0 + i;
	}
	return hello;
}

/* Parse from memory of exactly that size, at an odd address. */
static int parse(struct vrdma_hello *hello, const void *data, size_t len)
{
	unsigned char *copy = malloc(len + 1);
	int err;

	memcpy(copy + 1, data, len);
	err = vrdma_hello_parse(hello, copy + 1, len);
	free(copy);
	return err;
}

static bool same(const struct vrdma_hello *a, const struct vrdma_hello *b)
{
	return a->lane == b->lane && a->lanes == b->lanes && a->epoch == b->epoch &&
	       a->cookie == b->cookie && a->credit == b->credit &&
	       !memcmp(a->from, b->from, sizeof(a->from)) &&
	       !memcmp(a->to, b->to, sizeof(a->to));
}

static void test_example(void)
{
	struct vrdma_hello in = sample(), out;
	unsigned char built[LEN + 1];

	memset(&out, 0x5a, sizeof(out));
	memset(built, 0x5a, sizeof(built));
	tap_ok(!parse(&out, example, LEN) && same(&out, &in), "example read");
	vrdma_hello_build(built, &in);
	tap_ok(!memcmp(built, example, LEN), "example built byte by byte");
	tap_ok(built[LEN] == 0x5a, "nothing built behind it");
}

static void test_lengths(void)
{
	unsigned char bytes[LONGEST] = {};
	bool refused = true, taken = true, dirty = true;
	struct vrdma_hello out;
	size_t len;

	memcpy(bytes, example, LEN);
	for (len = 0; len < LEN; len++)
		refused &= parse(&out, bytes, len) == -EBADMSG;
	tap_ok(refused, "anything shorter is refused");
	for (len = LEN; len <= LONGEST; len++)
		taken &= !parse(&out, bytes, len);
	tap_ok(taken, "zeros behind it are taken");
	for (len = LEN; len < LONGEST; len++) {
		bytes[len] = 1;
		dirty &= parse(&out, bytes, LONGEST) == -EBADMSG && !parse(&out, bytes, len);
		bytes[len] = 0;
	}
	tap_ok(dirty, "anything else behind it is refused");
}

/* May byte @at have any value? lane and lanes are test_lanes()'s. */
static bool is_free(size_t at)
{
	return at >= 4 && at < 52;
}

static void test_bytes(void)
{
	bool fixed = true, free = true;
	unsigned char bytes[LEN];
	struct vrdma_hello out;
	unsigned int flip;
	size_t at;

	for (at = 0; at < LEN; at++) {
		for (flip = 1; at != 1 && at != 2 && flip < 256; flip++) {
			memcpy(bytes, example, LEN);
			bytes[at] ^= flip;
			if (is_free(at))
				free &= !parse(&out, bytes, LEN);
			else
				fixed &= parse(&out, bytes, LEN) == -EBADMSG;
		}
	}
	tap_ok(fixed, "a change in any fixed byte is refused");
	tap_ok(free, "values are not judged here");
}

static void test_lanes(void)
{
	unsigned char bytes[LEN];
	struct vrdma_hello out;
	unsigned int lane, lanes;
	bool right = true;

	memcpy(bytes, example, LEN);
	for (lane = 0; lane < 256; lane++) {
		for (lanes = 0; lanes < 256; lanes++) {
			bytes[1] = lane;
			bytes[2] = lanes;
			right &= !parse(&out, bytes, LEN) == (lane < lanes);
		}
	}
	tap_ok(right, "a lane is one of its channel's");
}

static void test_zeros(void)
{
	static const struct {
		const char *name;
		size_t at, len;
	} fields[] = {
		{ "from", 8, 16 },
		{ "to", 24, 16 },
		{ "credit", 48, 4 },
	};
	unsigned char bytes[LEN];
	struct vrdma_hello out;
	size_t i;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		memcpy(bytes, example, LEN);
		memset(bytes + fields[i].at, 0, fields[i].len);
		tap_ok(parse(&out, bytes, LEN) == -EBADMSG, "without %s it is refused",
		       fields[i].name);
	}
}

int main(void)
{
	test_example();
	test_lengths();
	test_bytes();
	test_lanes();
	test_zeros();
	return tap_end();
}

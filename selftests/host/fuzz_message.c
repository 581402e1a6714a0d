// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever the bytes, the parsers of SENDs on a lane and of private data read nothing
 * outside them, and what they accept is what the builders make of the result.
 */
#include "hello.h"
#include "message.h"

#include <errno.h>
#include <string.h>

#include "fuzz.h"

/* Kinds are types of messages less one, then the private data, SENDs of several messages. */
#define KIND_HELLO	VRDMA_MSG_DROPPED
#define KIND_SEVERAL	(KIND_HELLO + 1)

/* Built as parsed, and nothing behind the header touched.  Where the message ends. */
static size_t check_message(const struct vrdma_msg *msg, const uint8_t *data, size_t size)
{
	size_t header = vrdma_msg_header(msg->type);
	uint8_t built[VRDMA_MSG_MAX - VRDMA_MSG_PAYLOAD];

	fuzz_check(header && header < sizeof(built), "a header has its length");
	fuzz_check(header + msg->payload <= size, "a message is in its SEND");
	fuzz_check(msg->payload <= VRDMA_MSG_PAYLOAD, "the payload is bounded");
	memset(built, 0x5a, sizeof(built));
	vrdma_msg_build(built, msg);
	fuzz_check(!memcmp(built, data, header), "the header is built as it was parsed");
	fuzz_check(built[header] == 0x5a, "nothing is built behind the header");
	return header + msg->payload;
}

/* @msg is the one behind @before, which ends at @end. */
static void check_next(const struct vrdma_msg *msg, const struct vrdma_msg *before,
		       const uint8_t *data, size_t end, size_t at)
{
	fuzz_check(!(at % 8) && at - end < 8, "messages are aligned, and no further apart");
	while (end < at)
		fuzz_check(!data[end++], "between them is nothing");
	fuzz_check(msg->lane == before->lane && msg->cookie == before->cookie,
		   "they are of one connection");
	fuzz_check(!msg->number && !msg->ack && !msg->credit, "the first alone is numbered");
	fuzz_check(msg->type != VRDMA_MSG_CREDIT && before->type != VRDMA_MSG_CREDIT,
		   "CREDIT is alone");
}

static void try_send(const uint8_t *data, size_t size)
{
	struct vrdma_msg msg, before;
	uint32_t at = 0;
	size_t end;
	int err;

	memset(&msg, 0x5a, sizeof(msg));
	err = vrdma_msg_parse(&msg, data, size);
	fuzz_check(!err || err == -EBADMSG, "a SEND is good or bad");
	if (err)
		return;
	fuzz_check(size <= VRDMA_MSG_MAX, "a SEND fits a buffer");
	fuzz_check(msg.number, "a SEND is numbered");
	do {
		before = msg;
		end = at + check_message(&msg, data + at, size - at);
		fuzz_accepted[msg.type - 1]++;
		err = vrdma_msg_next(&msg, data, size, &at);
		if (err)
			break;
		check_next(&msg, &before, data, end, at);
		fuzz_accepted[KIND_SEVERAL]++;
	} while (1);
	fuzz_check(err == -ENODATA && end == size, "the messages are the SEND");
}

static void try_hello(const uint8_t *data, size_t size)
{
	uint8_t built[VRDMA_HELLO_BYTES + 1];
	struct vrdma_hello hello;
	int err;

	memset(&hello, 0x5a, sizeof(hello));
	err = vrdma_hello_parse(&hello, data, size);
	fuzz_check(!err || err == -EBADMSG, "private data are good or bad");
	if (err)
		return;
	memset(built, 0x5a, sizeof(built));
	vrdma_hello_build(built, &hello);
	fuzz_check(!memcmp(built, data, VRDMA_HELLO_BYTES), "they are built as parsed");
	fuzz_check(built[VRDMA_HELLO_BYTES] == 0x5a, "nothing is built behind them");
	fuzz_accepted[KIND_HELLO]++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *odd = malloc(size + 1);

	if (!odd)
		return 0;
	memcpy(odd + 1, data, size);
	try_send(odd + 1, size);
	try_hello(odd + 1, size);
	free(odd);
	return 0;
}

static size_t said_length(const uint8_t *data)
{
	return (size_t)data[4] << 24 | data[5] << 16 | data[6] << 8 | data[7];
}

static void say_length(uint8_t *data, size_t size)
{
	data[4] = 0;
	data[5] = 0;
	data[6] = size >> 8;
	data[7] = size;
}

/* The message once more behind itself, as the second of a SEND. */
static size_t follow(uint8_t *data, size_t size, size_t max)
{
	size_t at = vrdma_msg_align(size);

	if (size < 40 || at + size > max)
		return size;
	memset(data + size, 0, at - size);
	memmove(data + at, data, size);
	memset(data + at + 16, 0, 12);
	return at + size;
}

/*
 * Most inputs say the length they have, or the parser would look at nothing else; some have
 * a message behind the first, or get one.
 */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	size = LLVMFuzzerMutate(data, size, max);
	if (size < 8 || !(seed % 16) || (seed & 16 && said_length(data) < size))
		return size;
	say_length(data, size);
	return seed & 32 ? size : follow(data, size, max);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fuzz_begin(KIND_SEVERAL + 1);
	return 0;
}

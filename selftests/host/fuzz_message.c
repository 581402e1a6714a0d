// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever the bytes, the parsers of lane messages and of private data read nothing
 * outside them, and what they accept is what the builders make of the result.
 */
#include "hello.h"
#include "message.h"

#include <errno.h>
#include <string.h>

#include "fuzz.h"

/* Kinds are types of messages less one, then the private data. */
#define KIND_HELLO	VRDMA_MSG_PLACED

/* Built as parsed, and nothing behind the header touched. */
static void check_message(const struct vrdma_msg *msg, const uint8_t *data, size_t size)
{
	size_t header = vrdma_msg_header(msg->type);
	uint8_t built[VRDMA_MSG_MAX - VRDMA_MSG_PAYLOAD];

	fuzz_check(header && header < sizeof(built), "a header has its length");
	fuzz_check(header + msg->payload == size, "header and payload are the message");
	fuzz_check(msg->payload <= VRDMA_MSG_PAYLOAD, "the payload is bounded");
	memset(built, 0x5a, sizeof(built));
	vrdma_msg_build(built, msg);
	fuzz_check(!memcmp(built, data, header), "the header is built as it was parsed");
	fuzz_check(built[header] == 0x5a, "nothing is built behind the header");
}

static void try_message(const uint8_t *data, size_t size)
{
	struct vrdma_msg msg;
	int err;

	memset(&msg, 0x5a, sizeof(msg));
	err = vrdma_msg_parse(&msg, data, size);
	fuzz_check(!err || err == -EBADMSG, "a message is good or bad");
	if (err)
		return;
	check_message(&msg, data, size);
	fuzz_accepted[msg.type - 1]++;
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
	try_message(odd + 1, size);
	try_hello(odd + 1, size);
	free(odd);
	return 0;
}

/* Most inputs say the length they have, or the parser would look at nothing else. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	size = LLVMFuzzerMutate(data, size, max);
	if (size >= 8 && seed % 16) {
		data[4] = 0;
		data[5] = 0;
		data[6] = size >> 8;
		data[7] = size;
	}
	return size;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fuzz_begin(KIND_HELLO + 1);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever the bytes, the parser of resolver datagrams reads nothing outside them, and
 * what it accepts is what the builder makes of the result, but for HCA addresses.
 */
#include "wire.h"

#include <errno.h>
#include <string.h>

#include "fuzz.h"

#define BUILT	offsetof(struct vrdma_wire_resolve, hca_count)

static void check_datagram(const struct vrdma_resolve *msg, const uint8_t *data)
{
	struct vrdma_wire_resolve built;
	struct vrdma_resolve again;

	memset(&built, 0x5a, sizeof(built));
	vrdma_resolve_build(&built, msg);
	fuzz_check(!memcmp(&built, data, BUILT), "it is built as it was parsed");
	fuzz_check(!vrdma_resolve_parse(&again, &built, sizeof(built)), "what is built is good");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *odd = malloc(size + 1);
	struct vrdma_resolve msg;
	int err;

	if (!odd)
		return 0;
	memcpy(odd + 1, data, size);
	memset(&msg, 0, sizeof(msg));
	err = vrdma_resolve_parse(&msg, odd + 1, size);
	fuzz_check(!err || err == -EBADMSG, "a datagram is good or bad");
	fuzz_check(err || size == sizeof(struct vrdma_wire_resolve), "a good one has its length");
	if (!err) {
		check_datagram(&msg, odd + 1);
		fuzz_accepted[msg.type - 1]++;
	}
	free(odd);
	return 0;
}

/* Most inputs are as long as a datagram, or the parser would look at nothing. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	const size_t whole = sizeof(struct vrdma_wire_resolve);

	size = LLVMFuzzerMutate(data, size, max);
	if (max < whole || !(seed % 16))
		return size;
	if (size < whole)
		memset(data + size, 0, whole - size);
	return whole;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fuzz_begin(VRDMA_WIRE_ANSWER);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0 */
/* What the fuzzers share: a check that ends the run, and the count of what was accepted. */
#ifndef _VRDMA_FUZZ_H
#define _VRDMA_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Inputs accepted, by kind; each fuzzer sets how many kinds it has. */
static unsigned long fuzz_accepted[16];
static unsigned int fuzz_kinds;

/* What must be true of every input. */
static void fuzz_check(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "not true: %s\n", what);
	abort();
}

/* For fuzz.sh: a run that never got past the parser has shown little of it. */
static void fuzz_end(void)
{
	unsigned int kind;

	fprintf(stderr, "accepted:");
	for (kind = 0; kind < fuzz_kinds; kind++)
		fprintf(stderr, " %lu", fuzz_accepted[kind]);
	fprintf(stderr, "\n");
}

static void fuzz_begin(unsigned int kinds)
{
	fuzz_kinds = kinds;
	atexit(fuzz_end);
}

/* libFuzzer calls these; LLVMFuzzerMutate() is its own. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed);

#endif /* _VRDMA_FUZZ_H */

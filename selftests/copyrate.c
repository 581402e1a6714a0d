// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * How fast this machine copies: copyrate BYTES SECONDS prints MiB/s of copying
 * one buffer of BYTES to another again and again by 64-bit registers, as the
 * kernel does where it has no faster instruction: over all that time, and in the
 * best round, which nobody disturbed.  A yardstick for scripts/bench.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void copy(volatile uint64_t *to, const uint64_t *from, size_t bytes)
{
	size_t i;

	for (i = 0; i < bytes / sizeof(*from); i += 8) {
		to[i + 0] = from[i + 0];
		to[i + 1] = from[i + 1];
		to[i + 2] = from[i + 2];
		to[i + 3] = from[i + 3];
		to[i + 4] = from[i + 4];
		to[i + 5] = from[i + 5];
		to[i + 6] = from[i + 6];
		to[i + 7] = from[i + 7];
	}
}

int main(int argc, char **argv)
{
	size_t bytes = argc > 1 ? strtoul(argv[1], NULL, 0) / 64 * 64 : 0;
	double seconds = argc > 2 ? atof(argv[2]) : 1;
	uint64_t *from, *to, rounds = 0;
	double start, last, end, best = seconds;

	if (!bytes) {
		fprintf(stderr, "usage: copyrate BYTES [SECONDS]\n");
		return 2;
	}
	from = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
	to = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
	if (!from || !to)
		return 1;
	memset(from, 1, bytes);
	memset(to, 2, bytes);

	start = now();
	end = start;
	do {
		last = end;
		copy(to, from, bytes);
		rounds++;
		end = now();
		if (end - last < best)
			best = end - last;
	} while (end - start < seconds);
	printf("%.1f %.1f\n", rounds * bytes / (end - start) / (1 << 20),
	       bytes / best / (1 << 20));
	return memcmp(from, to, bytes) != 0;
}

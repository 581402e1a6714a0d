/* SPDX-License-Identifier: GPL-2.0 */
/* Deterministic randomness, data that a seed determines, and a hash over it. */
#ifndef SELFTESTS_PRNG_H
#define SELFTESTS_PRNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct prng {
	uint64_t state;
};

/* splitmix64's finalizer: every input bit reaches every output bit. */
static inline uint64_t prng_mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

static inline uint64_t prng_next(struct prng *p)
{
	p->state += 0x9e3779b97f4a7c15ULL;
	return prng_mix(p->state);
}

/* 0 .. limit - 1 */
static inline uint64_t prng_below(struct prng *p, uint64_t limit)
{
	return limit ? prng_next(p) % limit : 0;
}

static inline bool prng_chance(struct prng *p, unsigned int percent)
{
	return prng_below(p, 100) < percent;
}

/* As likely to be 17 as 17 Mi: uniform in the number of bits. 0 .. limit - 1 */
static inline uint64_t prng_log(struct prng *p, uint64_t limit)
{
	unsigned int bits = 64 - __builtin_clzll(limit | 1);
	uint64_t top = 1ULL << prng_below(p, bits + 1);

	return prng_below(p, top < limit ? top : limit);
}

static inline uint64_t prng_word(uint64_t seed, uint64_t index)
{
	return (seed + index) * 0x9e3779b97f4a7c15ULL ^ (seed >> 29);
}

/* The @len bytes that @seed stands for. */
static inline void prng_fill(void *to, size_t len, uint64_t seed)
{
	unsigned char *at = to;
	uint64_t word, i;

	for (i = 0; len >= 8; i++, at += 8, len -= 8) {
		word = prng_word(seed, i);
		memcpy(at, &word, 8);
	}
	word = prng_word(seed, i);
	memcpy(at, &word, len);
}

/* Offset of the first byte that is not what prng_fill() made, or @len. */
static inline size_t prng_check(const void *from, size_t len, uint64_t seed)
{
	const unsigned char *at = from;
	size_t done = 0, part;
	uint64_t word, i;

	for (i = 0; done < len; i++, done += part) {
		part = len - done < 8 ? len - done : 8;
		word = prng_word(seed, i);
		if (!memcmp(at + done, &word, part))
			continue;
		while (part && at[done] == ((unsigned char *)&word)[done % 8])
			done++;
		return done;
	}
	return len;
}

static inline uint64_t prng_hash(uint64_t hash, const void *from, size_t len)
{
	const unsigned char *at = from;
	uint64_t word;

	for (; len >= 8; at += 8, len -= 8) {
		memcpy(&word, at, 8);
		hash = (hash ^ word) * 0x100000001b3ULL;
		hash ^= hash >> 29;
	}
	word = len;
	memcpy(&word, at, len);
	return prng_mix(hash ^ word);
}

#endif /* SELFTESTS_PRNG_H */

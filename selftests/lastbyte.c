// SPDX-License-Identifier: GPL-2.0
/*
 * Programs wait for a WRITE by polling its last byte in their memory.  When it is
 * there, everything before it is, too; a value arrives once, and what the program
 * clears stays clear; and an aligned word is never seen half written.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sched.h>

#include "lib/verbs_util.h"

#define SLOTS	4
#define SLOT	65536UL

static struct pair p;
static volatile unsigned long consumed;	/* messages the poller is done with */
static volatile bool stop;

/* Both sides derive length and place of message @n from its number. */
static size_t message_length(unsigned long n)
{
	return 1 + prng_mix(opt.seed + n) % (n % 16 ? 300 : SLOT / 2);
}

static size_t message_offset(unsigned long n)
{
	return n % SLOTS * SLOT + prng_mix(opt.seed ^ n) % 64;
}

/* What the poller must find; the last byte is never 0. */
static void message_fill(uint8_t *to, unsigned long n)
{
	size_t len = message_length(n);

	prng_fill(to, len, opt.seed + n);
	to[len - 1] = 1 + n % 255;
}

static int poll_message(unsigned long n)
{
	static uint8_t want[SLOT];
	size_t len = message_length(n);
	volatile uint8_t *slot = p.b.buf + message_offset(n);
	uint64_t end = now_ms() + WAIT_MS;
	unsigned int spins = 0;

	message_fill(want, n);
	while (!slot[len - 1]) {
		if (++spins % 256)
			continue;
		EXPECT(now_ms() < end && !stop, "message %lu does not arrive", n);
		sched_yield();
	}
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	EXPECT(!memcmp((void *)slot, want, len),
	       "message %lu of %zu bytes was not all there with its last byte", n, len);
	memset((void *)slot, 0, len);
	for (spins = 0; spins < 200; spins++)
		EXPECT(!slot[len - 1], "message %lu came a second time", n);
	return KTAP_PASS;
}

static void *poller(void *count)
{
	for (unsigned long n = 0; n < (unsigned long)count; n++) {
		if (poll_message(n)) {
			stop = true;
			return (void *)1;
		}
		consumed = n + 1;
	}
	return NULL;
}

static int write_message(unsigned long n)
{
	size_t at = n % SLOTS * SLOT;
	uint64_t end = now_ms() + WAIT_MS;
	struct ibv_wc wc;

	while (n - consumed >= SLOTS) {
		EXPECT(!stop && now_ms() < end, "the poller does not go on");
		sched_yield();
	}
	message_fill(p.a.buf + at, n);
	EXPECT_EQ(ep_rdma(&p.a, IBV_WR_RDMA_WRITE, n, at, message_length(n), message_offset(n),
			  IBV_SEND_SIGNALED), 0);
	/* completions are collected late: the poller does not wait for them */
	if (n >= SLOTS - 1) {
		EXPECT(cq_wait(p.a.scq, &wc, 1, WAIT_MS) == 1, "no completion");
		EXPECT(!wc.status, "%s", ibv_wc_status_str(wc.status));
	}
	return KTAP_PASS;
}

static int last_byte(void)
{
	unsigned long count = opt.full ? 20000 : 2000, n;
	struct ep_cfg cfg = { .size = SLOTS * SLOT };
	pthread_t thread;
	void *result;

	TRY(pair_make(&p, &cfg, &cfg));
	EXPECT_EQ(pthread_create(&thread, NULL, poller, (void *)count), 0);
	for (n = 0; n < count; n++)
		TRY(write_message(n));
	pthread_join(thread, &result);
	EXPECT(!result, "the poller failed");
	ktap_msg("%lu messages", count);
	return KTAP_PASS;
}

/* Words of one repeated byte: a mixed word was torn. */
static void *word_watcher(void *torn)
{
	volatile uint64_t *words = (void *)p.b.buf;

	for (unsigned long i = 0; !stop; i++) {
		uint64_t word = words[i % 512];

		if (word != (word & 0xff) * 0x0101010101010101ULL)
			*(uint64_t *)torn = word;
		if (!(i % 4096))
			sched_yield();
	}
	return NULL;
}

static int words_are_whole(void)
{
	unsigned long count = opt.full ? 20000 : 2000, n;
	uint64_t torn = 0;
	pthread_t thread;

	TRY(pair_make(&p, NULL, NULL));
	EXPECT_EQ(pthread_create(&thread, NULL, word_watcher, &torn), 0);
	for (n = 0; n < count; n++) {
		memset(p.a.buf, n, 4096);
		EXPECT_EQ(ep_rdma(&p.a, IBV_WR_RDMA_WRITE, n, 0, 4096, 0, IBV_SEND_SIGNALED), 0);
		TRY(cq_expect(p.a.scq, n, IBV_WC_SUCCESS, NULL));
	}
	stop = true;
	pthread_join(thread, NULL);
	EXPECT(!torn, "an aligned word was 0x%llx", (unsigned long long)torn);
	return KTAP_PASS;
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		{ "last byte", last_byte, 120 },
		{ "aligned words are whole", words_are_whole },
	};

	options_parse(argc, argv);
	return ktap_run(cases, ARRAY_SIZE(cases), opt.only);
}

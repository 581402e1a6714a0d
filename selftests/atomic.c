// SPDX-License-Identifier: GPL-2.0
/*
 * Atomics are atomic: among many QPs of both containers, on one word, and with
 * the processor of the program that owns it.  No addition is lost, no value is
 * handed out twice, and compare-and-swap lets one through.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "lib/verbs_util.h"

#define QPS	4
#define DEPTH	16

static struct node node[2];
static struct ep near[QPS], far[QPS];
static uint64_t *word;		/* in far[0].buf */
static volatile bool stop;

static int make(void)
{
	TRY(node_open(&node[0], 0));
	TRY(node_open(&node[1], 1));
	for (int i = 0; i < QPS; i++) {
		/* the last pair asks from the owner's own container */
		TRY(ep_create(&near[i], &node[i == QPS - 1], NULL));
		TRY(ep_create(&far[i], &node[1], NULL));
		TRY(ep_connect(&near[i], &far[i]));
		near[i].far.addr = (uintptr_t)far[0].buf;
		near[i].far.rkey = far[0].mr->rkey;
	}
	word = (void *)far[0].buf;
	return KTAP_PASS;
}

/* The owner's program adds as well, by instruction. */
static void *add_locally(void *count)
{
	while (!stop) {
		__atomic_fetch_add(word, 1ULL << 32, __ATOMIC_SEQ_CST);
		++*(unsigned long *)count;
	}
	return NULL;
}

static int check_once(uint8_t *seen, unsigned long total, uint64_t before)
{
	uint32_t value = before;

	EXPECT(value < total, "value %u of %lu", value, total);
	EXPECT(!seen[value], "value %u was handed out twice", value);
	seen[value] = 1;
	return KTAP_PASS;
}

/* Each QP keeps DEPTH additions under way; slot n % DEPTH gets the answer. */
static int additions(void)
{
	unsigned long each = opt.full ? 20000 : 1000, total = each * QPS, local = 0, n;
	uint8_t *seen = calloc(1, total);
	pthread_t thread;
	uint64_t got;

	TRY(make());
	EXPECT(seen, "memory");
	EXPECT_EQ(pthread_create(&thread, NULL, add_locally, &local), 0);
	while (!(__atomic_load_n(word, __ATOMIC_RELAXED) >> 32))
		sched_yield();
	for (n = 0; n < each + DEPTH; n++) {
		for (int i = 0; i < QPS; i++) {
			size_t at = n % DEPTH * 8;

			if (n >= DEPTH) {
				TRY(cq_expect(near[i].scq, n - DEPTH, IBV_WC_SUCCESS, NULL));
				memcpy(&got, near[i].buf + 4096 + at, sizeof(got));
				TRY(check_once(seen, total, got));
			}
			if (n < each)
				EXPECT_EQ(ep_atomic(&near[i], IBV_WR_ATOMIC_FETCH_AND_ADD, n,
						    4096 + at, 0, 1, 0, IBV_SEND_SIGNALED), 0);
		}
	}
	stop = true;
	pthread_join(thread, NULL);
	ktap_msg("%lu additions by request, %lu by instruction", total, local);
	EXPECT_EQ((uint32_t)*word, total);
	EXPECT_EQ(*word >> 32, (uint32_t)local);
	return KTAP_PASS;
}

/* A lock: who swaps 0 for its name owns it, and finds nobody else inside. */
static int compare_and_swap(void)
{
	unsigned long rounds = opt.full ? 5000 : 300, n;
	int i;

	TRY(make());
	for (n = 0; n < rounds; n++) {
		int winners = 0;

		*word = 0;
		for (i = 0; i < QPS; i++)
			EXPECT_EQ(ep_atomic(&near[i], IBV_WR_ATOMIC_CMP_AND_SWP, n, 4096, 0, 0,
					    i + 1, IBV_SEND_SIGNALED), 0);
		for (i = 0; i < QPS; i++) {
			TRY(cq_expect(near[i].scq, n, IBV_WC_SUCCESS, NULL));
			if (*(uint64_t *)(near[i].buf + 4096))
				continue;
			winners++;
			EXPECT_EQ(*word, i + 1);
		}
		EXPECT_EQ(winners, 1);
	}
	return KTAP_PASS;
}

int main(int argc, char **argv)
{
	static const struct ktap_case cases[] = {
		{ "additions", additions, 120 },
		{ "compare and swap", compare_and_swap },
	};

	options_parse(argc, argv);
	return ktap_run(cases, ARRAY_SIZE(cases), opt.only);
}

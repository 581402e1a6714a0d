// SPDX-License-Identifier: GPL-2.0
/*
 * A queue pair that takes a certain time for each part and drains at a certain rate is given
 * what it drains in the time of a part: enough to keep it busy, and not much more.
 */
#include "drain.h"

#include "tap.h"

/**
 * struct machine - a queue pair with an HCA
 * @delay: ticks from posting to completion of nothing
 * @rate: bytes in 1024 ticks, one part after the other
 * @now: its clock
 * @free: when it has done with all that it was given
 * @done: when each part under way completes, by number
 * @moved: bytes
 * @most: bytes that were ever under way since @moved was 0
 */
struct machine {
	__u32 delay;
	__u32 rate;
	__u64 now;
	__u64 free;
	__u64 done[VRDMA_LANE_PARTS];
	__u64 moved;
	__u32 most;
};

static void post(struct machine *m, struct vrdma_drain *drain, __u32 bytes)
{
	__u64 begin = m->free > m->now ? m->free : m->now;

	m->free = begin + ((__u64)bytes << 10) / m->rate;
	m->done[drain->next % VRDMA_LANE_PARTS] = m->free + m->delay;
	vrdma_drain_posted(drain, bytes, m->now);
	if (drain->under_way > m->most)
		m->most = drain->under_way;
}

/* Keep it as busy as it may be, for so many bytes. */
static void run(struct machine *m, struct vrdma_drain *drain, __u64 bytes)
{
	m->moved = 0;
	m->most = 0;
	while (m->moved < bytes) {
		while (vrdma_drain_has_room(drain, 0, 0))
			post(m, drain, vrdma_drain_part(drain));
		m->now = m->done[drain->first % VRDMA_LANE_PARTS];
		m->moved += drain->parts[drain->first % VRDMA_LANE_PARTS].bytes;
		vrdma_drain_done(drain, m->now);
	}
	while (drain->under_way) {
		m->now = m->done[drain->first % VRDMA_LANE_PARTS];
		vrdma_drain_done(drain, m->now);
	}
}

/* What part of its rate, in percent, it reaches while it moves so many bytes. */
static unsigned int reached(struct machine *m, struct vrdma_drain *drain, __u64 bytes)
{
	__u64 begin = m->now;

	run(m, drain, bytes);
	return (m->moved << 10) * 100 / m->rate / (m->now - begin);
}

static __u32 product(const struct machine *m)
{
	return (__u64)m->rate * m->delay >> 10;
}

static void test_machine(const char *name, __u32 delay, __u32 rate, __u32 min)
{
	struct machine m = { .delay = delay, .rate = rate, .now = 0xfffff000 };
	struct vrdma_drain drain;
	unsigned int percent;

	vrdma_drain_start(&drain, min, VRDMA_LANE_PARTS);
	drain.shared = true;
	run(&m, &drain, 16 << 20);
	percent = reached(&m, &drain, 64 << 20);
	tap_ok(percent >= 95, "%s: %u %% of its rate, %u bytes under way", name, percent, m.most);
	tap_ok(m.most <= 2 * min || m.most <= 5 * product(&m),
	       "%s: no more than it needs, %u", name, product(&m));
	tap_ok(drain.rate > rate / 10 * 9 && drain.rate < rate / 10 * 11,
	       "%s: %u is its rate", name, drain.rate);
}

static void test_room(void)
{
	struct vrdma_drain drain;
	unsigned int i;

	vrdma_drain_start(&drain, 65536, VRDMA_LANE_PARTS);
	tap_ok(vrdma_drain_limit(&drain) == VRDMA_DRAIN_MAX, "the most when nobody else is there");
	drain.shared = true;
	tap_ok(vrdma_drain_has_room(&drain, 0, 0), "room where there is nothing");
	tap_ok(vrdma_drain_limit(&drain) == 65536, "the least when nothing is known");
	tap_ok(!vrdma_drain_has_room(&drain, 8, 65536), "no room when others will take it");
	vrdma_drain_posted(&drain, 65535, 0);
	tap_ok(vrdma_drain_has_room(&drain, 0, 0), "a part may go beyond the limit");
	vrdma_drain_posted(&drain, 65535, 0);
	tap_ok(!vrdma_drain_has_room(&drain, 0, 0), "none when the limit is reached");
	vrdma_drain_done(&drain, 10);
	vrdma_drain_done(&drain, 20);
	tap_ok(!drain.under_way, "nothing under way when all is done");
	for (i = 0; i < VRDMA_LANE_PARTS; i++)
		vrdma_drain_posted(&drain, 1, 100);
	tap_ok(!vrdma_drain_has_room(&drain, 0, 0), "so many parts, however small");
	vrdma_drain_done(&drain, 200);
	tap_ok(!vrdma_drain_has_room(&drain, 1, 1), "and so many with those of others");
	vrdma_drain_start(&drain, 65536, 2);
	vrdma_drain_posted(&drain, 1, 0);
	tap_ok(vrdma_drain_has_room(&drain, 0, 0), "room for the second of two");
	vrdma_drain_posted(&drain, 1, 0);
	tap_ok(!vrdma_drain_has_room(&drain, 0, 0), "and none for a third");
}

/* A part that takes a thousand times as long changes little. */
static void test_pause(void)
{
	struct machine m = { .delay = 1000, .rate = 65536 };
	struct vrdma_drain drain;
	__u32 before;

	vrdma_drain_start(&drain, 16384, VRDMA_LANE_PARTS);
	drain.shared = true;
	run(&m, &drain, 16 << 20);
	before = drain.alone;
	vrdma_drain_posted(&drain, 16384, m.now);
	m.now += 1000 * before;
	vrdma_drain_done(&drain, m.now);
	tap_ok(drain.alone <= before + before / 16 + 1, "a pause is no lasting one: %u, %u",
	       before, drain.alone);
}

int main(void)
{
	/* 128 ns each: 3 us and 12.5 GB/s, 20 us and 1.2 GB/s, 200 us and 50 MB/s, ... */
	test_machine("fast", 24, 1638400, 16384);
	test_machine("far", 240, 163840, 16384);
	test_machine("slow", 1600, 6554, 16384);
	test_machine("very slow", 800, 131, 16384);
	test_room();
	test_pause();
	return tap_end();
}

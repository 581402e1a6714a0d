// SPDX-License-Identifier: GPL-2.0
/* How fast a queue pair drains, and how much it may therefore be given. */
#include "drain.h"

static __u32 vrdma_drain_nr(const struct vrdma_drain *drain)
{
	return drain->next - drain->first;
}

void vrdma_drain_start(struct vrdma_drain *drain, __u32 min, __u32 most)
{
	memset(drain, 0, sizeof(*drain));
	drain->min = min;
	drain->most = most;
}

/*
 * While a part takes its way so much more drains.  Without the half beyond that a queue pair
 * that is given too little would never be seen to be faster.
 */
__u32 vrdma_drain_limit(const struct vrdma_drain *drain)
{
	__u64 drained = (__u64)drain->rate * drain->alone >> 10;
	__u64 limit = drained + drained / 2;

	if (!drain->shared || limit > VRDMA_DRAIN_MAX)
		return VRDMA_DRAIN_MAX;
	return limit < drain->min ? drain->min : limit;
}

/* In whole packets of any MTU. */
__u32 vrdma_drain_part(const struct vrdma_drain *drain)
{
	__u32 part = vrdma_drain_limit(drain) / 4;

	return (part < drain->min / 2 ? drain->min / 2 : part) & ~4095U;
}

bool vrdma_drain_has_room(const struct vrdma_drain *drain, __u32 parts, __u32 bytes)
{
	if (vrdma_drain_nr(drain) + parts >= drain->most)
		return false;
	return drain->under_way + bytes < vrdma_drain_limit(drain);
}

void vrdma_drain_posted(struct vrdma_drain *drain, __u32 bytes, __u32 now)
{
	struct vrdma_part *part = &drain->parts[drain->next % VRDMA_LANE_PARTS];

	part->bytes = bytes;
	part->posted = now;
	part->alone = drain->shared && !drain->crowded && !vrdma_drain_nr(drain);
	if (!vrdma_drain_nr(drain))
		drain->since = now;
	drain->under_way += bytes;
	drain->next++;
}

/* Some of what is new; from nothing, all of it. */
static __u32 vrdma_drain_learn(__u32 old, __u32 new)
{
	return old ? old + ((__s32)(new - old) >> 2) : new;
}

/*
 * Wanted is what it takes when nothing disturbs it: processors that were elsewhere make
 * many a part take ten times as long.  So it falls fast and rises slowly.
 */
static void vrdma_drain_learn_alone(struct vrdma_drain *drain, __u32 ticks)
{
	__u32 most = drain->alone + drain->alone / 16 + 1;

	if (!drain->alone || ticks < drain->alone)
		drain->alone = vrdma_drain_learn(drain->alone, ticks);
	else
		drain->alone = ticks < most ? ticks : most;
	if (!drain->alone)
		drain->alone = 1;
}

static void vrdma_drain_learn_rate(struct vrdma_drain *drain)
{
	drain->rate = vrdma_drain_learn(drain->rate, (drain->bytes << 10) / drain->busy);
	drain->bytes = 0;
	drain->busy = 0;
}

void vrdma_drain_done(struct vrdma_drain *drain, __u32 now)
{
	const struct vrdma_part *part = &drain->parts[drain->first % VRDMA_LANE_PARTS];

	drain->first++;
	drain->under_way -= part->bytes;
	drain->bytes += part->bytes;
	drain->busy += now - drain->since;
	drain->since = now;
	if (part->alone)
		vrdma_drain_learn_alone(drain, now - part->posted);
	if (drain->bytes >= VRDMA_DRAIN_SAMPLE && drain->busy)
		vrdma_drain_learn_rate(drain);
}

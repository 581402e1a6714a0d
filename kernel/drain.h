/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How much large work a queue pair may be given at once where others wait for it: what it
 * drains in the time that one part alone takes, and half as much again.  With less it would
 * stand still between parts; with more all others would wait longer.  Also compiled on the
 * host, by a unit test.
 */
#ifndef _VRDMA_DRAIN_H
#define _VRDMA_DRAIN_H

#include <linux/types.h>

#include "format.h"
#include "limits.h"

/* Of its time, 128 ns: enough for minutes, and to tell parts of any HCA. */
#define VRDMA_DRAIN_SHIFT	7

/**
 * struct vrdma_part - bytes that were posted at once
 * @bytes: of them
 * @posted: when
 * @alone: there was nothing before it, and a limit to its size
 */
struct vrdma_part {
	__u32 bytes;
	__u32 posted;
	bool alone;
};

/**
 * struct vrdma_drain - large work of one kind that a queue pair has been given
 * @min: see vrdma_drain_start()
 * @most: see vrdma_drain_start()
 * @shared: others wait for what is under way: there is a limit
 * @crowded: what is not counted may be before a part: nothing is learned of it alone
 * @under_way: bytes that are posted and have not completed
 * @rate: bytes that complete in 1024 ticks; 0: not known
 * @alone: ticks that a part takes with nothing before it; 0: not known
 * @bytes: completed since @rate was last reckoned
 * @busy: ticks that there was something under way since then
 * @since: from when on @busy does not count yet
 * @first: number of the oldest part
 * @next: of the part to come
 * @parts: under way, by number
 *
 * Times are in ticks, and wrap.  Parts complete in the order in which they are posted.
 */
struct vrdma_drain {
	__u32 min;
	__u32 most;
	bool shared;
	bool crowded;
	__u32 under_way;
	__u32 rate;
	__u32 alone;
	__u32 bytes;
	__u32 busy;
	__u32 since;
	__u32 first;
	__u32 next;
	struct vrdma_part parts[VRDMA_LANE_PARTS];
};

/*
 * @min: bytes that may be under way however slow it is; two parts.  @most: parts that may be,
 * VRDMA_LANE_PARTS at most.
 */
void vrdma_drain_start(struct vrdma_drain *drain, __u32 min, __u32 most);
/* Bytes that may be under way; a part may go beyond it. */
__u32 vrdma_drain_limit(const struct vrdma_drain *drain);
/* Bytes of one part: a quarter of the limit, or half of the least. */
__u32 vrdma_drain_part(const struct vrdma_drain *drain);
/* May one more part be posted?  @parts of @bytes others are about to post. */
bool vrdma_drain_has_room(const struct vrdma_drain *drain, __u32 parts, __u32 bytes);
void vrdma_drain_posted(struct vrdma_drain *drain, __u32 bytes, __u32 now);
/* The oldest part has completed. */
void vrdma_drain_done(struct vrdma_drain *drain, __u32 now);

#endif /* _VRDMA_DRAIN_H */

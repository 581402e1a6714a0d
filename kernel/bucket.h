/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_BUCKET_H
#define _VRDMA_BUCKET_H

#include <linux/minmax.h>
#include <linux/time64.h>
#include <linux/types.h>

/**
 * struct vrdma_bucket - a token bucket; zeroed is full
 * @spent: nanoseconds of ktime at which it is full again; whoever takes serializes
 */
struct vrdma_bucket {
	u64 spent;
};

/**
 * vrdma_bucket_take - may one more thing happen?
 * @bucket: one token is taken
 * @now: ktime_get_ns()
 * @rate: tokens per second
 * @burst: tokens of a full bucket
 *
 * Return: 0, or the nanoseconds until there is a token.
 */
static inline u64 vrdma_bucket_take(struct vrdma_bucket *bucket, u64 now,
				    u32 rate, u32 burst)
{
	u32 interval = NSEC_PER_SEC / rate;
	u64 full = (u64)interval * (burst - 1);
	u64 spent = max(bucket->spent, now);

	if (spent - now > full)
		return spent - now - full;
	bucket->spent = spent + interval;
	return 0;
}

#endif /* _VRDMA_BUCKET_H */

/* SPDX-License-Identifier: GPL-2.0 */
/* For lane.c and bulk.c: who may send on a lane, and how much of what is large. */
#ifndef _VRDMA_LANE_ROOM_H
#define _VRDMA_LANE_ROOM_H

#include <linux/jiffies.h>
#include <linux/ktime.h>

#include "lane.h"

void vrdma_lane_init_room(struct vrdma_lane *lane);

/* Of a new connection; the lane's lock is held, as in all that follow but heed. */
void vrdma_lane_start_room(struct vrdma_lane *lane);

/* Of a buffer that somebody held: it is about to be posted; it is free again, unsent. */
void vrdma_lane_unhold(struct vrdma_lane *lane, const struct vrdma_lane_buf *buf);
void vrdma_lane_untake(struct vrdma_lane *lane, struct vrdma_lane_buf *buf);

/* It was got for a large message, and has a small one. */
void vrdma_lane_unlarge(struct vrdma_lane *lane, struct vrdma_lane_buf *buf);

/* A message was received, or is sent: is it of somebody with little to say? */
void vrdma_lane_heed(struct vrdma_lane *lane, const struct vrdma_msg *msg);
void vrdma_lane_heed_sent(struct vrdma_lane *lane, const struct vrdma_msg *msg);

/* Lately there was somebody with little to say. */
static inline bool vrdma_lane_is_shared(const struct vrdma_lane *lane)
{
	return time_before(jiffies, READ_ONCE(lane->large.shared));
}

/* The time, for struct vrdma_drain. */
static inline u32 vrdma_lane_ticks(void)
{
	return ktime_get_ns() >> VRDMA_DRAIN_SHIFT;
}

#endif /* _VRDMA_LANE_ROOM_H */

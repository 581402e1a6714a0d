/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_LANE_COUNTS_H
#define _VRDMA_LANE_COUNTS_H

#include <linux/types.h>

/**
 * struct vrdma_lane_counts - what became of a lane's messages and connections
 * @tx: messages sent, but for CREDIT
 * @rx: messages received, but for CREDIT
 * @sends: SENDs that carried those of @tx
 * @credits: CREDIT messages sent
 * @stalls: times that somebody found no room
 * @errors: connections that broke
 * @repairs: connections made after the first
 * @duplicates: SENDs received again, dropped
 * @bad: SENDs that the lane's peer cannot have made, dropped
 * @windows: pieces of memory shown to the peer's HCA
 * @moves: times that our HCA was told to read from, or write to, the peer's
 * @parts: of those, as they were posted
 * @moved: bytes that it has
 * @small: messages of operations of a page at most, and datagrams, that were sent
 * @behind: bytes of large work that they found under way
 */
struct vrdma_lane_counts {
	u64 tx;
	u64 rx;
	u64 sends;
	u64 credits;
	u64 stalls;
	u64 errors;
	u64 repairs;
	u64 duplicates;
	u64 bad;
	u64 windows;
	u64 moves;
	u64 parts;
	u64 moved;
	u64 small;
	u64 behind;
};

#endif /* _VRDMA_LANE_COUNTS_H */

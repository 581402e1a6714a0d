/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_ENDING_H
#define _VRDMA_ENDING_H

#include <linux/types.h>

struct vrdma_key;
struct vrdma_place;

/**
 * struct vrdma_ending - a key was invalidated, and HCAs may still be at its memory
 * @key: with a reference; NULL: nothing ends
 * @region: a window's: the region is bound to the end; with a reference
 * @until: whose patience ends then; jiffies
 *
 * Who invalidated it says so to nobody before vrdma_ending_over().
 */
struct vrdma_ending {
	struct vrdma_key *key;
	struct vrdma_place *region;
	unsigned long until;
};

/* Nothing must be ending.  References on @key, which is unlinked, and @region pass. */
void vrdma_ending_begin(struct vrdma_ending *ending, struct vrdma_key *key,
			struct vrdma_place *region);
/* Any context, time and again: is it over, or is there none?  Patience is limited. */
bool vrdma_ending_over(struct vrdma_ending *ending);
/* See to the end of it, as vrdma_key_wait() does; may sleep. */
void vrdma_ending_wait(struct vrdma_ending *ending);

#endif /* _VRDMA_ENDING_H */

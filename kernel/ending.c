// SPDX-License-Identifier: GPL-2.0
/* The end of a key that was invalidated by a work request: nobody sleeps for it. */
#include "ending.h"

#include <linux/jiffies.h>

#include "conn.h"
#include "key.h"
#include "place.h"

void vrdma_ending_begin(struct vrdma_ending *ending, struct vrdma_key *key,
			struct vrdma_place *region)
{
	vrdma_live_kill(&key->live);
	vrdma_key_recall(key);
	ending->key = key;
	ending->region = region;
	ending->until = jiffies + vrdma_conn_patience();
}

static void vrdma_ending_done(struct vrdma_ending *ending)
{
	if (ending->region)
		vrdma_place_unbind(ending->region);
	vrdma_key_put(ending->key);
	ending->region = NULL;
	ending->key = NULL;
}

bool vrdma_ending_over(struct vrdma_ending *ending)
{
	struct vrdma_key *key = ending->key;

	if (!key)
		return true;
	if (vrdma_key_is_held(key)) {
		if (time_after(jiffies, ending->until))
			vrdma_key_break(key);
		return false;
	}
	vrdma_ending_done(ending);
	return true;
}

void vrdma_ending_wait(struct vrdma_ending *ending)
{
	if (!ending->key)
		return;
	vrdma_key_wait(ending->key);
	vrdma_ending_done(ending);
}

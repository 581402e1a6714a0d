/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_LIVE_H
#define _VRDMA_LIVE_H

#include <linux/atomic.h>
#include <linux/lockdep.h>
#include <linux/preempt.h>
#include <linux/processor.h>

/**
 * struct vrdma_live - lets work in on an object until the object dies
 * @active: sections now inside
 * @dead: no section may enter any more
 *
 * A section runs with preemption disabled and copies at most VRDMA_CHUNK bytes,
 * so that the wait in vrdma_live_kill() is microseconds and never for a task
 * that sleeps or is throttled.
 */
struct vrdma_live {
	atomic_t active;
	bool dead;
};

static inline void vrdma_live_init(struct vrdma_live *live)
{
	atomic_set(&live->active, 0);
	live->dead = false;
}

/**
 * vrdma_live_enter - begin a section, with preemption disabled by the caller
 * @live: whose object must stay as it is until vrdma_live_exit()
 *
 * Return: false when the object is dead.
 */
static inline bool vrdma_live_enter(struct vrdma_live *live)
{
	lockdep_assert_preemption_disabled();
	atomic_inc(&live->active);
	smp_mb__after_atomic();	/* pairs with vrdma_live_kill() */
	if (likely(!READ_ONCE(live->dead)))
		return true;
	atomic_dec(&live->active);
	return false;
}

static inline void vrdma_live_exit(struct vrdma_live *live)
{
	smp_mb__before_atomic();	/* what was done inside is seen by who waits */
	atomic_dec(&live->active);
}

/**
 * vrdma_live_kill - let nobody in and wait until nobody is inside
 * @live: may be dead already
 *
 * Any context but a section of @live itself.
 */
static inline void vrdma_live_kill(struct vrdma_live *live)
{
	WRITE_ONCE(live->dead, true);
	smp_mb();	/* pairs with vrdma_live_enter() */
	while (atomic_read(&live->active))
		cpu_relax();
	smp_mb();	/* what the sections did is seen by the caller */
}

#endif /* _VRDMA_LIVE_H */

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_COMPAT_LINUX_TIMER_H
#define _VRDMA_COMPAT_LINUX_TIMER_H

#include_next <linux/timer.h>

#ifndef HAVE_TIMER_CONTAINER_OF
#define timer_container_of(var, callback_timer, timer_fieldname)	\
	container_of(callback_timer, typeof(*(var)), timer_fieldname)
#endif

#ifndef HAVE_TIMER_DELETE_SYNC
#define timer_delete_sync(timer)	del_timer_sync(timer)
#endif

/* Before 6.2 a timer may be armed again afterwards: the callers' flags must do. */
#ifndef HAVE_TIMER_SHUTDOWN_SYNC
#define timer_shutdown_sync(timer)	timer_delete_sync(timer)
#endif

#endif /* _VRDMA_COMPAT_LINUX_TIMER_H */

/* SPDX-License-Identifier: GPL-2.0 */
/* The life of a lane: it is connected, watched, repaired and ended by its work. */
#ifndef _VRDMA_REPAIR_H
#define _VRDMA_REPAIR_H

struct vrdma_conn;
struct vrdma_lane;

void vrdma_repair_init(struct vrdma_lane *lane);
/* No work from now on, and none that runs: nobody has the lane. */
void vrdma_repair_exit(struct vrdma_lane *lane);

/* Let the work look; any context. */
void vrdma_repair_kick(struct vrdma_lane *lane);
/*
 * Replace the lane's connection by @conn, a request; a request that waits already is
 * returned, for vrdma_conn_close().  Any context.
 */
struct vrdma_conn *vrdma_repair_accept(struct vrdma_lane *lane, struct vrdma_conn *conn);
/* The peer says that the lane is down, and asks to be called. */
void vrdma_repair_poke(struct vrdma_lane *lane);
/* Have its queue pair fail, if it is up; @why: a text that lasts, for debugfs. */
void vrdma_repair_break(struct vrdma_lane *lane, const char *why);

#endif /* _VRDMA_REPAIR_H */

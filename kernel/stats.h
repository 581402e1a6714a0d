/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_STATS_H
#define _VRDMA_STATS_H

#include <linux/percpu.h>
#include <linux/types.h>

enum vrdma_stat {
#define VRDMA_STAT(name) VRDMA_STAT_##name,
#include "stats_list.h"
#undef VRDMA_STAT
	VRDMA_STAT_MAX
};

/**
 * struct vrdma_stats - counters of one device, one instance per CPU
 * @counter: indexed by enum vrdma_stat
 */
struct vrdma_stats {
	u64 counter[VRDMA_STAT_MAX];
};

#define vrdma_stat_add(dev, name, n)	\
	this_cpu_add((dev)->stats->counter[VRDMA_STAT_##name], n)
#define vrdma_stat_inc(dev, name)	vrdma_stat_add(dev, name, 1)

struct ib_device;
struct rdma_hw_stats;

struct rdma_hw_stats *vrdma_alloc_hw_port_stats(struct ib_device *ibdev, u32 port);
int vrdma_get_hw_stats(struct ib_device *ibdev, struct rdma_hw_stats *stats,
		       u32 port, int index);

#endif /* _VRDMA_STATS_H */

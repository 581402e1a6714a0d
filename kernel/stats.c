// SPDX-License-Identifier: GPL-2.0
/* Counters, as `rdma statistic` shows them. */
#include "stats.h"

#include <rdma/ib_verbs.h>

#include "vdev.h"

static const struct rdma_stat_desc vrdma_stat_descs[] = {
#define VRDMA_STAT(stat) { .name = #stat },
#include "stats_list.h"
#undef VRDMA_STAT
};

struct rdma_hw_stats *vrdma_alloc_hw_port_stats(struct ib_device *ibdev, u32 port)
{
	return rdma_alloc_hw_stats_struct(vrdma_stat_descs,
					  ARRAY_SIZE(vrdma_stat_descs),
					  RDMA_HW_STATS_DEFAULT_LIFESPAN);
}

/**
 * vrdma_get_hw_stats - add up a device's counters
 * @ibdev: the device
 * @stats: where they go
 * @port: our one port
 * @index: the counter asked for, or as many as there are for all; ignored
 *
 * Return: how many counters are up to date.
 */
int vrdma_get_hw_stats(struct ib_device *ibdev, struct rdma_hw_stats *stats,
		       u32 port, int index)
{
	const struct vrdma_stats *one;
	int stat;
	int cpu;

	memset(stats->value, 0, VRDMA_STAT_MAX * sizeof(stats->value[0]));
	for_each_possible_cpu(cpu) {
		one = per_cpu_ptr(to_vdev(ibdev)->stats, cpu);
		for (stat = 0; stat < VRDMA_STAT_MAX; stat++)
			stats->value[stat] += READ_ONCE(one->counter[stat]);
	}
	return VRDMA_STAT_MAX;
}

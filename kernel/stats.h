/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_STATS_H
#define _VRDMA_STATS_H

#include <linux/percpu.h>
#include <linux/types.h>

/*
 * One line per counter of `rdma statistic`: enum VRDMA_STAT_<name>, shown as
 * <name>.  The name says who was at fault.
 */
#define VRDMA_STATS(X)							\
	X(tx_local_bytes)		/* moved for our requests, this host */	\
	X(tx_local_msgs)						\
	X(rx_local_bytes)		/* moved for others' requests, this host */ \
	X(rx_local_msgs)						\
	X(tx_rnr_nak)			/* we had no receive */		\
	X(rx_rnr_nak)			/* the peer had no receive */	\
	X(tx_retry_exceeded)		/* the peer did not answer in time */ \
	X(tx_bad_wqe)			/* our application's ring is garbage */ \
	X(tx_bad_key)			/* our application's lkey, range or right */ \
	X(tx_pending)			/* datagrams that waited for a route */ \
	X(tx_dropped)			/* datagrams without route or receiver */ \
	X(rx_bad_key)			/* the peer's rkey, range or right */ \
	X(rx_bad_request)		/* the peer's request does not fit */ \
	X(rx_no_receive)		/* UD, UC: dropped, no receive posted */ \
	X(rx_bad_qkey)			/* UD: dropped */		\
	X(rx_bad_qp)			/* UD: dropped, no such QP or state */ \
	X(rx_bind_refused)		/* BIND with a bad token, QP or GID */ \
	X(cq_overflow)			/* completions the application left no room for */ \
	X(doorbells)							\
	X(kicks)							\
	X(to_worker)			/* drains handed to the worker */ \
	X(resolver_queries)						\
	X(resolver_answers)		/* good answers received */	\
	X(resolver_misses)		/* queries nobody answered */	\
	X(resolver_rx_queries)						\
	X(resolver_rx_bad)		/* datagrams dropped as malformed, foreign or stale */ \
	X(resolver_rx_limited)		/* dropped by a rate limit */	\
	X(resolver_no_socket)		/* address families without a socket */

enum vrdma_stat {
#define X(name) VRDMA_STAT_##name,
	VRDMA_STATS(X)
#undef X
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

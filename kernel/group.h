/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_GROUP_H
#define _VRDMA_GROUP_H

#include <rdma/ib_verbs.h>

struct vrdma_device;
struct vrdma_qp;

/**
 * struct vrdma_group_walk - from one queue pair of a group to the next
 * @at: where it is, 0 at the beginning
 * @last: where it ends, 0 at the beginning: who comes meanwhile comes too late, or it need
 *	  not end
 */
struct vrdma_group_walk {
	u64 at;
	u64 last;
};

int vrdma_attach_mcast(struct ib_qp *ibqp, union ib_gid *gid, u16 lid);
int vrdma_detach_mcast(struct ib_qp *ibqp, union ib_gid *gid, u16 lid);

/* The next of the queue pairs that are attached to @group, at most @max, with references. */
unsigned int vrdma_group_get(struct vrdma_device *dev, const union ib_gid *group,
			     struct vrdma_group_walk *walk, struct vrdma_qp **qps,
			     unsigned int max);

#endif /* _VRDMA_GROUP_H */

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_GROUP_H
#define _VRDMA_GROUP_H

#include <rdma/ib_verbs.h>

struct vrdma_device;
struct vrdma_qp;

int vrdma_attach_mcast(struct ib_qp *ibqp, union ib_gid *gid, u16 lid);
int vrdma_detach_mcast(struct ib_qp *ibqp, union ib_gid *gid, u16 lid);

/*
 * At most @max of the queue pairs that are attached to @group, behind the one *@after, with
 * references; 0 at the end.  Begin with *@after 0.
 */
unsigned int vrdma_group_get(struct vrdma_device *dev, const union ib_gid *group, u64 *after,
			     struct vrdma_qp **qps, unsigned int max);

#endif /* _VRDMA_GROUP_H */

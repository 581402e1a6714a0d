/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_AH_H
#define _VRDMA_AH_H

#include <rdma/ib_verbs.h>

struct vrdma_device;

/**
 * struct vrdma_av - an address, as a datagram carries it
 * @sgid: ours
 * @dgid: the receiver's
 * @sgid_index: of @sgid when the AH was made
 * @sl: service level
 * @traffic_class: of the GRH
 * @hop_limit: of the GRH
 * @flow_label: of the GRH
 * @network_type: enum rdma_network_type of @sgid
 */
struct vrdma_av {
	union ib_gid sgid;
	union ib_gid dgid;
	u8 sgid_index;
	u8 sl;
	u8 traffic_class;
	u8 hop_limit;
	u32 flow_label;
	u8 network_type;
};

/**
 * struct vrdma_ah - an address handle
 * @ibah: must be first
 * @number: what a WQE names it by
 * @av: fixed; copied out under the lock of dev->ahs
 */
struct vrdma_ah {
	struct ib_ah ibah;
	u32 number;
	struct vrdma_av av;
};

/* Atomic context without RDMA_CREATE_AH_SLEEPABLE. */
int vrdma_create_ah(struct ib_ah *ibah, struct rdma_ah_init_attr *attr,
		    struct ib_udata *udata);
int vrdma_destroy_ah(struct ib_ah *ibah, u32 flags);
int vrdma_query_ah(struct ib_ah *ibah, struct rdma_ah_attr *attr);
int vrdma_modify_ah(struct ib_ah *ibah, struct rdma_ah_attr *attr);

/* Fill @av from @attr (which has a GRH and sgid_attr); -EINVAL otherwise. */
int vrdma_av_init(struct vrdma_av *av, const struct rdma_ah_attr *attr);

/* Copy what @number of this PD stands for, in any context; -EINVAL: nothing. */
int vrdma_ah_find(struct vrdma_device *dev, struct ib_pd *pd, u32 number,
		  struct vrdma_av *av);

#endif /* _VRDMA_AH_H */

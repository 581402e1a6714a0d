/* SPDX-License-Identifier: GPL-2.0 */
/* Channels: the connection to a peer host, made of lanes (rules R9, R13). */
#ifndef _VRDMA_CHANNEL_H
#define _VRDMA_CHANNEL_H

#include <rdma/ib_verbs.h>

#include "lane.h"

struct vrdma_channel;

/*
 * The channel to a host, made and connected when there is none.  @hcas: addresses
 * that its answer named; one of them is tried that an HCA of ours can reach and
 * that the administrator allows.  Never waits for the network.
 * NULL: no HCA, no allowed address, or no memory.  Process context.
 */
struct vrdma_channel *vrdma_channel_get(const u8 *host, const union ib_gid *hcas,
					unsigned int nr_hcas);
void vrdma_channel_put(struct vrdma_channel *channel);

/* Its lane number @hash modulo its lanes; lives as long as the channel is held. */
struct vrdma_lane *vrdma_channel_lane(struct vrdma_channel *channel, u32 hash);
/* While the channel of a lane is held by nobody of ours: in vrdma_lane_ops::receive. */
struct vrdma_channel *vrdma_lane_channel(struct vrdma_lane *lane);
void vrdma_channel_hold(struct vrdma_channel *channel);

int vrdma_channel_init(void);
void vrdma_channel_exit(void);

#endif /* _VRDMA_CHANNEL_H */

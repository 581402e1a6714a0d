/* SPDX-License-Identifier: GPL-2.0 */
/* Channels: the connection to a peer host, made of lanes (rules R9, R13). */
#ifndef _VRDMA_CHANNEL_H
#define _VRDMA_CHANNEL_H

#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/workqueue.h>
#include <rdma/ib_verbs.h>

#include "lane.h"
#include "regqp.h"

struct vrdma_conn;
struct vrdma_hca;
struct vrdma_hello;
struct vrdma_where;

/**
 * struct vrdma_channel - to one host
 * @node: in the table, or among those that end; empty before that
 * @refs: of its memory: the table's until all lanes have ended, and holders
 * @holders: those who got it; with none it may end
 * @used: when it was last held or had a message, in jiffies
 * @opener: we make its connections, for our host id is not the higher one
 * @asker: whose request it was made for; zero: we wanted it ourselves
 * @fixed: @addr, @hca and @incarnation are, for ever; read with acquire
 * @host: the peer
 * @addrs: where it may be, until @fixed
 * @nr_addrs: how many
 * @addr: where it is
 * @hca: ours; referenced until all lanes have ended
 * @incarnation: the opener's number of this channel: another one says that it has
 *		 forgotten what there was
 * @ending: no more connections
 * @regqp: where its lanes register memory
 * @lanes_left: that have not ended
 * @free: frees it
 * @nr_lanes: how many
 * @lanes: they
 *
 * A lock of channel.c protects @node and what @fixed announces.
 */
struct vrdma_channel {
	struct list_head node;
	refcount_t refs;
	atomic_t holders;
	unsigned long used;
	bool opener;
	union ib_gid asker;
	bool fixed;
	u8 host[VRDMA_WIRE_HOST];
	union ib_gid addrs[VRDMA_WIRE_HCAS];
	unsigned int nr_addrs;
	union ib_gid addr;
	struct vrdma_hca *hca;
	u16 incarnation;
	bool ending;
	struct vrdma_regqp_slot regqp;
	atomic_t lanes_left;
	struct work_struct free;
	unsigned int nr_lanes;
	struct vrdma_lane lanes[];
};

/*
 * The channel to a host, made and connected when there is none.  @hcas: addresses
 * that its answer named; one of them is used that is on a network connected to an
 * HCA of ours.  Never waits for the network.
 * NULL: no HCA, no address in reach, no memory, too many.  Process context.
 */
struct vrdma_channel *vrdma_channel_get(const u8 *host, const union ib_gid *hcas,
					unsigned int nr_hcas);
/* Any context. */
void vrdma_channel_put(struct vrdma_channel *channel);

/* Its lane number @hash modulo its lanes; lives as long as the channel is held. */
struct vrdma_lane *vrdma_channel_lane(struct vrdma_channel *channel, u32 hash);
/* While the channel of a lane is held by nobody of ours: in the callbacks of vrdma_lane_ops. */
struct vrdma_channel *vrdma_lane_channel(struct vrdma_lane *lane);
void vrdma_channel_hold(struct vrdma_channel *channel);
/*
 * Where a lane that is or was up leads to: the HCA address, whose host is
 * vrdma_lane_host().  NULL: not known yet.
 */
const union ib_gid *vrdma_lane_address(const struct vrdma_lane *lane);
/* Is that where @where says, host and address?  Also true while it is not known. */
bool vrdma_lane_leads_to(const struct vrdma_lane *lane, const struct vrdma_where *where);

void vrdma_channel_init(void);
/* Ends all; nobody holds one any more, or will let go in closed(). */
void vrdma_channel_exit(void);

/* For listen.c: may such a request, of @from, be taken?  Then take it. */
bool vrdma_channel_wants(const struct vrdma_hello *hello, const union ib_gid *from);
void vrdma_channel_request(struct vrdma_conn *conn);

/* For hca.c: end all that is on @hca, which is dead; does not wait. */
void vrdma_channels_leave(struct vrdma_hca *hca);

/* For repair.c. */
void vrdma_channel_end(struct vrdma_channel *channel);
bool vrdma_channel_idle_from(const struct vrdma_channel *channel, unsigned long *when);
void vrdma_channel_look_after(struct vrdma_channel *channel);
void vrdma_channel_lane_ended(struct vrdma_channel *channel);
bool vrdma_channel_fix(struct vrdma_channel *channel, struct vrdma_conn *conn);

/* For lane.c: it has been of use. */
static inline void vrdma_channel_used(struct vrdma_channel *channel)
{
	WRITE_ONCE(channel->used, jiffies);
}

static inline const u8 *vrdma_channel_host(const struct vrdma_channel *channel)
{
	return channel->host;
}

#endif /* _VRDMA_CHANNEL_H */

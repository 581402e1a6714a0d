/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_UD_RECV_H
#define _VRDMA_UD_RECV_H

#include <linux/string.h>
#include <rdma/ib_verbs.h>

#include "ah.h"
#include "wire.h"

struct vrdma_cursor;
struct vrdma_device;

/**
 * struct vrdma_ud_msg - what the receiver's side needs of a datagram
 * @av: addresses, as the application gave them
 * @to: whom it is for: @av.dgid, or a member of the group that this is
 * @token: with a member: admits @av.sgid's datagrams to that group
 * @src_qpn: sender
 * @dest_qpn: receiver
 * @qkey: must be the receiver's
 * @imm_data: with @opcode SEND_WITH_IMM
 * @opcode: enum ib_uverbs_wr_opcode
 * @flags: VRDMA_SEND_*
 * @length: of the payload
 * @from: sender's device
 * @host: that it came from; zero: sent here
 * @hca: where that host's HCA is
 */
struct vrdma_ud_msg {
	struct vrdma_av av;
	union ib_gid to;
	u64 token;
	u32 src_qpn;
	u32 dest_qpn;
	u32 qkey;
	__be32 imm_data;
	u32 opcode;
	u32 flags;
	u32 length;
	u64 from;
	u8 host[VRDMA_WIRE_HOST];
	union ib_gid hca;
};

/* Did another host send it? */
static inline bool vrdma_ud_is_far(const struct vrdma_ud_msg *msg)
{
	return memchr_inv(msg->host, 0, sizeof(msg->host));
}

/* Was it sent to a group? */
static inline bool vrdma_ud_is_group(const struct vrdma_ud_msg *msg)
{
	return msg->dest_qpn == IB_MULTICAST_QPN;
}

int vrdma_ud_receive(struct vrdma_device *dev, const struct vrdma_ud_msg *msg,
		     struct vrdma_cursor *payload);

#endif /* _VRDMA_UD_RECV_H */

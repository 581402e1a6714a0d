/* SPDX-License-Identifier: GPL-2.0 */
/* Lane messages as they travel; fields as in message.h, none has a hole.  For message.c. */
#ifndef _VRDMA_MESSAGE_WIRE_H
#define _VRDMA_MESSAGE_WIRE_H

#include <linux/types.h>

#include "format.h"
#include "wire.h"

struct vrdma_wire_head {
	__u8 version;
	__u8 type;
	__u8 lane;
	__u8 reserved;
	__be32 length;
	__be64 cookie;
	__be32 number;
	__be32 ack;
	__be32 credit;
	__be32 binding;
	__be32 check;
	__be32 mseq;
};

struct vrdma_wire_bind {
	__be64 device;
	__be64 token;
	__be64 from;
	__u8 sgid[VRDMA_WIRE_GID];
	__u8 dgid[VRDMA_WIRE_GID];
	__be32 qpn;
	__be32 dest_qpn;
	__be32 id;
	__be32 check;
	__u8 qp_type;
	__u8 reserved[7];
};

struct vrdma_wire_bound {
	__be32 id;
	__be32 check;
};

struct vrdma_wire_request {
	__u8 opcode;
	__u8 flags;
	__u8 placement;
	__u8 level;
	__be32 imm;
	__be32 total;
	__be32 offset;
	__be32 rkey;
	__be32 done;
	__be64 remote_addr;
	__be64 compare_add;
	__be64 swap;
};

struct vrdma_wire_response {
	__be32 total;
	__be32 offset;
};

struct vrdma_wire_result {
	__u8 kind;
	__u8 status;
	__u8 rnr_timer;
	__u8 reserved[5];
};

struct vrdma_wire_datagram {
	__be64 device;
	__be64 token;
	__be64 from;
	__u8 sgid[VRDMA_WIRE_GID];
	__u8 dgid[VRDMA_WIRE_GID];
	__be32 src_qpn;
	__be32 dest_qpn;
	__be32 qkey;
	__be32 imm;
	__be32 flow_label;
	__u8 opcode;
	__u8 flags;
	__u8 traffic_class;
	__u8 hop_limit;
	__u8 sl;
	__u8 reserved[7];
};

struct vrdma_wire_piece {
	struct vrdma_wire_request request;
	__be32 length;
	__be32 key;
	__be64 addr;
};

struct vrdma_wire_word {
	__be32 reserved;
	__be32 word;
};

#define VRDMA_MSG_HEAD	sizeof(struct vrdma_wire_head)

static_assert(VRDMA_MSG_HEAD == 40);
static_assert(sizeof(struct vrdma_wire_bind) == 80);
static_assert(sizeof(struct vrdma_wire_bound) == 8);
static_assert(sizeof(struct vrdma_wire_request) == 48);
static_assert(sizeof(struct vrdma_wire_response) == 8);
static_assert(sizeof(struct vrdma_wire_result) == 8);
static_assert(sizeof(struct vrdma_wire_datagram) == 88);
static_assert(sizeof(struct vrdma_wire_piece) == 64);
static_assert(sizeof(struct vrdma_wire_word) == 8);
static_assert(offsetof(struct vrdma_wire_head, cookie) == 8);
static_assert(offsetof(struct vrdma_wire_head, number) == 16);
static_assert(offsetof(struct vrdma_wire_head, mseq) == 36);
static_assert(offsetof(struct vrdma_wire_bind, qp_type) == 72);
static_assert(offsetof(struct vrdma_wire_request, remote_addr) == 24);
static_assert(offsetof(struct vrdma_wire_datagram, sl) == 80);

#endif /* _VRDMA_MESSAGE_WIRE_H */

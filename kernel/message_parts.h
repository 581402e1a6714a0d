/* SPDX-License-Identifier: GPL-2.0 */
/* What lane messages of each type say beyond what all do; for message.h. */
#ifndef _VRDMA_MESSAGE_PARTS_H
#define _VRDMA_MESSAGE_PARTS_H

#include <linux/types.h>

#include "wire.h"

#define VRDMA_MSG_GROUP_QPN	0xffffffU	/* all queue pairs attached to a group */

/**
 * struct vrdma_msg_bind - BIND
 * @device: receiver's device, by its answer
 * @token: that admits the sender's GID to @device
 * @from: sender's device
 * @sgid: sender's address
 * @dgid: receiver's address
 * @qpn: sender's QP
 * @dest_qpn: receiver's QP
 * @qp_type: enum ib_uverbs_qp_type: RC or UC
 * @id: sender's binding, for messages to it
 * @check: of @id
 */
struct vrdma_msg_bind {
	__u64 device;
	__u64 token;
	__u64 from;
	__u8 sgid[VRDMA_WIRE_GID];
	__u8 dgid[VRDMA_WIRE_GID];
	__u32 qpn;
	__u32 dest_qpn;
	__u8 qp_type;
	__u32 id;
	__u32 check;
};

/**
 * struct vrdma_msg_bound - BOUND
 * @id: sender's binding, for messages to it
 * @check: of @id
 */
struct vrdma_msg_bound {
	__u32 id;
	__u32 check;
};

/**
 * struct vrdma_msg_request - REQUEST
 * @opcode: enum ib_uverbs_wr_opcode, whose numbers are an ABI
 * @flags: VRDMA_SEND_SOLICITED or 0
 * @imm: WITH_IMM: as the application gave it
 * @total: bytes of the whole operation
 * @offset: of this message's payload in the operation
 * @placement: FLUSH: VRDMA_FLUSH_GLOBAL, VRDMA_FLUSH_PERSISTENT
 * @level: FLUSH: VRDMA_FLUSH_RANGE or VRDMA_FLUSH_MR
 * @rkey: READ, WRITE, FLUSH, atomics; SEND_WITH_INV: to invalidate
 * @done: all operations of the receiver before this one are executed
 * @remote_addr: where it points to
 * @compare_add: atomics; FLUSH: bytes of the range
 * @swap: compare and swap
 */
struct vrdma_msg_request {
	__u8 opcode;
	__u8 flags;
	__u8 placement;
	__u8 level;
	__be32 imm;
	__u32 total;
	__u32 offset;
	__u32 rkey;
	__u32 done;
	__u64 remote_addr;
	__u64 compare_add;
	__u64 swap;
};

/**
 * struct vrdma_msg_response - RESPONSE
 * @total: bytes of the whole operation
 * @offset: of this message's payload
 */
struct vrdma_msg_response {
	__u32 total;
	__u32 offset;
};

/**
 * struct vrdma_msg_result - ANSWER
 * @kind: enum vrdma_msg_answer
 * @status: FAILED: enum ib_wc_status, not success
 * @rnr_timer: RNR: 0 to 31
 */
struct vrdma_msg_result {
	__u8 kind;
	__u8 status;
	__u8 rnr_timer;
};

/**
 * struct vrdma_msg_datagram - DATAGRAM
 * @device: receiver's device, by its answer
 * @token: that admits the sender's GID to @device; to a group: to that
 * @from: sender's device
 * @sgid: sender's address
 * @dgid: receiver's address, or a group's
 * @src_qpn: sender's QP
 * @dest_qpn: receiver's QP; VRDMA_MSG_GROUP_QPN with a group, and only then
 * @qkey: must be the receiver's
 * @imm: as in a request
 * @flow_label: of the GRH; 20 bits
 * @opcode: SEND or SEND_WITH_IMM
 * @flags: VRDMA_SEND_SOLICITED or 0
 * @traffic_class: of the GRH
 * @hop_limit: of the GRH
 * @sl: service level; 0 to 15
 */
struct vrdma_msg_datagram {
	__u64 device;
	__u64 token;
	__u64 from;
	__u8 sgid[VRDMA_WIRE_GID];
	__u8 dgid[VRDMA_WIRE_GID];
	__u32 src_qpn;
	__u32 dest_qpn;
	__u32 qkey;
	__be32 imm;
	__u32 flow_label;
	__u8 opcode;
	__u8 flags;
	__u8 traffic_class;
	__u8 hop_limit;
	__u8 sl;
};

/**
 * struct vrdma_msg_piece - PIECE
 * @request: the operation, as in REQUEST; @offset is that of the piece
 * @length: bytes of the piece; not zero
 * @key: of the window that they are in, at the sender's HCA
 * @addr: where they are, as @key knows it
 */
struct vrdma_msg_piece {
	struct vrdma_msg_request request;
	__u32 length;
	__u32 key;
	__u64 addr;
};

/**
 * struct vrdma_msg_placed - PLACED
 * @offset: bytes of the operation that are where they belong; not zero
 */
struct vrdma_msg_placed {
	__u32 offset;
};

/**
 * struct vrdma_msg_dropped - DROPPED
 * @key: of the last PIECE that had come; any value
 */
struct vrdma_msg_dropped {
	__u32 key;
};

#endif /* _VRDMA_MESSAGE_PARTS_H */

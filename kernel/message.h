/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What travels on a lane between two vrdma kernels.  docs/wire.md tells it byte
 * by byte.  Also compiled on the host, by unit tests and fuzzers.
 */
#ifndef _VRDMA_MESSAGE_H
#define _VRDMA_MESSAGE_H

#include <linux/types.h>

#include "wire.h"

#define VRDMA_MSG_VERSION	1
#define VRDMA_MSG_MAX		8192	/* a lane's buffer: one message, header and all */
#define VRDMA_MSG_PAYLOAD	(VRDMA_MSG_MAX - 256)	/* of one message, any type */

enum vrdma_msg_type {
	VRDMA_MSG_CREDIT = 1,	/* nothing but what every header says */
	VRDMA_MSG_BIND,		/* a QP looks for the far one */
	VRDMA_MSG_BOUND,	/* the far one has agreed */
	VRDMA_MSG_UNBIND,	/* that binding is no more */
	VRDMA_MSG_REQUEST,	/* a part of an operation, for the owner to execute */
	VRDMA_MSG_RESPONSE,	/* a part of what a READ or an atomic fetched */
	VRDMA_MSG_ANSWER,	/* what became of operations */
	VRDMA_MSG_DATAGRAM,	/* a UD message */
};

enum vrdma_msg_answer {
	VRDMA_ANSWER_DONE = 1,	/* all operations before mseq are executed */
	VRDMA_ANSWER_RNR,	/* mseq found no receive; it and all after it are dropped */
	VRDMA_ANSWER_READY,	/* a receive for mseq is there: send it again */
	VRDMA_ANSWER_FAILED,	/* mseq failed with status; all before it are executed */
};

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
 * @rkey: READ, WRITE, atomics
 * @done: all operations of the receiver before this one are executed
 * @remote_addr: where it points to
 * @compare_add: atomics
 * @swap: compare and swap
 */
struct vrdma_msg_request {
	__u8 opcode;
	__u8 flags;
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
 * @token: that admits the sender's GID to @device
 * @from: sender's device
 * @sgid: sender's address
 * @dgid: receiver's address
 * @src_qpn: sender's QP
 * @dest_qpn: receiver's QP
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
 * struct vrdma_msg - a lane message, checked and in the processor's own terms
 * @type: enum vrdma_msg_type
 * @lane: which of the channel's
 * @cookie: the connection's secret for this direction
 * @number: of the message on its lane, from 1
 * @ack: the last number the sender has received
 * @credit: the last number the receiver may send
 * @binding: receiver's binding; 0: none
 * @check: of @binding
 * @mseq: number of the operation in its binding; REQUEST, RESPONSE, ANSWER
 * @bind: BIND
 * @bound: BOUND
 * @request: REQUEST
 * @response: RESPONSE
 * @result: ANSWER
 * @datagram: DATAGRAM
 * @payload: bytes after the header
 */
struct vrdma_msg {
	enum vrdma_msg_type type;
	__u8 lane;
	__u64 cookie;
	__u32 number;
	__u32 ack;
	__u32 credit;
	__u32 binding;
	__u32 check;
	__u32 mseq;
	union {
		struct vrdma_msg_bind bind;
		struct vrdma_msg_bound bound;
		struct vrdma_msg_request request;
		struct vrdma_msg_response response;
		struct vrdma_msg_result result;
		struct vrdma_msg_datagram datagram;
	};
	__u32 payload;
};

/* Bytes before the payload of a message of @type. */
__u32 vrdma_msg_header(enum vrdma_msg_type type);
/* Check @len bytes from a stranger; -EBADMSG: not one of ours, and @msg is worth nothing. */
int vrdma_msg_parse(struct vrdma_msg *msg, const void *data, __u32 len);
/* Write the header of @msg to @data; the payload goes to @data + vrdma_msg_header(). */
void vrdma_msg_build(void *data, const struct vrdma_msg *msg);

#endif /* _VRDMA_MESSAGE_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What travels on a lane between two vrdma kernels.  docs/wire.md tells it byte
 * by byte.  Also compiled on the host, by unit tests and fuzzers.
 */
#ifndef _VRDMA_MESSAGE_H
#define _VRDMA_MESSAGE_H

#include <linux/types.h>

#include "message_parts.h"

#define VRDMA_MSG_VERSION	1
#define VRDMA_MSG_MAX		8192	/* a lane's buffer: one SEND, headers and all */
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
	VRDMA_MSG_PIECE,	/* a part of an operation, for the owner's HCA to move */
	VRDMA_MSG_PLACED,	/* up to where it has */
	VRDMA_MSG_RECALL,	/* let go of all pieces */
	VRDMA_MSG_DROPPED,	/* that is so */
};

enum vrdma_msg_answer {
	VRDMA_ANSWER_DONE = 1,	/* all operations before mseq are executed */
	VRDMA_ANSWER_RNR,	/* mseq found no receive; it and all after it are dropped */
	VRDMA_ANSWER_READY,	/* a receive for mseq is there: send it again */
	VRDMA_ANSWER_FAILED,	/* mseq failed with status; all before it are executed */
};

/**
 * struct vrdma_msg - a lane message, checked and in the processor's own terms
 * @type: enum vrdma_msg_type
 * @lane: which of the channel's
 * @cookie: the connection's secret for this direction
 * @number: of the SEND on its lane, from 1; zero behind its first message, as the next two
 * @ack: the last number the sender has received
 * @credit: the last number the receiver may send
 * @binding: receiver's binding; 0: none
 * @check: of @binding
 * @mseq: number of the operation in its binding; REQUEST, RESPONSE, ANSWER, PIECE, PLACED
 * @bind: BIND
 * @bound: BOUND, RECALL
 * @request: REQUEST
 * @response: RESPONSE
 * @result: ANSWER
 * @datagram: DATAGRAM
 * @piece: PIECE; its request is also @request
 * @placed: PLACED
 * @dropped: DROPPED
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
		struct vrdma_msg_piece piece;
		struct vrdma_msg_placed placed;
		struct vrdma_msg_dropped dropped;
	};
	__u32 payload;
};

/* Bytes before the payload of a message of @type. */
__u32 vrdma_msg_header(enum vrdma_msg_type type);
/*
 * A SEND is one message, or several, each where the one before it ends, vrdma_msg_align()ed.
 * parse: check @len bytes from a stranger; -EBADMSG: no SEND of ours, and @msg, its first
 * message, is worth nothing.  next: from the message at @at to the one behind it.
 */
int vrdma_msg_parse(struct vrdma_msg *msg, const void *data, __u32 len);
int vrdma_msg_next(struct vrdma_msg *msg, const void *data, __u32 len, __u32 *at);
/* Write the header of @msg to @data; the payload goes to @data + vrdma_msg_header(). */
void vrdma_msg_build(void *data, const struct vrdma_msg *msg);
/* Say these of a SEND at @data whose messages are built. */
void vrdma_msg_number(void *data, __u32 number, __u32 ack, __u32 credit);

static inline __u32 vrdma_msg_align(__u32 at)
{
	return (at + 7) & ~7U;
}

#endif /* _VRDMA_MESSAGE_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The private data of a lane's connection request and of its reply.  docs/wire.md
 * tells it byte by byte.  Also compiled on the host, by unit tests and fuzzers.
 */
#ifndef _VRDMA_HELLO_H
#define _VRDMA_HELLO_H

#include <linux/types.h>

#include "wire.h"

#define VRDMA_HELLO_VERSION	1

/**
 * struct vrdma_hello - who opens or accepts a lane
 * @lane: index
 * @lanes: of the channel
 * @epoch: the opener's number of the channel, 16 bits, and attempts of the lane, 16 bits
 * @from: host that says it
 * @to: host it believes to speak to
 * @cookie: that messages to the speaker carry
 * @credit: receive buffers the speaker has posted
 */
struct vrdma_hello {
	__u8 lane;
	__u8 lanes;
	__u32 epoch;
	__u8 from[VRDMA_WIRE_HOST];
	__u8 to[VRDMA_WIRE_HOST];
	__u64 cookie;
	__u32 credit;
};

/* As it travels; fits the 56 bytes an rdma_cm request has for us. */
#define VRDMA_HELLO_BYTES	56

/* Check @len bytes from a stranger and fill @hello; -EBADMSG: not one of ours. */
int vrdma_hello_parse(struct vrdma_hello *hello, const void *data, __u32 len);
void vrdma_hello_build(void *data, const struct vrdma_hello *hello);

#endif /* _VRDMA_HELLO_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What one vrdma kernel says to another.  docs/wire.md tells it byte by byte.
 * Also compiled on the host, by unit tests and fuzzers.
 */
#ifndef _VRDMA_WIRE_H
#define _VRDMA_WIRE_H

#include <linux/types.h>

#define VRDMA_WIRE_MAGIC	0x7672646dU	/* "vrdm" */
#define VRDMA_WIRE_VERSION	1
#define VRDMA_WIRE_GID		16
#define VRDMA_WIRE_HOST		16
#define VRDMA_WIRE_HCAS		8

enum vrdma_wire_type {
	VRDMA_WIRE_QUERY = 1,	/* who carries RDMA for this GID? */
	VRDMA_WIRE_ANSWER = 2,
};

/**
 * struct vrdma_wire_resolve - a datagram of the resolver, as it travels
 * @magic: VRDMA_WIRE_MAGIC
 * @version: VRDMA_WIRE_VERSION
 * @type: enum vrdma_wire_type
 * @length: of the whole, sizeof(struct vrdma_wire_resolve)
 * @nonce: the asker's random number; the answer repeats it
 * @asked: GID in question
 * @asker: GID the question comes from
 * @host: answer: the answering host
 * @device: answer: the device on that host
 * @token: answer: admits @asker to @device
 * @hca_count: answer: addresses in @hca
 * @reserved: zero
 * @hca: answer: IP addresses of the host's HCAs, IPv4 as ::ffff:a.b.c.d; the rest zero
 *
 * Questions are as long as answers, so that nobody gets more bytes than he
 * sent.  What only answers carry is zero in questions.
 */
struct vrdma_wire_resolve {
	__be32 magic;
	__u8 version;
	__u8 type;
	__be16 length;
	__be64 nonce;
	__u8 asked[VRDMA_WIRE_GID];
	__u8 asker[VRDMA_WIRE_GID];
	__u8 host[VRDMA_WIRE_HOST];
	__be64 device;
	__be64 token;
	__u8 hca_count;
	__u8 reserved[7];
	__u8 hca[VRDMA_WIRE_HCAS][VRDMA_WIRE_GID];
};

/**
 * struct vrdma_resolve - the same, checked and in the processor's own terms
 * @type: enum vrdma_wire_type
 * @nonce: see struct vrdma_wire_resolve, as all that follow
 * @asked: GID
 * @asker: GID
 * @host: answers only
 * @device: answers only
 * @token: answers only
 * @hca_count: answers only
 * @hca: the first @hca_count
 */
struct vrdma_resolve {
	enum vrdma_wire_type type;
	__u64 nonce;
	__u8 asked[VRDMA_WIRE_GID];
	__u8 asker[VRDMA_WIRE_GID];
	__u8 host[VRDMA_WIRE_HOST];
	__u64 device;
	__u64 token;
	__u8 hca_count;
	__u8 hca[VRDMA_WIRE_HCAS][VRDMA_WIRE_GID];
};

/* Check @len bytes from a stranger and fill @msg; -EBADMSG: not one of ours. */
int vrdma_resolve_parse(struct vrdma_resolve *msg, const void *data, unsigned long len);
void vrdma_resolve_build(struct vrdma_wire_resolve *wire, const struct vrdma_resolve *msg);

#endif /* _VRDMA_WIRE_H */

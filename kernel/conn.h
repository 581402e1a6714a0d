/* SPDX-License-Identifier: GPL-2.0 */
/* Connections: the queue pair of a lane from its first packet until it is gone. */
#ifndef _VRDMA_CONN_H
#define _VRDMA_CONN_H

#include <linux/completion.h>
#include <linux/list.h>
#include <rdma/ib_verbs.h>
#include <rdma/rdma_cm.h>

#include "hello.h"

struct vrdma_hca;
struct vrdma_lane;
struct vrdma_regqp;

/* Bits of vrdma_conn::flags: what has happened, seen by the lane's work. */
enum vrdma_conn_flag {
	VRDMA_CONN_ADDRESS,	/* the address is resolved */
	VRDMA_CONN_ROUTE,	/* the route is */
	VRDMA_CONN_ESTABLISHED,	/* the peer has agreed */
	VRDMA_CONN_BROKEN,	/* of no use any more */
	VRDMA_CONN_REFUSED,	/* the peer does not, and has said who it is */
};

/**
 * struct vrdma_conn - one connection
 * @id: rdma_cm's
 * @hca: on which; referenced
 * @lane: for which; NULL: a request that no lane has yet
 * @node: among such requests
 * @addr: the peer's address
 * @hello: what the peer said: of a request, or once established
 * @cookie: that messages to us carry
 * @accepts: the peer has opened it
 * @reads_in: READs of the peer's that our HCA serves at once
 * @reads_out: and ours that the peer's does
 * @flags: VRDMA_CONN_* bits, set in any context
 * @why: it is broken, once it is: a text that lasts
 * @regqp: the channel's; its protection domain is this connection's
 * @sges: entries of a READ or WRITE; 0: no bulk on this HCA
 * @cq: of its queue pair
 * @opened: the lane is up, or the connection broken: messages may be looked at
 */
struct vrdma_conn {
	struct rdma_cm_id *id;
	struct vrdma_hca *hca;
	struct vrdma_lane *lane;
	struct list_head node;
	union ib_gid addr;
	struct vrdma_hello hello;
	u64 cookie;
	bool accepts;
	u8 reads_in;
	u8 reads_out;
	unsigned long flags;
	const char *why;
	struct vrdma_regqp *regqp;
	unsigned int sges;
	struct ib_cq *cq;
	struct completion opened;
};

static inline bool vrdma_conn_is(const struct vrdma_conn *conn, enum vrdma_conn_flag flag)
{
	return test_bit(flag, &conn->flags);
}

/*
 * The steps of who opens and of who accepts.  All but vrdma_conn_break() and
 * vrdma_conn_happened() may sleep; each negative result is one for
 * vrdma_conn_close().
 */
struct vrdma_conn *vrdma_conn_open(struct vrdma_lane *lane, struct vrdma_hca *hca,
				   const union ib_gid *from, const union ib_gid *to);
int vrdma_conn_route(struct vrdma_conn *conn);
int vrdma_conn_connect(struct vrdma_conn *conn, struct vrdma_hello *hello);

struct vrdma_conn *vrdma_conn_from_request(struct rdma_cm_id *id, struct vrdma_hca *hca,
					   const struct rdma_conn_param *param,
					   const struct vrdma_hello *hello);
int vrdma_conn_accept(struct vrdma_conn *conn, struct vrdma_lane *lane,
		      struct vrdma_hello *hello);

/* How long an HCA may be at our memory once it must not: jiffies. */
unsigned long vrdma_conn_patience(void);

/* Give a receive buffer back to the HCA. */
int vrdma_conn_post_recv(struct vrdma_conn *conn, unsigned int buf);

/* Something has happened; any context: the lane's work sees to it. */
void vrdma_conn_happened(struct vrdma_conn *conn, enum vrdma_conn_flag flag);
void vrdma_conn_break(struct vrdma_conn *conn, const char *why);

/* End it: afterwards no memory is the HCA's.  Frees it. */
void vrdma_conn_close(struct vrdma_conn *conn);

#endif /* _VRDMA_CONN_H */

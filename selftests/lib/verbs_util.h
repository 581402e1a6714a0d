/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the C selftests share: opening a device of a container, one end of a
 * connection with its queues and buffer, waiting with a limit.  Everything goes
 * through plain libibverbs.
 */
#ifndef SELFTESTS_VERBS_UTIL_H
#define SELFTESTS_VERBS_UTIL_H

#include <infiniband/verbs.h>
#include <stdbool.h>
#include <stdint.h>

#include "ktap.h"
#include "prng.h"

/**
 * struct options - what every program takes on its command line
 * @dev: -d, -D: DEVICE or DEVICE@NAMESPACE of the near and of the far side;
 *	 without -D both are the same
 * @gid: -g, -G: GID index of each
 * @seed: -s: of everything random; printed
 * @full: -b full, not -b small (BUDGET in the environment says the same): how much to do
 * @seconds: -T: how long a program that can run for a time does
 * @only: -t: cases whose name contains this
 * @listen: -l: be the server of a pair of programs
 * @host: -c: be its client and connect there
 * @port: -p: TCP port of the two
 * @slow: SLOW in the environment: how many times as long as elsewhere things may take
 */
struct options {
	const char *dev[2];
	int gid[2];
	uint64_t seed;
	bool full;
	int seconds;
	const char *only;
	bool listen;
	const char *host;
	int port;
	unsigned int slow;
};

extern struct options opt;

/* Parse, or explain and exit. */
void options_parse(int argc, char **argv);

/**
 * struct node - an opened device
 * @name: of the device
 * @ctx: opened inside its namespace
 * @pd: its protection domain
 * @gid: local address, at @gid_index
 * @port: attributes of port 1
 */
struct node {
	char name[64];
	struct ibv_context *ctx;
	struct ibv_pd *pd;
	union ibv_gid gid;
	int gid_index;
	struct ibv_port_attr port;
	struct ibv_device_attr attr;
};

/* Open opt.dev[side]; the calling thread stays in the namespace it was in. */
int node_open(struct node *node, int side);

/* Have @node, a copy of an open one, refer to its device and PD as another process would. */
int node_import(struct node *node, int side, uint32_t pd_handle);

/* rxe differs from the specification here and there; cases say where. */
bool node_is_rxe(const struct node *node);

/* Set the netdev of a side's container up or down; begin: somebody does it meanwhile. */
FILE *node_begin_link(int side, const char *state);
int node_set_link(int side, const char *state);

/**
 * struct ep_cfg - what an end is made of; 0 means the default in brackets
 * @type: [RC]
 * @send_wr: [64]
 * @recv_wr: [64]
 * @sge: [4]
 * @inline_bytes: [0]
 * @cqe: [256]
 * @size: of the buffer [64 KiB]
 * @access: of its MR [local write, remote write, read, atomic]
 * @qp_access: of the QP [remote write, read, atomic]
 * @sq_sig_all: [0]
 * @srq: use it [own receive queue]
 * @send_ops: enum ibv_qp_create_send_ops_flags, for ibv_wr_*() [none]
 * @scq, @rcq: use them [an own one for both]
 * @channel: completion channel for the own CQ [none]
 * @timeout: [17: 0.5 s] @retry_cnt: [7] @rnr_retry: [7] @min_rnr_timer: [12: 0.64 ms]
 * Each of the four last is meant as given when @timers is set.
 */
struct ep_cfg {
	enum ibv_qp_type type;
	int send_wr, recv_wr, sge, inline_bytes, cqe;
	size_t size;
	int access, qp_access;
	int sq_sig_all;
	struct ibv_srq *srq;
	uint64_t send_ops;
	struct ibv_cq *scq, *rcq;
	struct ibv_comp_channel *channel;
	bool timers;
	int timeout, retry_cnt, rnr_retry, min_rnr_timer;
};

/* What the other end must know. */
struct ep_addr {
	uint32_t qpn, psn;
	uint64_t addr;
	uint32_t rkey;
	uint32_t mtu;
	union ibv_gid gid;
};

#define EP_QKEY		0x11223344

struct ep {
	struct node *node;
	struct ep_cfg cfg;
	struct ibv_cq *scq, *rcq;
	struct ibv_qp *qp;
	struct ibv_mr *mr;
	uint8_t *buf;
	size_t size;
	uint32_t psn;
	struct ep_addr far;
	struct ibv_ah *ah;
};

int ep_create(struct ep *ep, struct node *node, const struct ep_cfg *cfg);
void ep_destroy(struct ep *ep);
void ep_addr(const struct ep *ep, struct ep_addr *addr);

/* State changes; 0 or errno. To RTR and RTS with the values of ep->far and ep->cfg. */
int ep_init(struct ep *ep);
int ep_rtr(struct ep *ep);
int ep_rts(struct ep *ep);
int ep_error(struct ep *ep);
int ep_reset(struct ep *ep);
enum ibv_qp_state ep_state(const struct ep *ep);
/* Poll the state until it is @state; the state after that or after @ms. */
enum ibv_qp_state ep_wait_state(const struct ep *ep, enum ibv_qp_state state, int ms);

/* INIT (must have been done) to RTS on both sides. UD: an address handle each. */
int ep_connect(struct ep *a, struct ep *b);

/**
 * struct pair - near and far end
 * @node: of each; both the same device without -D
 * @a: the requester, on opt.dev[0]
 * @b: the owner, on opt.dev[1]
 */
struct pair {
	struct node node[2];
	struct ep a, b;
};

/* Open, create, connect. @cfg: of a and b, NULL: defaults. */
int pair_open(struct pair *p);
int pair_make(struct pair *p, const struct ep_cfg *acfg, const struct ep_cfg *bcfg);

/*
 * Work requests on ep->buf; @off into it. Return what ibv_post_*() returns.
 * Write, read and atomics go to far.addr + @roff with far.rkey.
 */
int ep_recv(struct ep *ep, uint64_t wr_id, size_t off, uint32_t len);
int ep_send(struct ep *ep, uint64_t wr_id, size_t off, uint32_t len, int flags);
int ep_rdma(struct ep *ep, enum ibv_wr_opcode op, uint64_t wr_id, size_t off,
	    uint32_t len, size_t roff, int flags);
int ep_atomic(struct ep *ep, enum ibv_wr_opcode op, uint64_t wr_id, size_t off,
	      size_t roff, uint64_t compare_add, uint64_t swap, int flags);
/* A request to start from: one SGE of ep->buf, remote side filled in. */
void ep_wr(struct ep *ep, struct ibv_send_wr *wr, struct ibv_sge *sge,
	   enum ibv_wr_opcode op, uint64_t wr_id, size_t off, uint32_t len);
int ep_post(struct ep *ep, struct ibv_send_wr *wr);

/* Poll until @want completions are there or @ms have passed; how many there are. */
int cq_wait(struct ibv_cq *cq, struct ibv_wc *wc, int want, int ms);
/* One completion must come, and be this one. wc may be NULL. */
int cq_expect(struct ibv_cq *cq, uint64_t wr_id, enum ibv_wc_status status,
	      struct ibv_wc *wc);
/* None may come within @ms. */
int cq_expect_none(struct ibv_cq *cq, int ms);

/* Limit for a completion that must come. */
#define WAIT_MS	(20000 * opt.slow)

/* Wait for an asynchronous event of @ctx; false after @ms. The event is acknowledged. */
bool event_wait(struct ibv_context *ctx, struct ibv_async_event *event, int ms);
/* One like this must come; others before it, but for address changes, may not. */
int event_expect(struct ibv_context *ctx, enum ibv_event_type type, void *object);
int event_expect_none(struct ibv_context *ctx, int ms);
/* Wait for a completion event; false after @ms. */
bool channel_wait(struct ibv_comp_channel *channel, struct ibv_cq **cq, int ms);

uint64_t now_ms(void);
uint64_t now_us(void);

/* TCP or socketpair between the two processes of a test; all with a limit. */
int sock_server(int port);
int sock_client(const char *host, int port);
bool sock_send(int fd, const void *from, size_t len);
bool sock_recv(int fd, void *to, size_t len);

#endif /* SELFTESTS_VERBS_UTIL_H */

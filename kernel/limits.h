/* SPDX-License-Identifier: GPL-2.0 */
/* Every number vrdma chose, with its reason. */
#ifndef _VRDMA_LIMITS_H
#define _VRDMA_LIMITS_H

enum vrdma_limits {
	/* Objects of one device: what ibv_devinfo -v reports and create refuses above. */
	VRDMA_MAX_CONTEXTS = 4096,	/* processes that have the device open */
	VRDMA_MAX_PD = 16384,		/* one per connection in the worst of applications */
	VRDMA_MAX_QP = 16384,		/* a 128-rank job, all to all */
	VRDMA_MAX_CQ = 16384,		/* one per QP */
	VRDMA_MAX_SRQ = 4096,
	VRDMA_MAX_AH = 65536,		/* one per UD peer */
	VRDMA_MAX_MR = 131072,		/* storage registers per buffer */

	/* Queues. */
	VRDMA_MAX_QP_WR = 16384,	/* perftest's and UCX's largest */
	VRDMA_MAX_SRQ_WR = 32768,
	VRDMA_MAX_CQE = 1 << 18,	/* ofi_rxm asks for 64 Ki; 16 MiB of charged memory */
	VRDMA_MAX_SGE = 32,		/* as rxe */
	VRDMA_MAX_INLINE = 960,		/* a slot of 1 KiB less its header of 64 bytes */
	VRDMA_MAX_RD_ATOMIC = 128,	/* as rxe */
	VRDMA_MAX_MSG = 1 << 30,	/* as most HCAs */

	/* The port. */
	VRDMA_GID_TABLE = 32,		/* addresses of one interface; each costs sysfs files */
	VRDMA_PKEY_TABLE = 1,		/* the default pkey */
	VRDMA_UD_MTU = 4096,		/* whatever the netdev's MTU: no packet is ever cut */
	VRDMA_GRH = 40,			/* IBA 8.3: before the payload of a UD receive */

	/* How much one context does before it gives way. */
	VRDMA_DRAIN_BYTES = 256 * 1024,	/* about 60 us of copying */
	VRDMA_DRAIN_WQES = 64,
	VRDMA_CHUNK = 16 * 1024,	/* copied with preemption off: a few us */

	/* Time, in milliseconds. */
	VRDMA_ROUTE_FRESH_MS = 1000,	/* RTR re-asks for a route older than this */
	VRDMA_ROUTE_REASK_MS = 10000,	/* routes in use are asked again so often */
	VRDMA_ROUTE_MISSES = 3,		/* unanswered re-asks that end the bindings */
	VRDMA_ROUTE_NEGATIVE_MS = 1000,	/* a GID that did not answer is not asked again sooner */
	VRDMA_ROUTE_REFRESH_MS = 100,	/* asked again at a caller's wish not sooner */
	VRDMA_ROUTE_IDLE_MS = 30000,	/* a route nobody holds is forgotten */
	VRDMA_ASK_FIRST_MS = 20,	/* first repetition of a question; the gap then doubles */
	VRDMA_ASK_TRIES = 6,		/* with the gaps above a miss is known after 1.26 s */
	VRDMA_TOKEN_EPOCH_S = 1800,	/* a token is good for one to two of these */
	VRDMA_ANSWER_MIN_MS = 3000,	/* a first answer may take a round of questions each way */
	VRDMA_UD_PENDING_MS = 3000,	/* a round of questions each way, and some */

	/* Bounds on what strangers can make us hold. */
	VRDMA_UD_PENDING = 256,		/* datagrams of one device that wait for a route */
	VRDMA_MAX_ROUTES = 4096,	/* cached routes of one device */
	VRDMA_ASK_RATE = 2000,		/* questions per second: all routes, re-asked */
	VRDMA_ASK_BURST = 512,		/* a 128-rank job, all to all, four addresses */
	VRDMA_ANSWER_SOURCES = 512,	/* buckets for sources of one namespace: 4 KiB */
	VRDMA_ANSWER_RATE = 100,	/* answers per second and source: 16 devices that re-ask */
	VRDMA_ANSWER_BURST = 100,
	VRDMA_ANSWER_ALL_RATE = 5000,	/* backstop of a namespace: a tenth of a processor */
	VRDMA_ANSWER_ALL_BURST = 2000,	/* as many hosts that restart at once */
	VRDMA_RECEIVE_BATCH = 64,	/* datagrams taken before others get the worker */
};

#define VRDMA_MAX_MR_SIZE	0x10000000000ULL	/* 1 TiB */
#define VRDMA_RESOLVER_PORT	4793	/* UDP; beside RoCE v2's 4791 */

#endif /* _VRDMA_LIMITS_H */

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
	VRDMA_MAX_MW = 131072,		/* and shows it by window */
	VRDMA_MAX_FAST_PAGES = 512,	/* 2 MiB, as rxe */
	VRDMA_MAX_GROUPS = 256,		/* IP groups that the netdev joins for the device */
	VRDMA_MAX_GROUP_QPS = 16,	/* of one group: others wait for as many copies */
	VRDMA_MAX_ATTACHED = 4096,	/* QPs in groups: 16 in every group */

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

	/* Between hosts. */
	VRDMA_FLIGHTS = 64,		/* operations of a QP on their way: power of two */
	VRDMA_FETCHES = 16,		/* READs and atomics among them, as many HCAs */
	VRDMA_ANSWER_BATCH = 16,	/* operations answered at once; four times in FLIGHTS */
	VRDMA_ANSWER_CHATS = 3,		/* replies in turn that make it a conversation */

	/* Bulk: what the HCA of the owner moves by itself. */
	VRDMA_BULK_ABOVE = 64 * 1024,	/* unless set: up to here messages cost rxe less */
	VRDMA_PIECE_BYTES = 128 * 1024,	/* of one window: 10 us at 100 Gb/s */
	VRDMA_PIECE_PAGES = 33,		/* of 4 KiB, at any alignment */
	VRDMA_BULK_WINDOWS = 4,		/* pieces of a QP on their way: one moves, others wait */
	VRDMA_BULK_PIECES = 8,		/* of a far QP that wait here: more than it may have */
	VRDMA_LANE_WINDOWS = 16,	/* of a lane: 2 MiB, 160 us at 100 Gb/s */
	VRDMA_LANE_MOVES = 16,		/* of a lane: as many as the peer has windows */
	VRDMA_LANE_READS = 16,		/* outstanding at an HCA, as many of them */
	VRDMA_LANE_PARTS = 32,		/* large things posted at once, of a kind: half of DEPTH */
	VRDMA_SMALL = 4096,		/* messages up to here go as they come */
	VRDMA_SHARED_MS = 1000,		/* so long after one of them a lane is taken to be shared */
	VRDMA_LARGE_MIN = 64 * 1024,	/* of large messages: who sends them must first wake up */
	VRDMA_MOVE_MIN = 16 * 1024,	/* under way at least: two parts of two packets */
	VRDMA_DRAIN_MAX = 2 << 20,	/* bytes under way at most: what LANE_WINDOWS have */
	VRDMA_DRAIN_SAMPLE = 256 * 1024, /* bytes that tell a rate */
	VRDMA_RECALL_MS = 4000,		/* who says nothing of its pieces so long loses the lane */
	VRDMA_BULK_END_MS = 1000,	/* who takes longer to leave our memory loses the lane */

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
	VRDMA_GROUP_REASK_MS = 1000,	/* a group that is sent to is asked again so often */
	VRDMA_GROUP_STALE_MS = 5000,	/* one that was not sent to so long is asked as if new */
	VRDMA_GROUP_HOLD_MS = 1000,	/* first datagrams wait so long for its members' routes */
	VRDMA_GROUP_MISSES = 3,		/* rounds that a member may not answer */
	VRDMA_GROUP_TRIES = 4,		/* questions of a first round: 300 ms */
	VRDMA_GROUP_TRIES_AGAIN = 2,	/* of all others: 60 ms */
	VRDMA_ANSWER_LATER_MS = 5,	/* an answer waits for company: two ticks, or five */

	/* The path between hosts. */
	VRDMA_LANES = 4,		/* of a channel, unless set: HCAs serve some at once */
	VRDMA_MAX_LANES = 16,		/* 1 MiB of buffers each */
	VRDMA_LANE_DEPTH = 64,		/* messages each way: 512 KiB, 40 us at 100 Gb/s */
	VRDMA_LANE_SILENT = 15,		/* messages between two that ask for a completion */
	VRDMA_LANE_AHEAD = 2,		/* under way before others wait for company: a chat */
	VRDMA_LANE_SMALL = 1024,	/* what may: a copy that costs less than a message */
	VRDMA_LANE_NOTES = 32,		/* that wait for room at a peer's wish; more are lost */
	VRDMA_LANE_RESERVE = 2,		/* receive buffers beyond the credit; one would do */
	VRDMA_LANE_ACK_TIMEOUT = 14,	/* as the HCA counts, 4.096 us << 14: 67 ms, unless set */
	VRDMA_LANE_MAX_TIMEOUT = 20,	/* if it is set: 4.3 s, and a dead peer after 26 s */
	VRDMA_LANE_RETRIES = 5,		/* a dead peer is known after six of these: 403 ms */
	VRDMA_LANE_RETRY_MS = 1,	/* first pause before a connection is tried again */
	VRDMA_LANE_RETRY_MAX_MS = 500,	/* the pause doubles up to this */
	VRDMA_LANE_CONNECT_MS = 1000,	/* a first attempt; a lost request is not repeated sooner */
	VRDMA_LANE_ACCEPT_MS = 5000,	/* who was accepted is silent: the reply was lost */
	VRDMA_LANE_POKE_MS = 1000,	/* who cannot open asks to be called so often */
	VRDMA_LANE_GIVE_UP_MS = 10000,	/* down so long, a lane ends its channel */
	VRDMA_CHANNEL_IDLE_MS = 30000,	/* held by nobody and silent so long, a channel ends */
	VRDMA_LISTEN_RETRY_MS = 1000,	/* until an address can be listened at */
	VRDMA_HCA_LOOK_MS = 100,	/* a burst of changes of netdevs is looked at once */

	/* Bounds on what strangers can make us hold. */
	VRDMA_UD_PENDING = 1024,	/* datagrams of one device that wait for a route: 4 MiB */
	VRDMA_UD_MEMBER_PENDING = 64,	/* of them copies for one member of a group */
	VRDMA_UD_COPIES = 512,		/* of them copies for members: half */
	VRDMA_MAX_ROUTES = 4096,	/* cached routes of one device */
	VRDMA_MAX_AUDIENCES = 256,	/* groups a device sends to: as many as it may be in */
	VRDMA_MAX_MEMBERS = 64,		/* devices in such a group: 2 KiB, charged to the sender */
	VRDMA_GROUP_ASK_RATE = 600,	/* questions per second to groups: all, asked again */
	VRDMA_GROUP_ASK_BURST = 64,
	VRDMA_ASK_RATE = 2000,		/* questions per second: all routes, re-asked */
	VRDMA_ASK_BURST = 512,		/* a 128-rank job, all to all, four addresses */
	VRDMA_ANSWER_SOURCES = 512,	/* buckets for sources of one namespace: 4 KiB */
	VRDMA_ANSWER_RATE = 100,	/* answers per second and source: 16 devices that re-ask */
	VRDMA_ANSWER_BURST = 100,
	VRDMA_ANSWER_ALL_RATE = 5000,	/* backstop of a namespace: a tenth of a processor */
	VRDMA_ANSWER_ALL_BURST = 2000,	/* as many hosts that restart at once */
	VRDMA_MAX_CHANNELS = 1024,	/* hosts of a large cluster */
	VRDMA_MAX_REQUESTS = 256,	/* lanes of as many hosts as restart at once */
	VRDMA_ADDRESS_CHANNELS = 8,	/* at one address's wish: a host that restarts, and again */
	VRDMA_ADDRESS_REQUESTS = 32,	/* of one address: all lanes, and to be called for all */
	VRDMA_DIAL_RATE = 1,		/* first connections per second to one address */
	VRDMA_DIAL_BUCKETS = 256,	/* addresses may share one: 2 KiB */
	VRDMA_RECEIVE_BATCH = 64,	/* datagrams taken before others get the worker */
};

#define VRDMA_MAX_MR_SIZE	0x10000000000ULL	/* 1 TiB */
#define VRDMA_RESOLVER_PORT	4793	/* UDP; beside RoCE v2's 4791 */
#define VRDMA_CHANNEL_PORT	793	/* rdma_cm; privileged, as its peers' are */
#define VRDMA_PORT_FIRST	512	/* what peers call from: privileged ports nobody has */
#define VRDMA_PORTS		512

#endif /* _VRDMA_LIMITS_H */

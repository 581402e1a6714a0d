/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A host that is none: what a process with an RDMA device of its own can send to the port
 * where a host waits for others.  docs/wire.md has the formats, the kernel's own code of
 * them is linked in: what is to be wrong is made wrong by hand.
 */
#ifndef SELFTESTS_PEER_H
#define SELFTESTS_PEER_H

#include <rdma/rdma_cma.h>
#include <stdbool.h>
#include <stdint.h>

#include "../../kernel/hello.h"
#include "../../kernel/message.h"

#define PEER_PORT	793		/* where hosts wait */
#define PEER_SLOTS	64		/* SENDs we have room for */
#define PEER_ID		16		/* bytes of a host's id */

/**
 * struct peer - one connection
 * @id: rdma_cm's
 * @events: of @id alone
 * @mr: all of @memory
 * @memory: PEER_SLOTS SENDs to receive, then one to send
 * @said: our hello
 * @heard: the answer to it, good or not, if @heard_it
 * @credit: what we say that the host may send; 0: what it may
 * @number: of our last SEND
 * @got: of the last we received
 * @taken: that one
 * @len: bytes of it
 * @msg: its message that peer_receive() has told of last
 * @at: where that begins
 */
struct peer {
	struct rdma_cm_id *id;
	struct rdma_event_channel *events;
	struct ibv_mr *mr;
	uint8_t *memory;
	struct vrdma_hello said;
	struct vrdma_hello heard;
	bool heard_it;
	uint32_t credit;
	uint32_t number;
	uint32_t got;
	uint8_t taken[VRDMA_MSG_MAX];
	uint32_t len;
	struct vrdma_msg msg;
	uint32_t at;
};

/**
 * struct peer_call - a connection request
 * @from: our address
 * @port: ours
 * @to: the host's address
 * @data: private data
 * @len: bytes of it
 */
struct peer_call {
	const char *from;
	int port;
	const char *to;
	uint8_t data[VRDMA_HELLO_BYTES];
	uint8_t len;
};

/*
 * What became of @call: RDMA_CM_EVENT_ESTABLISHED, RDMA_CM_EVENT_REJECTED, ... or -1 when
 * we could not even ask, which is said.
 */
int peer_call(struct peer *peer, const struct peer_call *call);
/* As peer_call() with @peer->said, made of what the caller has put there. */
int peer_hello(struct peer *peer, struct peer_call *call);
/*
 * The host calls us where @call is from, because a hello of ours, which it has refused,
 * asks it to: take it, with @peer->said in answer.  False: it does not call, or hangs up.
 */
bool peer_called(struct peer *peer, struct peer_call *call);
/* Wait for the end that the host makes to it. */
bool peer_is_closed(struct peer *peer, int ms);
void peer_hang_up(struct peer *peer);

/* Fill in what the first message of a SEND says, and count. */
void peer_head(struct peer *peer, struct vrdma_msg *msg);
/* Send @len bytes at @data as they are. */
bool peer_send_raw(struct peer *peer, const void *data, uint32_t len);
/* Send @msg, its head filled in, with @payload. */
bool peer_send(struct peer *peer, struct vrdma_msg *msg, const void *payload);
/* The next message but CREDIT; its payload, if wanted, goes to @payload. */
bool peer_receive(struct peer *peer, struct vrdma_msg *msg, void *payload, int ms);

#endif /* SELFTESTS_PEER_H */

// SPDX-License-Identifier: GPL-2.0
/*
 * knock FROM PORT TO [HOST [COUNT]]: ask whoever waits for other hosts at TO for a lane, from
 * that address and port, and say what became of it: `established on DEVICE by HOST`, or
 * rejected, or unheard; HOST, an id of 32 hexadecimal digits, if it said so.
 *
 * With COUNT in the names of so many hosts, from as many ports: `N established, M rejected`;
 * none is let go before we are ended.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/peer.h"
#include "lib/verbs_util.h"

static void read_id(uint8_t *id, const char *hex)
{
	for (int i = 0; i < PEER_ID && sscanf(hex + 2 * i, "%2hhx", &id[i]) == 1; i++)
		;
}

static void say_id(const uint8_t *id)
{
	for (int i = 0; i < PEER_ID; i++)
		printf("%02x", id[i]);
}

/* One more host, and one more, each for its first lane. */
static int crowd(const struct peer *first, struct peer_call *call, int count)
{
	int established = 0, rejected = 0;
	struct peer *peer;

	for (int i = 0; i < count; i++, call->port++) {
		peer = calloc(1, sizeof(*peer));
		if (!peer)
			return KTAP_FAIL;
		peer->said = first->said;
		peer->said.from[PEER_ID - 2] = 1 + i;
		switch (peer_hello(peer, call)) {
		case RDMA_CM_EVENT_ESTABLISHED:
			established++;
			break;
		case RDMA_CM_EVENT_REJECTED:
			rejected++;
			peer_hang_up(peer);
			break;
		default:
			return KTAP_FAIL;
		}
	}
	printf("%d established, %d rejected\n", established, rejected);
	fflush(stdout);
	return pause();
}

int main(int argc, char **argv)
{
	struct peer peer = { .said = { .lanes = 4, .credit = PEER_SLOTS, .cookie = 1 } };
	struct peer_call call = {};

	if (argc < 4)
		return KTAP_FAIL;
	call.from = argv[1];
	call.port = atoi(argv[2]);
	call.to = argv[3];
	peer.said.epoch = (uint32_t)now_us() << 16;
	peer.said.from[PEER_ID - 1] = 0x13;
	memset(peer.said.to, 0x31, PEER_ID);
	if (argc > 4)
		read_id(peer.said.to, argv[4]);
	if (argc > 5)
		return crowd(&peer, &call, atoi(argv[5]));
	switch (peer_hello(&peer, &call)) {
	case RDMA_CM_EVENT_ESTABLISHED:
		printf("established");
		break;
	case RDMA_CM_EVENT_REJECTED:
		printf("rejected");
		break;
	default:
		printf("unheard");
	}
	if (peer.id && peer.id->verbs)
		printf(" on %s", ibv_get_device_name(peer.id->verbs->device));
	if (peer.heard_it) {
		printf(" by ");
		say_id(peer.heard.from);
	}
	printf("\n");
	peer_hang_up(&peer);
	return KTAP_PASS;
}

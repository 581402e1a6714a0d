// SPDX-License-Identifier: GPL-2.0
/* Datagrams of the resolver from sockets in any container. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dgram.h"
#include "verbs_util.h"

union dgram_address {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static bool gid_is_ipv4(const union ibv_gid *gid)
{
	return IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)gid->raw);
}

union ibv_gid dgram_gid(const char *address)
{
	union ibv_gid gid = {};

	if (inet_pton(AF_INET6, address, gid.raw) == 1)
		return gid;
	gid.raw[10] = 0xff;
	gid.raw[11] = 0xff;
	if (inet_pton(AF_INET, address, gid.raw + 12) != 1)
		abort();
	return gid;
}

static socklen_t dgram_address(union dgram_address *addr, const union ibv_gid *gid, int port)
{
	memset(addr, 0, sizeof(*addr));
	if (gid_is_ipv4(gid)) {
		addr->v4.sin_family = AF_INET;
		addr->v4.sin_port = htons(port);
		memcpy(&addr->v4.sin_addr, gid->raw + 12, 4);
		return sizeof(addr->v4);
	}
	addr->v6.sin6_family = AF_INET6;
	addr->v6.sin6_port = htons(port);
	memcpy(&addr->v6.sin6_addr, gid->raw, 16);
	return sizeof(addr->v6);
}

/* The socket stays in the namespace it was made in; the caller goes back. */
static int socket_in(const char *netns, int family, int type, int protocol)
{
	char path[128];
	int home, net, fd = -1, err;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	net = open(path, O_RDONLY | O_CLOEXEC);
	if (home >= 0 && net >= 0 && !setns(net, CLONE_NEWNET)) {
		fd = socket(family, type | SOCK_CLOEXEC, protocol);
		err = errno;
		if (setns(home, CLONE_NEWNET))
			abort();
		errno = err;
	}
	close(net);
	close(home);
	return fd;
}

int dgram_socket(const char *netns, const char *address, int port)
{
	union ibv_gid gid = dgram_gid(address);
	union dgram_address addr;
	int fd, one = 1, err;
	socklen_t len;

	len = dgram_address(&addr, &gid, port);
	fd = socket_in(netns, addr.sa.sa_family, SOCK_DGRAM, 0);
	if (fd < 0)
		return -1;
	if (addr.sa.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	/* Who binds beside the kernel must fail even so. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	if (!bind(fd, &addr.sa, len))
		return fd;
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

int dgram_ear(const char *netns)
{
	return socket_in(netns, AF_PACKET, SOCK_DGRAM, htons(ETH_P_IP));
}

void dgram_make(struct dgram *d, enum dgram_type type, uint64_t nonce,
		const union ibv_gid *asked, const union ibv_gid *asker)
{
	memset(d, 0, sizeof(*d));
	d->len = DGRAM_LEN;
	d->peer = type == DGRAM_QUESTION ? *asked : *asker;
	d->port = DGRAM_PORT;
	memcpy(d->data, "vrdm", 4);
	d->data[DGRAM_VERSION] = 1;
	d->data[DGRAM_TYPE] = type;
	d->data[DGRAM_LENGTH + 1] = DGRAM_LEN;
	dgram_set_u64(d, DGRAM_NONCE, nonce);
	memcpy(d->data + DGRAM_ASKED, asked, sizeof(*asked));
	memcpy(d->data + DGRAM_ASKER, asker, sizeof(*asker));
}

uint64_t dgram_u64(const struct dgram *d, enum dgram_field at)
{
	uint64_t value;

	memcpy(&value, d->data + at, sizeof(value));
	return be64toh(value);
}

void dgram_set_u64(struct dgram *d, enum dgram_field at, uint64_t value)
{
	value = htobe64(value);
	memcpy(d->data + at, &value, sizeof(value));
}

bool dgram_send(int fd, const struct dgram *d)
{
	union dgram_address addr;
	socklen_t len = dgram_address(&addr, &d->peer, d->port);

	return sendto(fd, d->data, d->len, 0, &addr.sa, len) == (ssize_t)d->len;
}

bool dgram_recv(int fd, struct dgram *d, int ms)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	union dgram_address addr;
	socklen_t addr_len = sizeof(addr);
	ssize_t len;

	memset(d, 0, sizeof(*d));
	if (poll(&poller, 1, ms) != 1)
		return false;
	len = recvfrom(fd, d->data, sizeof(d->data), MSG_DONTWAIT, &addr.sa, &addr_len);
	if (len < 0)
		return false;
	d->len = len;
	if (addr.sa.sa_family == AF_INET) {
		d->peer.raw[10] = 0xff;
		d->peer.raw[11] = 0xff;
		memcpy(d->peer.raw + 12, &addr.v4.sin_addr, 4);
		d->port = ntohs(addr.v4.sin_port);
	} else {
		memcpy(d->peer.raw, &addr.v6.sin6_addr, 16);
		d->port = ntohs(addr.v6.sin6_port);
	}
	return true;
}

void dgram_answer(struct dgram *d, const struct dgram *question)
{
	*d = *question;
	d->data[DGRAM_TYPE] = DGRAM_ANSWER;
	memset(d->data + DGRAM_HOST, 0x11, 16);
	dgram_set_u64(d, DGRAM_DEVICE, 42);
	dgram_set_u64(d, DGRAM_TOKEN, 43);
}

int dgram_hear_question(int fd, struct dgram *question, const union ibv_gid *asker,
			const union ibv_gid *asked)
{
	EXPECT(dgram_recv(fd, question, WAIT_MS), "not asked");
	EXPECT_EQ(question->len, DGRAM_LEN);
	EXPECT_EQ(question->port, DGRAM_PORT);
	EXPECT_EQ(question->data[DGRAM_TYPE], DGRAM_QUESTION);
	EXPECT(!memcmp(&question->peer, asker, 16), "from another address");
	EXPECT(!memcmp(question->data + DGRAM_ASKER, asker, 16), "asker");
	EXPECT(!memcmp(question->data + DGRAM_ASKED, asked, 16), "asked");
	return KTAP_PASS;
}

long long counter_read(const char *device, const char *name)
{
	const char *at = strchr(device, '@');
	long long value = -1;
	char command[256], word[64];
	FILE *out;

	if (!at)
		return -1;
	snprintf(command, sizeof(command), "ip netns exec %s rdma statistic show link %.*s/1",
		 at + 1, (int)(at - device), device);
	out = popen(command, "r");
	while (out && fscanf(out, "%63s", word) == 1)
		if (!strcmp(word, name) && fscanf(out, "%lld", &value) != 1)
			value = -1;
	if (out)
		pclose(out);
	return value;
}

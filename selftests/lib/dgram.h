/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Datagrams of the resolver, as docs/wire.md has them, from sockets in any
 * container: what a stranger or a forger can send.  Written by hand, on purpose
 * without the kernel's own header.
 */
#ifndef SELFTESTS_DGRAM_H
#define SELFTESTS_DGRAM_H

#include <infiniband/verbs.h>
#include <stdbool.h>
#include <stdint.h>

#define DGRAM_PORT	4793
#define DGRAM_LEN	216

/* Offsets. */
enum dgram_field {
	DGRAM_VERSION = 4,
	DGRAM_TYPE = 5,
	DGRAM_LENGTH = 6,
	DGRAM_NONCE = 8,
	DGRAM_ASKED = 16,
	DGRAM_ASKER = 32,
	DGRAM_HOST = 48,
	DGRAM_DEVICE = 64,
	DGRAM_TOKEN = 72,
	DGRAM_HCA_COUNT = 80,
	DGRAM_RESERVED = 81,
	DGRAM_HCA = 88,
};

enum dgram_type {
	DGRAM_QUESTION = 1,
	DGRAM_ANSWER = 2,
};

/**
 * struct dgram - one datagram
 * @data: its bytes
 * @len: how many
 * @peer: where it came from or goes to
 * @port: there
 */
struct dgram {
	uint8_t data[DGRAM_LEN + 64];
	size_t len;
	union ibv_gid peer;
	int port;
};

/* "10.7.0.1" or "fd07::1" as a GID. */
union ibv_gid dgram_gid(const char *address);

/* A socket in that namespace, bound to @address; -1 with errno. */
int dgram_socket(const char *netns, const char *address, int port);

/* One that hears every IPv4 packet that comes into or leaves that namespace. */
int dgram_ear(const char *netns);

/* Well formed, with zero for host, device and token. */
void dgram_make(struct dgram *d, enum dgram_type type, uint64_t nonce,
		const union ibv_gid *asked, const union ibv_gid *asker);
/* A good answer to @question: device 42 of host 1111... */
void dgram_answer(struct dgram *d, const struct dgram *question);
uint64_t dgram_u64(const struct dgram *d, enum dgram_field at);
void dgram_set_u64(struct dgram *d, enum dgram_field at, uint64_t value);

bool dgram_send(int fd, const struct dgram *d);
/* False: nothing came within @ms. */
bool dgram_recv(int fd, struct dgram *d, int ms);

/* Wait for a question of @asker for @asked; KTAP_PASS or what was wrong is said. */
int dgram_hear_question(int fd, struct dgram *question, const union ibv_gid *asker,
			const union ibv_gid *asked);

/* A counter of `rdma statistic` of DEVICE@NETNS, -1 when there is none. */
long long counter_read(const char *device, const char *name);

#endif /* SELFTESTS_DGRAM_H */

// SPDX-License-Identifier: GPL-2.0
/* How the two processes of a test talk to each other beside the device. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "verbs_util.h"

#define SOCK_SECONDS	120

static int sock_prepare(int fd)
{
	struct timeval limit = { .tv_sec = SOCK_SECONDS };
	int one = 1;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

int sock_server(int port)
{
	struct sockaddr_in6 addr = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(port),
	};
	struct timeval limit = { .tv_sec = SOCK_SECONDS };
	int one = 1, fd, conn;

	fd = socket(AF_INET6, SOCK_STREAM, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (bind(fd, (void *)&addr, sizeof(addr)) || listen(fd, 1)) {
		close(fd);
		return -1;
	}
	conn = accept(fd, NULL, NULL);
	close(fd);
	return conn < 0 ? -1 : sock_prepare(conn);
}

int sock_client(const char *host, int port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *info;
	uint64_t end = now_ms() + WAIT_MS;
	char service[16];
	int fd;

	snprintf(service, sizeof(service), "%d", port);
	if (getaddrinfo(host, service, &hints, &info))
		return -1;
	do {	/* the server may still be starting */
		fd = socket(info->ai_family, info->ai_socktype, 0);
		if (fd < 0)
			break;
		if (!connect(fd, info->ai_addr, info->ai_addrlen)) {
			freeaddrinfo(info);
			return sock_prepare(fd);
		}
		close(fd);
		usleep(50000);
	} while (now_ms() < end);
	freeaddrinfo(info);
	return -1;
}

bool sock_send(int fd, const void *from, size_t len)
{
	ssize_t done;

	for (; len; from += done, len -= done) {
		done = send(fd, from, len, MSG_NOSIGNAL);
		if (done <= 0)
			return false;
	}
	return true;
}

bool sock_recv(int fd, void *to, size_t len)
{
	ssize_t done;

	for (; len; to += done, len -= done) {
		done = recv(fd, to, len, 0);
		if (done <= 0)
			return false;
	}
	return true;
}

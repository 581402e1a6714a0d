// SPDX-License-Identifier: GPL-2.0
/*
 * What the resolver tells a stranger who asks: the truth about addresses of its
 * device when the question is exact, nothing otherwise, and not more than a
 * source is due.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/dgram.h"
#include "lib/verbs_util.h"

#define NEAR		"10.7.0.1"
#define STRANGER	"10.7.0.3"
#define STRANGER2	"10.7.0.13"
#define STRANGER3	"10.7.0.23"
#define OTHER		"10.7.0.2"
#define HCA		"10.99.0.1"
#define HCA6		"fd99::1"
#define NOT_ON_DEV	"10.9.0.1"

static const char *stranger;

static int stranger_socket(const char *address, int port)
{
	int fd = dgram_socket(stranger, address, port);

	if (fd < 0)
		ktap_msg("%s port %d: %s", address, port, strerror(errno));
	return fd;
}

static void question(struct dgram *d, uint64_t nonce, const char *asked, const char *asker)
{
	union ibv_gid asked_gid = dgram_gid(asked);
	union ibv_gid asker_gid = dgram_gid(asker);

	dgram_make(d, DGRAM_QUESTION, nonce, &asked_gid, &asker_gid);
}

/* Ask and check all of the answer but the HCAs. */
static int ask_hcas(int fd, const char *asked, const char *asker, struct dgram *answer)
{
	static const uint8_t zero[DGRAM_LEN];
	static uint64_t nonce = 0x1234567800000000ULL;
	struct dgram d;

	question(&d, ++nonce, asked, asker);
	EXPECT(dgram_send(fd, &d), "%s", strerror(errno));
	EXPECT(dgram_recv(fd, answer, WAIT_MS), "no answer");
	EXPECT_EQ(answer->len, DGRAM_LEN);
	EXPECT_EQ(answer->port, DGRAM_PORT);
	EXPECT_EQ(dgram_u64(answer, DGRAM_NONCE), nonce);
	EXPECT(!memcmp(&answer->peer, &d.peer, sizeof(d.peer)), "from another address");
	d.data[DGRAM_TYPE] = DGRAM_ANSWER;
	EXPECT(!memcmp(answer->data, d.data, DGRAM_HOST), "head differs");
	EXPECT(memcmp(answer->data + DGRAM_HOST, zero, 16), "no host id");
	EXPECT(dgram_u64(answer, DGRAM_DEVICE), "no device id");
	EXPECT(!memcmp(answer->data + DGRAM_RESERVED, zero, DGRAM_HCA - DGRAM_RESERVED),
	       "reserved");
	return KTAP_PASS;
}

/* This host has none. */
static int ask(int fd, const char *asked, const char *asker, struct dgram *answer)
{
	static const uint8_t zero[DGRAM_LEN];

	TRY(ask_hcas(fd, asked, asker, answer));
	EXPECT(!memcmp(answer->data + DGRAM_HCA_COUNT, zero, DGRAM_LEN - DGRAM_HCA_COUNT),
	       "HCAs");
	return KTAP_PASS;
}

static int ipv4(void)
{
	struct dgram answer;

	return ask(stranger_socket(STRANGER, DGRAM_PORT), NEAR, STRANGER, &answer);
}

static int ipv6(void)
{
	struct dgram answer;

	return ask(stranger_socket("fd07::3", DGRAM_PORT), "fd07::1", "fd07::3", &answer);
}

/* Ask until the answer names that many HCAs; work reads their addresses. */
static int ask_for_hcas(int fd, unsigned int count, struct dgram *answer)
{
	uint64_t until = now_ms() + WAIT_MS;

	do {
		TRY(ask_hcas(fd, NEAR, STRANGER, answer));
		if (answer->data[DGRAM_HCA_COUNT] == count)
			return KTAP_PASS;
		usleep(20000);
	} while (now_ms() < until);
	EXPECT_EQ(answer->data[DGRAM_HCA_COUNT], count);
	return KTAP_PASS;
}

/* Global addresses of an HCA are in answers as long as there is the HCA. */
static int hcas(void)
{
	int fd = stranger_socket(STRANGER, DGRAM_PORT);
	const union ibv_gid ipv4_gid = dgram_gid(HCA);
	const union ibv_gid ipv6_gid = dgram_gid(HCA6);
	struct dgram answer;

	if (system("modprobe rdma_rxe"))
		return KTAP_SKIP;
	EXPECT_EQ(system("ip link add vrsub0 type dummy && ip link set vrsub0 up"), 0);
	EXPECT_EQ(system("ip address add " HCA "/24 dev vrsub0"), 0);
	EXPECT_EQ(system("rdma link add vrxe0 type rxe netdev vrsub0"), 0);
	TRY(ask_for_hcas(fd, 1, &answer));
	EXPECT(!memcmp(answer.data + DGRAM_HCA, &ipv4_gid, 16), "not " HCA);
	EXPECT_EQ(system("ip address add " HCA6 "/64 dev vrsub0 nodad"), 0);
	TRY(ask_for_hcas(fd, 2, &answer));
	EXPECT(!memcmp(answer.data + DGRAM_HCA, &ipv6_gid, 16) ||
	       !memcmp(answer.data + DGRAM_HCA + 16, &ipv6_gid, 16), "not " HCA6);
	EXPECT_EQ(system("ip address delete " HCA "/24 dev vrsub0"), 0);
	TRY(ask_for_hcas(fd, 1, &answer));
	EXPECT(!memcmp(answer.data + DGRAM_HCA, &ipv6_gid, 16), "not " HCA6);
	EXPECT_EQ(system("rdma link delete vrxe0 && ip link delete vrsub0"), 0);
	return ask(fd, NEAR, STRANGER, &answer);
}

/* Both devices are on one host. */
static int devices_differ(void)
{
	int fd = stranger_socket(STRANGER, DGRAM_PORT);
	struct dgram one, two;

	TRY(ask(fd, NEAR, STRANGER, &one));
	TRY(ask(fd, OTHER, STRANGER, &two));
	EXPECT(!memcmp(one.data + DGRAM_HOST, two.data + DGRAM_HOST, 16), "hosts differ");
	EXPECT(dgram_u64(&one, DGRAM_DEVICE) != dgram_u64(&two, DGRAM_DEVICE), "one device");
	EXPECT(dgram_u64(&one, DGRAM_TOKEN) != dgram_u64(&two, DGRAM_TOKEN), "one token");
	return KTAP_PASS;
}

static int tokens(void)
{
	int fd = stranger_socket(STRANGER, DGRAM_PORT);
	int fd2 = stranger_socket(STRANGER2, DGRAM_PORT);
	struct dgram first, again, other, later;

	TRY(ask(fd, NEAR, STRANGER, &first));
	TRY(ask(fd, NEAR, STRANGER, &again));
	TRY(ask(fd2, NEAR, STRANGER2, &other));
	EXPECT_EQ(dgram_u64(&again, DGRAM_TOKEN), dgram_u64(&first, DGRAM_TOKEN));
	EXPECT(dgram_u64(&other, DGRAM_TOKEN) != dgram_u64(&first, DGRAM_TOKEN),
	       "two askers have one token");
	EXPECT_EQ(system("ip -n c1 address add 10.7.9.1/24 dev eth0"), 0);
	TRY(ask(fd, NEAR, STRANGER, &later));
	EXPECT(dgram_u64(&later, DGRAM_TOKEN) != dgram_u64(&first, DGRAM_TOKEN),
	       "the addresses changed, the token did not");
	EXPECT_EQ(dgram_u64(&later, DGRAM_DEVICE), dgram_u64(&first, DGRAM_DEVICE));
	EXPECT_EQ(system("ip -n c1 address delete 10.7.9.1/24 dev eth0"), 0);
	return KTAP_PASS;
}

/* Questions with one thing wrong. */
static const struct {
	const char *name;
	const char *asked, *asker, *to;
	int at, value, len, port;
} wrong[] = {
	{ "one byte short", .len = DGRAM_LEN - 1 },
	{ "one byte long", .len = DGRAM_LEN + 1 },
	{ "empty", .len = -1 },
	{ "magic", .at = 0, .value = 'V' },
	{ "version", .at = DGRAM_VERSION, .value = 2 },
	{ "type", .at = DGRAM_TYPE, .value = 3 },
	{ "length", .at = DGRAM_LENGTH + 1, .value = 215 },
	{ "host", .at = DGRAM_HOST + 3, .value = 1 },
	{ "device", .at = DGRAM_DEVICE, .value = 1 },
	{ "token", .at = DGRAM_TOKEN + 7, .value = 1 },
	{ "HCA count", .at = DGRAM_HCA_COUNT, .value = 1 },
	{ "reserved", .at = DGRAM_RESERVED + 6, .value = 1 },
	{ "HCA", .at = DGRAM_LEN - 1, .value = 1 },
	{ "an answer nobody asked for", .at = DGRAM_TYPE, .value = DGRAM_ANSWER },
	{ "asked is not the destination", .asked = OTHER, .to = NEAR },
	{ "asker is not the source", .asker = STRANGER2 },
	{ "asker is the asked one", .asker = NEAR },
	{ "an address of the namespace, not of the netdev", .asked = NOT_ON_DEV },
	{ "another source port", .port = DGRAM_PORT + 1 },
};

static int send_wrong(unsigned int i, int fd)
{
	struct dgram d;

	question(&d, 1, wrong[i].asked ?: NEAR, wrong[i].asker ?: STRANGER);
	if (wrong[i].to)
		d.peer = dgram_gid(wrong[i].to);
	if (wrong[i].value)
		d.data[wrong[i].at] = wrong[i].value;
	if (wrong[i].len)
		d.len = wrong[i].len > 0 ? wrong[i].len : 0;
	EXPECT(dgram_send(fd, &d), "%s", strerror(errno));
	return KTAP_PASS;
}

/* Answers come in order: what answers the good question came after all the others. */
static int wrong_questions(void)
{
	int fd = stranger_socket(STRANGER, DGRAM_PORT);
	int fd2 = stranger_socket(STRANGER, DGRAM_PORT + 1);
	long long before, after;
	struct dgram answer;

	EXPECT_EQ(system("ip -n c1 address add " NOT_ON_DEV "/32 dev lo"), 0);
	EXPECT_EQ(system("ip -n c3 route add " NOT_ON_DEV " via " NEAR), 0);
	before = counter_read(opt.dev[0], "resolver_rx_bad");
	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++) {
		ktap_msg("%s", wrong[i].name);
		TRY(send_wrong(i, wrong[i].port ? fd2 : fd));
		TRY(ask(fd, NEAR, STRANGER, &answer));
		EXPECT(!dgram_recv(fd2, &answer, 0), "answered");
	}
	after = counter_read(opt.dev[0], "resolver_rx_bad");
	EXPECT_EQ(after - before, ARRAY_SIZE(wrong));
	return KTAP_PASS;
}

/* As many as a debugging kernel that has little of its machine asks in less time than due. */
#define FLOOD	2000U

/* A source gets its share; another one is not held back by it. */
static int flood(void)
{
	static const char * const others[] = { STRANGER2, STRANGER3 };
	int fd = stranger_socket(STRANGER, DGRAM_PORT);
	unsigned int answers = 0, most;
	struct dgram d, answer;
	bool served = false;
	uint64_t start;

	start = now_ms();
	for (unsigned int i = 0; i < FLOOD; i++) {
		question(&d, i, NEAR, STRANGER);
		dgram_send(fd, &d);
	}
	/* Two sources share a bucket once in 512; both with this one: hardly. */
	for (unsigned int i = 0; i < ARRAY_SIZE(others) && !served; i++) {
		int other = stranger_socket(others[i], DGRAM_PORT);

		question(&d, 1, NEAR, others[i]);
		EXPECT(dgram_send(other, &d), "%s", strerror(errno));
		served = dgram_recv(other, &answer, 5000);
	}
	while (dgram_recv(fd, &answer, 500))
		answers++;
	most = 100 + 100 * (now_ms() - start + 1000) / 1000;
	ktap_msg("%u of %u questions answered, at most %u due", answers, FLOOD, most);
	EXPECT(answers >= 50 && answers <= most, "%u", answers);
	EXPECT(served, "others had to suffer");
	if (most >= FLOOD)
		return ktap_skip("this machine cannot ask faster than may be answered");
	EXPECT(counter_read(opt.dev[0], "resolver_rx_limited") > 0, "not counted");
	return KTAP_PASS;
}

/* The port is the kernel's, in every namespace with a device. */
static int port_is_taken(void)
{
	EXPECT_EQ(dgram_socket("c1", "0.0.0.0", DGRAM_PORT), -1);
	EXPECT_EQ(errno, EADDRINUSE);
	EXPECT_EQ(dgram_socket("c1", NEAR, DGRAM_PORT), -1);
	EXPECT_EQ(errno, EADDRINUSE);
	EXPECT_EQ(dgram_socket("c1", "fd07::1", DGRAM_PORT), -1);
	EXPECT_EQ(errno, EADDRINUSE);
	return KTAP_PASS;
}

static const struct ktap_case cases[] = {
	{ "a question over IPv4", ipv4 },
	{ "a question over IPv6", ipv6 },
	{ "addresses of HCAs", hcas },
	{ "devices are told apart", devices_differ },
	{ "a token is one asker's, until addresses change", tokens },
	{ "wrong questions are not answered", wrong_questions },
	{ "a flood gets its share", flood },
	{ "nobody can bind beside the kernel", port_is_taken },
};

int main(int argc, char **argv)
{
	options_parse(argc, argv);
	stranger = getenv("STRANGER");
	return ktap_run(cases, ARRAY_SIZE(cases), opt.only);
}

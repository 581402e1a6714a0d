// SPDX-License-Identifier: GPL-2.0
/*
 * What strangers can do to who sends to groups: a group has no address that answers must
 * come from, so what is believed of an answer is that its sender listens, not who it is.
 *
 * The stranger, a container without a device, hears the group's questions as any program
 * may that joins it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/dgram.h"
#include "lib/verbs_util.h"

#define NEAR		"10.7.0.1"
#define OTHER		"10.7.0.2"
#define STRANGER	"10.7.0.3"
#define STRANGER2	"10.7.0.13"
#define GROUP		group_name(0)
#define GROUP2		group_name(1)
#define ALL		0xffffff
#define SLOT		4608
#define CROWD		80	/* strangers: more than there may be members of a group */

static struct node node[2];

/* Each case has its own: what the case before sent to is known for some seconds. */
static const char *group_name(int n)
{
	unsigned int number = getpid() & 0x7fff;
	static char text[2][INET_ADDRSTRLEN];

	snprintf(text[n], sizeof(text[n]), "239.%d.%u.%u", 240 + n, number >> 8, number & 0xff);
	return text[n];
}

static int stranger_socket(const char *address, int port)
{
	int fd = dgram_socket(getenv("STRANGER"), address, port);

	if (fd < 0)
		ktap_msg("%s port %d: %s", address, port, strerror(errno));
	return fd;
}

/* One that hears what is sent to the group. */
static int group_socket(void)
{
	struct ip_mreqn mreq = {};
	int fd = stranger_socket(GROUP, DGRAM_PORT);

	inet_pton(AF_INET, GROUP, &mreq.imr_multiaddr);
	inet_pton(AF_INET, STRANGER, &mreq.imr_address);
	if (!setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq, sizeof(mreq)))
		return fd;
	ktap_msg("join: %s", strerror(errno));
	return -1;
}

/* One by which the stranger asks the group. */
static int asking_socket(void)
{
	struct ip_mreqn mreq = {};
	int fd = stranger_socket(STRANGER, DGRAM_PORT);

	inet_pton(AF_INET, STRANGER, &mreq.imr_address);
	if (setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &mreq, sizeof(mreq)))
		ktap_msg("interface: %s", strerror(errno));
	return fd;
}

static long long count(int side, const char *name)
{
	return counter_read(opt.dev[side], name);
}

/* A UD end that sends to the group, with receives posted. */
static int end_make(struct ep *ep, int side)
{
	struct ep_cfg cfg = { .type = IBV_QPT_UD, .size = 9 * SLOT };
	struct ibv_ah_attr attr = { .is_global = 1, .port_num = 1 };

	TRY(node_open(&node[side], side));
	TRY(ep_create(ep, &node[side], &cfg));
	ep->far.gid = dgram_gid(GROUP);
	ep->far.qpn = ALL;
	EXPECT_EQ(ep_rtr(ep), 0);
	EXPECT_EQ(ep_rts(ep), 0);
	attr.grh.dgid = dgram_gid(GROUP);
	attr.grh.sgid_index = node[side].gid_index;
	attr.grh.hop_limit = 1;
	ep->ah = ibv_create_ah(node[side].pd, &attr);
	EXPECT(ep->ah, "%s", strerror(errno));
	for (int i = 0; i < 8; i++)
		EXPECT_EQ(ep_recv(ep, i, i * SLOT, SLOT), 0);
	return KTAP_PASS;
}

static int attach(struct ep *ep)
{
	union ibv_gid gid = dgram_gid(GROUP);

	return ibv_attach_mcast(ep->qp, &gid, 0);
}

static int send_one(struct ep *ep)
{
	EXPECT_EQ(ep_send(ep, 1, 8 * SLOT, 64, IBV_SEND_SIGNALED), 0);
	return cq_expect(ep->scq, 1, IBV_WC_SUCCESS, NULL);
}

/* How many come within @ms. */
static int drain(struct ep *ep, int ms)
{
	struct ibv_wc wc;
	int came = 0;

	while (cq_wait(ep->rcq, &wc, 1, ms)) {
		came++;
		ep_recv(ep, wc.wr_id, wc.wr_id * SLOT, SLOT);
	}
	return came;
}

/* Wait for a question of the near device to the group. */
static int be_asked(int fd, struct dgram *question)
{
	union ibv_gid near = dgram_gid(NEAR), group = dgram_gid(GROUP);

	return dgram_hear_question(fd, question, &near, &group);
}

/* The same, as if it were who @heard comes from. */
static void answer_as(struct dgram *d, const struct dgram *question, const struct dgram *heard)
{
	dgram_answer(d, question);
	memcpy(d->data + DGRAM_HOST, heard->data + DGRAM_HOST, DGRAM_LEN - DGRAM_HOST);
}

/* ---- what a device tells of itself ---- */

static int ask(int fd, const char *asked, uint64_t nonce, struct dgram *got)
{
	union ibv_gid asked_gid = dgram_gid(asked), me = dgram_gid(STRANGER);
	struct dgram d;

	dgram_make(&d, DGRAM_QUESTION, nonce, &asked_gid, &me);
	EXPECT(dgram_send(fd, &d), "%s", strerror(errno));
	EXPECT(dgram_recv(fd, got, WAIT_MS), "no answer");
	EXPECT_EQ(got->len, DGRAM_LEN);
	EXPECT_EQ(got->data[DGRAM_TYPE], DGRAM_ANSWER);
	EXPECT_EQ(dgram_u64(got, DGRAM_NONCE), nonce);
	EXPECT(!memcmp(got->data + DGRAM_ASKED, &asked_gid, 16), "speaks of something else");
	EXPECT(!memcmp(got->data + DGRAM_ASKER, &me, 16), "speaks to somebody else");
	return KTAP_PASS;
}

/* Who is attached answers, from his own address, with a token that is for that group. */
static int asked_as_group(void)
{
	union ibv_gid near = dgram_gid(NEAR), second = dgram_gid(GROUP2);
	struct dgram group, alone, other, none, d;
	union ibv_gid group_gid = dgram_gid(GROUP), me = dgram_gid(STRANGER);
	int fd = asking_socket();
	struct ep a;

	TRY(end_make(&a, 0));
	dgram_make(&d, DGRAM_QUESTION, 70, &group_gid, &me);
	EXPECT(dgram_send(fd, &d), "%s", strerror(errno));
	EXPECT(!dgram_recv(fd, &none, 500), "answered without anybody attached");

	EXPECT_EQ(attach(&a), 0);
	EXPECT_EQ(ibv_attach_mcast(a.qp, &second, 0), 0);
	TRY(ask(fd, GROUP, 71, &group));
	TRY(ask(fd, GROUP2, 72, &other));
	TRY(ask(fd, NEAR, 73, &alone));
	EXPECT(!memcmp(&group.peer, &near, 16), "from another address");
	EXPECT_EQ(dgram_u64(&group, DGRAM_DEVICE), dgram_u64(&alone, DGRAM_DEVICE));
	EXPECT(dgram_u64(&group, DGRAM_TOKEN) != dgram_u64(&alone, DGRAM_TOKEN), "one token");
	EXPECT(dgram_u64(&group, DGRAM_TOKEN) != dgram_u64(&other, DGRAM_TOKEN), "one token");
	EXPECT_EQ(ibv_detach_mcast(a.qp, &group_gid, 0), 0);
	EXPECT(dgram_send(fd, &d), "%s", strerror(errno));
	EXPECT(!dgram_recv(fd, &none, 500), "answered though nobody is attached any more");
	return KTAP_PASS;
}

/* A program of the container may be in a group without any RDMA: nothing is wrong then. */
static int no_device(void)
{
	union ibv_gid group_gid = dgram_gid(GROUP), me = dgram_gid(STRANGER);
	long long bad = count(0, "resolver_rx_bad"), none = count(0, "resolver_rx_no_group");
	int fd = asking_socket();
	char command[128];
	struct dgram d;

	snprintf(command, sizeof(command), "ip -n c1 address add %s/32 dev eth0 autojoin", GROUP);
	EXPECT_EQ(system(command), 0);
	dgram_make(&d, DGRAM_QUESTION, 74, &group_gid, &me);
	EXPECT(dgram_send(fd, &d), "%s", strerror(errno));
	EXPECT(!dgram_recv(fd, &d, 500), "answered");
	EXPECT_EQ(count(0, "resolver_rx_bad"), bad);
	EXPECT_EQ(count(0, "resolver_rx_no_group"), none + 1);
	snprintf(command, sizeof(command), "ip -n c1 address delete %s/32 dev eth0", GROUP);
	EXPECT_EQ(system(command), 0);
	return KTAP_PASS;
}

/* ---- what is believed ---- */

static const struct {
	const char *name;
	const char *asked, *asker;
	int at, value, len, port;
	bool other;
} forged[] = {
	{ "nonce", .at = DGRAM_NONCE + 7, .value = 1 },
	{ "version", .at = DGRAM_VERSION, .value = 3 },
	{ "no host", .at = DGRAM_HOST, .value = -16 },
	{ "no device", .at = DGRAM_DEVICE, .value = -8 },
	{ "one byte short", .len = DGRAM_LEN - 1 },
	{ "another source port", .port = DGRAM_PORT + 1 },
	{ "speaks of another group", .other = true },
	{ "speaks of its own address", .asked = STRANGER },
	{ "speaks of another's address", .asked = OTHER },
	{ "speaks to another asker", .asker = OTHER },
};

static int send_forged(unsigned int i, const struct dgram *question)
{
	int fd = stranger_socket(STRANGER, forged[i].port ?: DGRAM_PORT);
	union ibv_gid gid;
	struct dgram d;

	dgram_answer(&d, question);
	if (forged[i].value > 0)
		d.data[forged[i].at] ^= forged[i].value;
	else
		memset(d.data + forged[i].at, 0, -forged[i].value);
	if (forged[i].len)
		d.len = forged[i].len;
	if (forged[i].asked || forged[i].other) {
		gid = dgram_gid(forged[i].asked ?: GROUP2);
		memcpy(d.data + DGRAM_ASKED, &gid, sizeof(gid));
	}
	if (forged[i].asker) {
		gid = dgram_gid(forged[i].asker);
		memcpy(d.data + DGRAM_ASKER, &gid, sizeof(gid));
	}
	EXPECT(dgram_send(fd, &d), "%s: %s", forged[i].name, strerror(errno));
	close(fd);
	return KTAP_PASS;
}

/* All forgeries, then the truth, to one question. */
static int forgeries(void)
{
	int ear = group_socket(), fd = stranger_socket(STRANGER, DGRAM_PORT);
	long long bad, good;
	struct dgram question, d;
	struct ep a;

	TRY(end_make(&a, 0));
	bad = count(0, "resolver_rx_bad");
	good = count(0, "resolver_answers");
	TRY(send_one(&a));
	TRY(be_asked(ear, &question));
	for (unsigned int i = 0; i < ARRAY_SIZE(forged); i++)
		TRY(send_forged(i, &question));
	usleep(200000);
	EXPECT_EQ(count(0, "resolver_answers"), good);
	EXPECT_EQ(count(0, "resolver_rx_bad"), bad + (long long)ARRAY_SIZE(forged));
	dgram_answer(&d, &question);
	EXPECT(dgram_send(fd, &d) && dgram_send(fd, &d), "%s", strerror(errno));
	usleep(200000);
	EXPECT_EQ(count(0, "resolver_answers"), good + 1);
	return KTAP_PASS;
}

/*
 * The stranger gives the far device, which is in no group, out as himself: in what he
 * answers the group, and for his own address, which he is asked for then.
 */
static int names_another(void)
{
	int ear = group_socket(), fd = stranger_socket(STRANGER, DGRAM_PORT);
	struct dgram question, heard, d;
	bool asked_alone = false;
	uint64_t until;
	struct ep a, b;

	TRY(ask(fd, OTHER, 75, &heard));
	TRY(end_make(&a, 0));
	TRY(end_make(&b, 1));
	for (until = now_ms() + 4000; now_ms() < until; ) {
		TRY(send_one(&a));
		while (dgram_recv(ear, &question, 20)) {
			answer_as(&d, &question, &heard);
			EXPECT(dgram_send(fd, &d), "%s", strerror(errno));
		}
		while (dgram_recv(fd, &question, 20)) {
			if (question.data[DGRAM_TYPE] != DGRAM_QUESTION)
				continue;
			asked_alone = true;
			answer_as(&d, &question, &heard);
			EXPECT(dgram_send(fd, &d), "%s", strerror(errno));
		}
	}
	EXPECT(asked_alone, "he was believed without being asked for his own address");
	EXPECT_EQ(drain(&b, 300), 0);

	/* The control: it is reached when it listens itself. */
	EXPECT_EQ(attach(&b), 0);
	for (until = now_ms() + WAIT_MS; now_ms() < until && !drain(&b, 50); )
		TRY(send_one(&a));
	EXPECT(now_ms() < until, "nothing comes");
	return KTAP_PASS;
}

/* Who answers no more is forgotten. */
static int leaves(void)
{
	int ear = group_socket(), fd = stranger_socket(STRANGER, DGRAM_PORT);
	long long left = count(0, "resolver_group_left");
	struct dgram question, d;
	struct ep a;

	TRY(end_make(&a, 0));
	TRY(send_one(&a));
	TRY(be_asked(ear, &question));
	dgram_answer(&d, &question);
	EXPECT(dgram_send(fd, &d), "%s", strerror(errno));
	for (uint64_t until = now_ms() + 8000 * opt.slow; now_ms() < until; usleep(100000)) {
		TRY(send_one(&a));
		if (count(0, "resolver_group_left") > left)
			return KTAP_PASS;
	}
	EXPECT(false, "not forgotten");
	return KTAP_FAIL;
}

static void crowd_address(char *text, size_t size, int n)
{
	snprintf(text, size, "10.7.0.%d", 100 + n);
}

static int crowd_sockets(int *fd)
{
	char address[32], command[128];

	for (int n = 0; n < CROWD; n++) {
		crowd_address(address, sizeof(address), n);
		snprintf(command, sizeof(command), "ip -n %s address add %s/24 dev eth0",
			 getenv("STRANGER"), address);
		EXPECT_EQ(system(command), 0);
		fd[n] = stranger_socket(address, DGRAM_PORT);
		EXPECT(fd[n] >= 0, "%s", address);
	}
	return KTAP_PASS;
}

/* More strangers than a group may have members answer each question; one member is real. */
static int crowd(void)
{
	struct dgram question, d;
	int ear = group_socket(), fd[CROWD];
	long long full = count(0, "resolver_group_full");
	bool came = false;
	uint64_t until;
	struct ep a, b;
	int asked = 0;

	TRY(crowd_sockets(fd));
	TRY(end_make(&a, 0));
	TRY(end_make(&b, 1));
	for (until = now_ms() + WAIT_MS; now_ms() < until; ) {
		TRY(send_one(&a));
		while (dgram_recv(ear, &question, 20)) {
			dgram_answer(&d, &question);
			for (int n = 0; n < CROWD; n++)
				EXPECT(dgram_send(fd[n], &d), "%s", strerror(errno));
			/* When they are all there, it comes as the last. */
			if (++asked == 8)
				EXPECT_EQ(attach(&b), 0);
		}
		came |= drain(&b, 0);
		if (came)
			break;
	}
	EXPECT(came, "strangers keep a member out");
	EXPECT(count(0, "resolver_group_full") > full, "there was room for all");
	for (int n = 0; n < CROWD; n++)
		close(fd[n]);
	return KTAP_PASS;
}

static const struct ktap_case cases[] = {
	{ "who is attached answers, with a token for the group", asked_as_group },
	{ "a program alone in a group", no_device },
	{ "forged answers are not believed", forgeries },
	{ "who gives another out as himself brings it nothing", names_another },
	{ "who answers no more is forgotten", leaves },
	{ "a crowd of strangers does not keep a member out", crowd, 120 },
};

int main(int argc, char **argv)
{
	options_parse(argc, argv);
	return ktap_run(cases, ARRAY_SIZE(cases), opt.only);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Which answers the resolver believes: the one from the address it asked, to
 * this very question.  And what a stranger's word is worth: a device named by
 * somebody else does not bind.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/dgram.h"
#include "lib/verbs_util.h"

#define NEAR		"10.7.0.1"
#define OTHER		"10.7.0.2"
#define STRANGER	"10.7.0.3"
#define STRANGER2	"10.7.0.13"

static struct node node[2];

static int stranger_socket(const char *address, int port)
{
	int fd = dgram_socket(getenv("STRANGER"), address, port);

	if (fd < 0)
		ktap_msg("%s port %d: %s", address, port, strerror(errno));
	return fd;
}

/* A QP of the near device that is told to talk to QP @qpn at the stranger's address. */
static int connect_to_stranger(struct ep *ep, uint32_t qpn)
{
	struct ep_cfg cfg = {
		.timers = true, .timeout = 14, .retry_cnt = 7, .rnr_retry = 7, .min_rnr_timer = 12,
	};

	TRY(ep_create(ep, &node[0], &cfg));
	ep_addr(ep, &ep->far);
	ep->far.qpn = qpn;
	ep->far.gid = dgram_gid(STRANGER);
	EXPECT_EQ(ep_rtr(ep), 0);
	EXPECT_EQ(ep_rts(ep), 0);
	return KTAP_PASS;
}

/* Open the near device, connect, and wait at the stranger's for the question. */
static int be_asked(int fd, struct ep *ep, uint32_t qpn, struct dgram *question)
{
	union ibv_gid near = dgram_gid(NEAR), stranger = dgram_gid(STRANGER);

	TRY(connect_to_stranger(ep, qpn));
	return dgram_hear_question(fd, question, &near, &stranger);
}

/* Answers with one thing wrong. */
static const struct {
	const char *name;
	const char *from, *asked, *asker;
	int at, value, len, port;
} forged[] = {
	{ "nonce", .at = DGRAM_NONCE + 7, .value = 1 },
	{ "nonce's first byte", .at = DGRAM_NONCE, .value = 1 },
	{ "version", .at = DGRAM_VERSION, .value = 3 },
	{ "no host", .at = DGRAM_HOST, .value = -16 },
	{ "no device", .at = DGRAM_DEVICE, .value = -8 },
	{ "reserved", .at = DGRAM_RESERVED, .value = 1 },
	{ "too many HCAs", .at = DGRAM_HCA_COUNT, .value = 9 },
	{ "an HCA beyond the count", .at = DGRAM_LEN - 1, .value = 1 },
	{ "one byte short", .len = DGRAM_LEN - 1 },
	{ "one byte long", .len = DGRAM_LEN + 1 },
	{ "another source port", .port = DGRAM_PORT + 1 },
	{ "another source address", .from = STRANGER2 },
	{ "another source address, which it speaks of", .from = STRANGER2, .asked = STRANGER2 },
	{ "speaks of another address", .asked = OTHER },
	{ "speaks to another asker", .asker = OTHER },
};

static int send_forged(unsigned int i, const struct dgram *question)
{
	int fd = stranger_socket(forged[i].from ?: STRANGER, forged[i].port ?: DGRAM_PORT);
	union ibv_gid gid;
	struct dgram d;

	dgram_answer(&d, question);
	if (forged[i].value > 0)
		d.data[forged[i].at] ^= forged[i].value;
	else
		memset(d.data + forged[i].at, 0, -forged[i].value);
	if (forged[i].len)
		d.len = forged[i].len;
	if (forged[i].asked) {
		gid = dgram_gid(forged[i].asked);
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

static long long count(const char *name)
{
	return counter_read(opt.dev[0], name);
}

/*
 * All forgeries, then the truth, in one round.  A forgery that was believed would
 * make those after it repetitions, which are not counted.
 */
static int forge(int fd, long long *good)
{
	long long bad = count("resolver_rx_bad");
	struct dgram question, d;
	struct ep ep;

	*good = count("resolver_answers");
	TRY(be_asked(fd, &ep, 1, &question));
	for (unsigned int i = 0; i < ARRAY_SIZE(forged); i++)
		TRY(send_forged(i, &question));
	dgram_answer(&d, &question);
	EXPECT(dgram_send(fd, &d), "%s", strerror(errno));
	usleep(100000);
	*good = count("resolver_answers") - *good;
	EXPECT_EQ(count("resolver_rx_bad") - bad, ARRAY_SIZE(forged));
	ep_destroy(&ep);
	return KTAP_PASS;
}

static int forgeries(void)
{
	int fd = stranger_socket(STRANGER, DGRAM_PORT);
	struct dgram old;
	long long good;

	TRY(node_open(&node[0], 0));
	for (int i = 0; i < 5; i++) {
		TRY(forge(fd, &good));
		if (good) {
			EXPECT_EQ(good, 1);
			return KTAP_PASS;
		}
		/* Too slow, the round was over: the next get asks again after a second. */
		usleep(1200000);
		while (dgram_recv(fd, &old, 0))
			;
	}
	return ktap_skip("too slow to answer a question within its round");
}

/* Nobody answers: six times the same, a miss, and later another round. */
static int repeated(void)
{
	long long misses = count("resolver_misses");
	int fd = stranger_socket(STRANGER, DGRAM_PORT);
	struct dgram question, d;
	int questions = 0;
	struct ep ep;

	TRY(node_open(&node[0], 0));
	/* What the last case learnt of the stranger is not older than this. */
	usleep(1200000);
	TRY(be_asked(fd, &ep, 1, &question));
	do {
		questions++;
		EXPECT(dgram_recv(fd, &d, WAIT_MS), "no further round");
	} while (!memcmp(&d, &question, sizeof(d)));
	EXPECT_EQ(questions, 6);
	EXPECT(dgram_u64(&d, DGRAM_NONCE) != dgram_u64(&question, DGRAM_NONCE), "same nonce");
	EXPECT(count("resolver_misses") > misses, "not counted");
	return KTAP_PASS;
}

/*
 * The stranger asks the other device for itself, and gives what it heard to the
 * near one as its own.  Both QPs name each other's number.
 */
static int handed_on(void)
{
	union ibv_gid other = dgram_gid(OTHER), me = dgram_gid(STRANGER);
	struct dgram question, heard, d;
	struct ep a, b;
	int fd;

	fd = stranger_socket(STRANGER, DGRAM_PORT);
	dgram_make(&question, DGRAM_QUESTION, 77, &other, &me);
	EXPECT(dgram_send(fd, &question), "%s", strerror(errno));
	EXPECT(dgram_recv(fd, &heard, WAIT_MS), "no answer");
	EXPECT_EQ(dgram_u64(&heard, DGRAM_NONCE), 77);

	TRY(node_open(&node[0], 0));
	TRY(node_open(&node[1], 1));
	TRY(ep_create(&b, &node[1], NULL));
	TRY(be_asked(fd, &a, b.qp->qp_num, &question));
	d = question;
	d.data[DGRAM_TYPE] = DGRAM_ANSWER;
	memcpy(d.data + DGRAM_HOST, heard.data + DGRAM_HOST, DGRAM_LEN - DGRAM_HOST);
	EXPECT(dgram_send(fd, &d), "%s", strerror(errno));
	ep_addr(&a, &b.far);
	b.far.gid = dgram_gid(NEAR);
	EXPECT_EQ(ep_rtr(&b), 0);
	EXPECT_EQ(ep_recv(&b, 1, 0, 64), 0);

	EXPECT_EQ(ep_send(&a, 2, 0, 64, IBV_SEND_SIGNALED), 0);
	TRY(cq_expect(a.scq, 2, IBV_WC_RETRY_EXC_ERR, NULL));
	TRY(cq_expect_none(b.rcq, 200));
	EXPECT(counter_read(opt.dev[1], "rx_bind_refused") > 0, "not counted");
	return KTAP_PASS;
}

/* The control of the last one: without the stranger they bind. */
static int direct(void)
{
	struct pair p;

	TRY(pair_make(&p, NULL, NULL));
	EXPECT_EQ(ep_recv(&p.b, 1, 0, 64), 0);
	EXPECT_EQ(ep_send(&p.a, 2, 0, 64, IBV_SEND_SIGNALED), 0);
	TRY(cq_expect(p.a.scq, 2, IBV_WC_SUCCESS, NULL));
	return cq_expect(p.b.rcq, 1, IBV_WC_SUCCESS, NULL);
}

static const struct ktap_case cases[] = {
	{ "a device handed on by a stranger does not bind", handed_on },
	{ "it does without him", direct },
	{ "forged answers are not believed", forgeries },
	{ "a question is repeated five times, then missed", repeated },
};

int main(int argc, char **argv)
{
	options_parse(argc, argv);
	return ktap_run(cases, ARRAY_SIZE(cases), opt.only);
}

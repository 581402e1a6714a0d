// SPDX-License-Identifier: GPL-2.0
/*
 * Multicast of UD queue pairs: a datagram to a group reaches all that are attached, in
 * whatever container the network carries the group to, and nobody else.
 *
 * Near and far device are in two containers, THIRD in the environment is in a third one.
 * With IPV6 there groups are IPv6's.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/dgram.h"
#include "lib/verbs_util.h"

#define ALL		0xffffff	/* QPN: all that are attached */
#define GRH		40
#define SLOT		4608		/* a receive: header, 4096 bytes, and something */
#define SLOTS		8
#define OTHER_QKEY	0x55667788

enum { NEAR, FAR, THIRD, SIDES };

static struct node node[SIDES];
static bool ipv6;

/*
 * Groups of the family that is tried.  Each case has its own: what the case before sent to,
 * and to whom, is known for some seconds.
 */
static union ibv_gid group(int n)
{
	union ibv_gid gid = dgram_gid(ipv6 ? "ff0e::7:0" : "239.255.0.0");
	static unsigned int number;

	if (!number)
		number = getpid() % 0x3fff + 1;
	gid.raw[14] = number >> 7;
	gid.raw[15] = number << 1 | n;
	return gid;
}

static const char *group_text(int n)
{
	static char text[INET6_ADDRSTRLEN];
	union ibv_gid gid = group(n);

	inet_ntop(ipv6 ? AF_INET6 : AF_INET, gid.raw + (ipv6 ? 0 : 12), text, sizeof(text));
	return text;
}

static const char *side_netns(int side)
{
	const char *at = strchr(side == THIRD ? getenv("THIRD") : opt.dev[side], '@');

	return at ? at + 1 : NULL;
}

/* Send from the address that is fd07::N. */
static int node_use_ipv6(struct node *n)
{
	struct ibv_gid_entry entry;

	for (int i = 0; i < n->port.gid_tbl_len; i++) {
		if (ibv_query_gid_ex(n->ctx, 1, i, &entry, 0) || entry.gid.raw[0] != 0xfd)
			continue;
		n->gid = entry.gid;
		n->gid_index = i;
		return KTAP_PASS;
	}
	return ktap_skip("no IPv6 address");
}

/* The frame knows two sides. */
static int open_third(void)
{
	const char *far = opt.dev[FAR];
	int gid = opt.gid[FAR];

	if (!getenv("THIRD"))
		return ktap_skip("no third device");
	opt.dev[FAR] = getenv("THIRD");
	opt.gid[FAR] = -1;
	TRY(node_open(&node[THIRD], FAR));
	opt.dev[FAR] = far;
	opt.gid[FAR] = gid;
	return KTAP_PASS;
}

static int open_nodes(int sides)
{
	for (int side = 0; side < sides; side++) {
		TRY(side == THIRD ? open_third() : node_open(&node[side], side));
		if (ipv6)
			TRY(node_use_ipv6(&node[side]));
	}
	return KTAP_PASS;
}

static struct ibv_ah *make_ah(struct node *n, union ibv_gid gid)
{
	struct ibv_ah_attr attr = {
		.is_global = 1,
		.port_num = 1,
		.grh = { .dgid = gid, .sgid_index = n->gid_index, .hop_limit = 64 },
	};

	return ibv_create_ah(n->pd, &attr);
}

/* A UD end that sends to the group, with receives posted. */
static int end_make(struct ep *ep, int side)
{
	struct ep_cfg cfg = { .type = IBV_QPT_UD, .size = SLOT * (SLOTS + 1) };

	TRY(ep_create(ep, &node[side], &cfg));
	ep->far.gid = group(0);
	ep->far.qpn = ALL;
	EXPECT_EQ(ep_rtr(ep), 0);
	EXPECT_EQ(ep_rts(ep), 0);
	ep->ah = make_ah(&node[side], group(0));
	EXPECT(ep->ah, "create_ah: %s", strerror(errno));
	for (int i = 0; i < SLOTS; i++)
		EXPECT_EQ(ep_recv(ep, i, i * SLOT, SLOT), 0);
	return KTAP_PASS;
}

/* The core knows an attachment by the LID, too, which means nothing on Ethernet. */
static int attach_lid(struct ep *ep, int n, uint16_t lid)
{
	union ibv_gid gid = group(n);

	return ibv_attach_mcast(ep->qp, &gid, lid);
}

static int attach(struct ep *ep, int n) { return attach_lid(ep, n, 0); }

static int detach_lid(struct ep *ep, int n, uint16_t lid)
{
	union ibv_gid gid = group(n);

	return ibv_detach_mcast(ep->qp, &gid, lid);
}

static int detach(struct ep *ep, int n) { return detach_lid(ep, n, 0); }

/* Send @len bytes of pattern @seed from behind the receives, and see it complete. */
static int end_send_qkey(struct ep *ep, uint64_t seed, uint32_t len, uint32_t qkey)
{
	struct ibv_send_wr wr;
	struct ibv_sge sge;

	prng_fill(ep->buf + SLOTS * SLOT, len, seed);
	ep_wr(ep, &wr, &sge, IBV_WR_SEND_WITH_IMM, seed, SLOTS * SLOT, len);
	wr.imm_data = htonl(seed);
	wr.wr.ud.remote_qkey = qkey;
	EXPECT_EQ(ep_post(ep, &wr), 0);
	return cq_expect(ep->scq, seed, IBV_WC_SUCCESS, NULL);
}

static int end_send(struct ep *ep, uint64_t seed, uint32_t len)
{
	return end_send_qkey(ep, seed, len, EP_QKEY);
}

/* The header, as RoCE v2 has it: IPv4 in the last 20 of the 40 bytes. */
static int check_grh(const uint8_t *grh, const struct ep *from, union ibv_gid to)
{
	if (ipv6) {
		EXPECT_EQ(grh[0] >> 4, 6);
		EXPECT(!memcmp(grh + 8, &from->node->gid, 16), "source");
		EXPECT(!memcmp(grh + 24, &to, 16), "destination");
		return KTAP_PASS;
	}
	EXPECT_EQ(grh[20], 0x45);
	EXPECT(!memcmp(grh + 32, from->node->gid.raw + 12, 4), "source");
	EXPECT(!memcmp(grh + 36, to.raw + 12, 4), "destination");
	return KTAP_PASS;
}

/* Take what came, which is datagram @seed of @from to group @n. */
static int end_take(struct ep *ep, const struct ibv_wc *wc, const struct ep *from, int n,
		    uint64_t seed, uint32_t len)
{
	uint8_t *slot = ep->buf + wc->wr_id * SLOT;

	EXPECT_EQ(wc->status, IBV_WC_SUCCESS);
	EXPECT_EQ(wc->opcode, IBV_WC_RECV);
	EXPECT_EQ(wc->byte_len, GRH + len);
	EXPECT_EQ(wc->src_qp, from->qp->qp_num);
	EXPECT_EQ(wc->qp_num, ep->qp->qp_num);
	EXPECT_EQ(wc->wc_flags & (IBV_WC_GRH | IBV_WC_WITH_IMM), IBV_WC_GRH | IBV_WC_WITH_IMM);
	EXPECT_EQ(ntohl(wc->imm_data), (uint32_t)seed);
	TRY(check_grh(slot, from, group(n)));
	EXPECT_EQ(prng_check(slot + GRH, len, seed), len);
	memset(slot, 0, SLOT);
	EXPECT_EQ(ep_recv(ep, wc->wr_id, slot - ep->buf, SLOT), 0);
	return KTAP_PASS;
}

static int end_expect(struct ep *ep, const struct ep *from, uint64_t seed, uint32_t len)
{
	struct ibv_wc wc;

	EXPECT_EQ(cq_wait(ep->rcq, &wc, 1, WAIT_MS), 1);
	return end_take(ep, &wc, from, 0, seed, len);
}

/* Forget what has come. */
static int end_drain(struct ep *ep, int ms)
{
	struct ibv_wc wc;

	while (cq_wait(ep->rcq, &wc, 1, ms)) {
		EXPECT_EQ(wc.status, IBV_WC_SUCCESS);
		EXPECT_EQ(ep_recv(ep, wc.wr_id, wc.wr_id * SLOT, SLOT), 0);
	}
	return KTAP_PASS;
}

/*
 * Who joins while others send is found within a second or so: send until it is.  All that
 * was sent has then come, or will not.
 */
static int reaches(struct ep *from, struct ep *to)
{
	uint64_t until = now_ms() + WAIT_MS;
	struct ibv_wc wc;

	do {
		TRY(end_send(from, 1000, 64));
		if (cq_wait(to->rcq, &wc, 1, 100)) {
			TRY(end_take(to, &wc, from, 0, 1000, 64));
			return end_drain(to, 300);
		}
	} while (now_ms() < until);
	EXPECT(false, "nothing comes");
}

/* Of @count datagrams @to gets all and @not none; both have nothing left from before. */
static int only(struct ep *from, struct ep *to, struct ep *not, int count)
{
	for (int i = 0; i < count; i++) {
		TRY(end_send(from, i, 100 + i));
		TRY(end_expect(to, from, i, 100 + i));
	}
	return cq_expect_none(not->rcq, 500);
}

static bool is_member(int side, int n)
{
	char command[256];

	snprintf(command, sizeof(command),
		 "ip netns exec %s ip maddress show dev eth0 | grep -q 'inet6\\? *%s\\( \\|$\\)'",
		 side_netns(side), group_text(n));
	return !system(command);
}

/* ---- cases ---- */

static int first_one(void)
{
	struct ep a, b;

	TRY(open_nodes(2));
	TRY(end_make(&a, NEAR));
	TRY(end_make(&b, FAR));
	EXPECT(!is_member(FAR, 0), "a member before");
	EXPECT_EQ(attach(&b, 0), 0);
	EXPECT(is_member(FAR, 0), "the netdev is not in the group");
	TRY(end_send(&a, 1, 1000));
	TRY(end_expect(&b, &a, 1, 1000));
	TRY(cq_expect_none(b.rcq, 200));
	TRY(cq_expect_none(a.rcq, 0));
	EXPECT_EQ(detach(&b, 0), 0);
	EXPECT(!is_member(FAR, 0), "the netdev is still in the group");
	return KTAP_PASS;
}

/* Every byte, once, in order, at each of three in two containers. */
static int every_one(void)
{
	static const uint32_t sizes[] = { 0, 1, 64, 1000, 4095, 4096 };
	struct ep a, member[3], stranger;
	int count = opt.full ? 1000 : 100;

	TRY(open_nodes(3));
	TRY(end_make(&a, NEAR));
	for (int i = 0; i < 3; i++) {
		TRY(end_make(&member[i], i ? FAR : THIRD));
		EXPECT_EQ(attach(&member[i], 0), 0);
	}
	TRY(end_make(&stranger, FAR));
	for (int n = 0; n < count; n++) {
		uint32_t len = sizes[n % ARRAY_SIZE(sizes)];

		TRY(end_send(&a, n, len));
		for (int i = 0; i < 3; i++)
			TRY(end_expect(&member[i], &a, n, len));
	}
	TRY(cq_expect_none(stranger.rcq, 200));
	for (int i = 0; i < 3; i++)
		TRY(cq_expect_none(member[i].rcq, 0));
	return KTAP_PASS;
}

static int no_member(void)
{
	struct ep a, b, c;

	TRY(open_nodes(3));
	TRY(end_make(&a, NEAR));
	TRY(end_make(&b, FAR));
	TRY(end_make(&c, THIRD));
	EXPECT_EQ(attach(&b, 0), 0);
	TRY(only(&a, &b, &c, 20));
	EXPECT_EQ(attach(&c, 0), 0);
	TRY(reaches(&a, &c));
	return KTAP_PASS;
}

/* Nobody is there: no error, as on any network. */
static int nobody(void)
{
	long long dropped;
	struct ep a;

	TRY(open_nodes(1));
	TRY(end_make(&a, NEAR));
	dropped = counter_read(opt.dev[NEAR], "tx_dropped");
	TRY(end_send(&a, 1, 64));
	for (int i = 0; i < 100 && counter_read(opt.dev[NEAR], "tx_dropped") == dropped; i++)
		usleep(20000);
	EXPECT_EQ(counter_read(opt.dev[NEAR], "tx_dropped"), dropped + 1);
	return KTAP_PASS;
}

static int detached(void)
{
	struct ep a, b, c;

	TRY(open_nodes(3));
	TRY(end_make(&a, NEAR));
	TRY(end_make(&b, FAR));
	TRY(end_make(&c, THIRD));
	EXPECT_EQ(attach(&b, 0), 0);
	EXPECT_EQ(attach(&c, 0), 0);
	TRY(end_send(&a, 1, 64));
	TRY(end_expect(&b, &a, 1, 64));
	TRY(end_expect(&c, &a, 1, 64));
	EXPECT_EQ(detach(&b, 0), 0);
	TRY(only(&a, &c, &b, 20));
	EXPECT_EQ(attach(&b, 0), 0);
	TRY(reaches(&a, &b));
	return KTAP_PASS;
}

static int qkeys(void)
{
	struct ibv_qp_attr attr = { .qp_state = IBV_QPS_RTS, .qkey = OTHER_QKEY };
	struct ep a, b, other;
	long long bad;

	TRY(open_nodes(2));
	TRY(end_make(&a, NEAR));
	TRY(end_make(&b, FAR));
	TRY(end_make(&other, FAR));
	EXPECT_EQ(ibv_modify_qp(other.qp, &attr, IBV_QP_STATE | IBV_QP_QKEY), 0);
	EXPECT_EQ(attach(&b, 0), 0);
	EXPECT_EQ(attach(&other, 0), 0);
	bad = counter_read(opt.dev[FAR], "rx_bad_qkey");
	TRY(only(&a, &b, &other, 20));
	EXPECT_EQ(counter_read(opt.dev[FAR], "rx_bad_qkey"), bad + 20);
	TRY(end_send_qkey(&a, 77, 64, OTHER_QKEY));
	TRY(end_expect(&other, &a, 77, 64));
	return cq_expect_none(b.rcq, 200);
}

static int two_groups(void)
{
	struct ibv_ah *first, *second;
	struct ibv_wc wc;
	struct ep a, b;

	TRY(open_nodes(2));
	TRY(end_make(&a, NEAR));
	TRY(end_make(&b, FAR));
	first = a.ah;
	second = make_ah(&node[NEAR], group(1));
	EXPECT(second, "%s", strerror(errno));
	EXPECT_EQ(attach(&b, 0), 0);
	EXPECT_EQ(attach(&b, 1), 0);
	for (int n = 0; n < 10; n++) {
		a.ah = n % 2 ? second : first;
		TRY(end_send(&a, n, 64));
		EXPECT_EQ(cq_wait(b.rcq, &wc, 1, WAIT_MS), 1);
		TRY(end_take(&b, &wc, &a, n % 2, n, 64));
	}
	EXPECT_EQ(detach(&b, 1), 0);
	TRY(end_send(&a, 11, 64));
	TRY(cq_expect_none(b.rcq, 300));
	a.ah = first;
	TRY(end_send(&a, 12, 64));
	TRY(end_expect(&b, &a, 12, 64));
	ibv_destroy_ah(second);
	return KTAP_PASS;
}

/* The sender is attached, and another queue pair of its device is: both have a copy. */
static int itself(void)
{
	struct ep a, beside, b;

	TRY(open_nodes(2));
	TRY(end_make(&a, NEAR));
	TRY(end_make(&beside, NEAR));
	TRY(end_make(&b, FAR));
	EXPECT_EQ(attach(&a, 0), 0);
	EXPECT_EQ(attach(&beside, 0), 0);
	EXPECT_EQ(attach(&b, 0), 0);
	for (int n = 0; n < 10; n++) {
		TRY(end_send(&a, n, 200));
		TRY(end_expect(&a, &a, n, 200));
		TRY(end_expect(&beside, &a, n, 200));
		TRY(end_expect(&b, &a, n, 200));
	}
	return KTAP_PASS;
}

/* What an rxe, RXE in the environment at the address RXE_IP, does with the sender's own. */
static int itself_on_rxe(void)
{
	struct ip_mreqn mreq = {};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct ibv_wc wc;
	struct ep a;

	if (!getenv("RXE") || ipv6)
		return ktap_skip("no rxe with such an address here");
	opt.dev[NEAR] = getenv("RXE");
	opt.gid[NEAR] = -1;
	TRY(open_nodes(1));
	TRY(end_make(&a, NEAR));
	/* Its netdev joins for nobody; rdma_cm does it there. */
	inet_pton(AF_INET, group_text(0), &mreq.imr_multiaddr);
	inet_pton(AF_INET, getenv("RXE_IP"), &mreq.imr_address);
	EXPECT_EQ(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq, sizeof(mreq)), 0);
	EXPECT_EQ(attach(&a, 0), 0);
	TRY(end_send(&a, 1, 200));
	EXPECT(cq_wait(a.rcq, &wc, 1, WAIT_MS), "rxe gives the sender nothing: so must we");
	EXPECT_EQ(wc.byte_len, GRH + 200);
	EXPECT_EQ(wc.src_qp, a.qp->qp_num);
	close(fd);
	return KTAP_PASS;
}

/* On @n: what ib_core or the driver refuses. */
static int refusals_on(struct node *n)
{
	struct ep_cfg ud = { .type = IBV_QPT_UD };
	union ibv_gid single = n->gid, many = group(0);
	struct ep a, rc;

	TRY(ep_create(&a, n, &ud));
	TRY(ep_create(&rc, n, NULL));
	EXPECT_EQ(ibv_attach_mcast(a.qp, &single, 0), EINVAL);
	EXPECT_EQ(ibv_attach_mcast(rc.qp, &many, 0), EINVAL);
	EXPECT_EQ(ibv_detach_mcast(a.qp, &many, 0), EINVAL);
	EXPECT_EQ(ibv_attach_mcast(a.qp, &many, 0), 0);
	EXPECT_EQ(ibv_attach_mcast(a.qp, &many, 0), 0);
	EXPECT_EQ(ibv_destroy_qp(a.qp), EBUSY);
	EXPECT_EQ(ibv_detach_mcast(a.qp, &many, 0), 0);
	EXPECT_EQ(ibv_detach_mcast(a.qp, &many, 0), EINVAL);
	ep_destroy(&a);
	ep_destroy(&rc);
	return KTAP_PASS;
}

static int refusals(void)
{
	TRY(open_nodes(1));
	TRY(refusals_on(&node[NEAR]));
	EXPECT(!is_member(NEAR, 0), "still a member");
	return KTAP_PASS;
}

static int refusals_of_rxe(void)
{
	if (!getenv("RXE"))
		return ktap_skip("no rxe here");
	opt.dev[NEAR] = getenv("RXE");
	opt.gid[NEAR] = -1;
	TRY(node_open(&node[NEAR], NEAR));
	return refusals_on(&node[NEAR]);
}

static union ibv_gid numbered_group(unsigned int n)
{
	union ibv_gid gid = group(0);

	gid.raw[13] ^= 1;
	gid.raw[14] = n / 256;
	gid.raw[15] = n % 256;
	return gid;
}

static int group_limit(void)
{
	struct ep_cfg cfg = { .type = IBV_QPT_UD };
	unsigned int most, n;
	union ibv_gid gid;
	struct ep a;

	TRY(open_nodes(1));
	most = node[NEAR].attr.max_mcast_grp;
	EXPECT(most >= 16 && most <= 4096, "%u", most);
	TRY(ep_create(&a, &node[NEAR], &cfg));
	for (n = 0; n < most; n++) {
		gid = numbered_group(n);
		EXPECT_EQ(ibv_attach_mcast(a.qp, &gid, 0), 0);
	}
	gid = numbered_group(most);
	EXPECT_EQ(ibv_attach_mcast(a.qp, &gid, 0), ENOMEM);
	gid = numbered_group(0);
	EXPECT_EQ(ibv_detach_mcast(a.qp, &gid, 0), 0);
	gid = numbered_group(most);
	EXPECT_EQ(ibv_attach_mcast(a.qp, &gid, 0), 0);
	return KTAP_PASS;
}

static int qp_limit(void)
{
	struct ibv_qp_init_attr init = {
		.cap = { .max_send_wr = 1, .max_recv_wr = 1, .max_send_sge = 1, .max_recv_sge = 1 },
		.qp_type = IBV_QPT_UD,
	};
	struct ibv_qp **qps;
	unsigned int most, n;
	union ibv_gid gid;
	struct ep a;

	TRY(open_nodes(1));
	gid = group(0);
	most = node[NEAR].attr.max_mcast_qp_attach;
	EXPECT(most >= 16 && most <= 1024, "%u", most);
	EXPECT(node[NEAR].attr.max_total_mcast_qp_attach >= (int)most, "less than in one group");
	TRY(end_make(&a, NEAR));
	init.send_cq = a.scq;
	init.recv_cq = a.rcq;
	qps = calloc(most + 1, sizeof(*qps));
	for (n = 0; n <= most; n++) {
		qps[n] = ibv_create_qp(node[NEAR].pd, &init);
		EXPECT(qps[n], "%u: %s", n, strerror(errno));
		EXPECT_EQ(ibv_attach_mcast(qps[n], &gid, 0), n < most ? 0 : ENOMEM);
	}
	EXPECT_EQ(ibv_detach_mcast(qps[1], &gid, 0), 0);
	EXPECT_EQ(attach(&a, 0), 0);
	/* Behind all of them, and the only one that can receive. */
	TRY(end_send(&a, 5, 64));
	return end_expect(&a, &a, 5, 64);
}

/* Half an address of a group is none; what no message can say breaks no lane. */
static int half_groups(void)
{
	static const uint32_t numbers[] = { 0x1000000, 0xffffffff, 0x1ffffff };
	struct ibv_ah *many, *single;
	long long dropped;
	struct ep a, b;

	TRY(open_nodes(2));
	TRY(end_make(&a, NEAR));
	TRY(end_make(&b, FAR));
	EXPECT_EQ(attach(&b, 0), 0);
	many = a.ah;
	single = make_ah(&node[NEAR], node[FAR].gid);
	EXPECT(single, "%s", strerror(errno));
	TRY(end_send(&a, 1, 64));
	TRY(end_expect(&b, &a, 1, 64));
	dropped = counter_read(opt.dev[NEAR], "tx_dropped");

	a.far.qpn = b.qp->qp_num;
	TRY(end_send(&a, 2, 64));
	a.ah = single;
	a.far.qpn = ALL;
	TRY(end_send(&a, 3, 64));
	for (unsigned int i = 0; i < ARRAY_SIZE(numbers); i++) {
		a.far.qpn = numbers[i];
		a.ah = i % 2 ? many : single;
		TRY(end_send(&a, 4 + i, 64));
	}
	TRY(cq_expect_none(b.rcq, 300));
	EXPECT_EQ(counter_read(opt.dev[NEAR], "tx_dropped"), dropped + 5);
	a.far.qpn = ALL;
	a.ah = many;
	TRY(end_send(&a, 9, 64));
	TRY(end_expect(&b, &a, 9, 64));
	ibv_destroy_ah(single);
	return KTAP_PASS;
}

/* Let the far container's network drop what is sent to the group; or not. */
static int firewall_set(bool on)
{
	char command[512];

	if (on)
		snprintf(command, sizeof(command),
			 "ip netns exec %s nft 'add table inet vrdma_test; "
			 "add chain inet vrdma_test in { type filter hook input priority 0; }; "
			 "add rule inet vrdma_test in %s daddr %s drop'",
			 side_netns(FAR), ipv6 ? "ip6" : "ip", group_text(0));
	else
		snprintf(command, sizeof(command),
			 "ip netns exec %s nft 'delete table inet vrdma_test'", side_netns(FAR));
	return system(command);
}

/*
 * The far container lets in what is sent to it alone, by the same port, but not what is
 * sent to the group: it is not reached, whatever is attached there.
 */
static int firewall(void)
{
	struct ibv_wc wc;
	struct ep a, b, c;

	TRY(open_nodes(3));
	if (firewall_set(true))
		return ktap_skip("no nftables");
	TRY(end_make(&a, NEAR));
	TRY(end_make(&b, FAR));
	TRY(end_make(&c, THIRD));
	EXPECT_EQ(attach(&b, 0), 0);
	EXPECT_EQ(attach(&c, 0), 0);
	TRY(only(&a, &c, &b, 20));

	/* It may be written to alone. */
	a.ah = make_ah(&node[NEAR], node[FAR].gid);
	a.far.qpn = b.qp->qp_num;
	TRY(end_send(&a, 50, 64));
	EXPECT_EQ(cq_wait(b.rcq, &wc, 1, WAIT_MS), 1);
	EXPECT_EQ(ep_recv(&b, wc.wr_id, wc.wr_id * SLOT, SLOT), 0);

	EXPECT_EQ(firewall_set(false), 0);
	a.ah = make_ah(&node[NEAR], group(0));
	a.far.qpn = ALL;
	TRY(reaches(&a, &b));
	TRY(end_drain(&c, 300));

	/* A rule that comes later ends it. */
	EXPECT_EQ(firewall_set(true), 0);
	for (uint64_t until = now_ms() + 8000; now_ms() < until; usleep(100000)) {
		TRY(end_send(&a, 60, 64));
		TRY(end_drain(&b, 0));
		TRY(end_drain(&c, 0));
	}
	TRY(end_drain(&b, 300));
	TRY(end_drain(&c, 300));
	TRY(only(&a, &c, &b, 20));
	EXPECT_EQ(firewall_set(false), 0);
	return KTAP_PASS;
}

/* The bridge does not carry groups to the far container's port, but all else. */
static int bridge(void)
{
	struct ep a, b, c;

	if (ipv6)
		return ktap_skip("IPv6 finds its neighbours by groups");
	TRY(open_nodes(3));
	if (system("ip link set vrbr0 type bridge mcast_snooping 0"))
		return ktap_skip("no such bridge");
	EXPECT_EQ(system("bridge link set dev vrport2 mcast_flood off"), 0);
	TRY(end_make(&a, NEAR));
	TRY(end_make(&b, FAR));
	TRY(end_make(&c, THIRD));
	EXPECT_EQ(attach(&b, 0), 0);
	EXPECT_EQ(attach(&c, 0), 0);
	TRY(only(&a, &c, &b, 20));
	EXPECT_EQ(system("bridge link set dev vrport2 mcast_flood on"), 0);
	TRY(reaches(&a, &b));
	EXPECT_EQ(system("ip link set vrbr0 type bridge mcast_snooping 1"), 0);
	return KTAP_PASS;
}

/* Attached by two LIDs it has one copy of each datagram, until it is detached by both. */
static int lids(void)
{
	struct ep a, b;

	TRY(open_nodes(2));
	TRY(end_make(&a, NEAR));
	TRY(end_make(&b, FAR));
	EXPECT_EQ(attach_lid(&b, 0, 1), 0);
	EXPECT_EQ(attach_lid(&b, 0, 2), 0);
	TRY(end_send(&a, 1, 64));
	TRY(end_expect(&b, &a, 1, 64));
	TRY(cq_expect_none(b.rcq, 300));
	EXPECT_EQ(detach_lid(&b, 0, 2), 0);
	TRY(end_send(&a, 2, 64));
	TRY(end_expect(&b, &a, 2, 64));
	EXPECT_EQ(detach_lid(&b, 0, 1), 0);
	EXPECT(!is_member(FAR, 0), "still a member");
	ep_destroy(&b);
	return KTAP_PASS;
}

/* A process that is killed leaves nothing behind, also where it is attached by two LIDs. */
static int killed(void)
{
	int ready[2], status;
	struct ep a, c;
	pid_t child;
	char byte;

	EXPECT(!is_member(FAR, 0), "a member before");	/* and the child has our groups */
	EXPECT_EQ(pipe(ready), 0);
	child = fork();
	EXPECT(child >= 0, "%s", strerror(errno));
	if (!child) {
		struct ep b;

		if (!open_nodes(2) && !end_make(&b, FAR) && !attach(&b, 0) && !attach(&b, 1) &&
		    !attach_lid(&b, 1, 7) &&
		    write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	EXPECT_EQ(read(ready[0], &byte, 1), 1);
	EXPECT(is_member(FAR, 0) && is_member(FAR, 1), "no member to begin with");
	EXPECT_EQ(kill(child, SIGKILL), 0);
	EXPECT_EQ(waitpid(child, &status, 0), child);
	EXPECT(!is_member(FAR, 0) && !is_member(FAR, 1), "still a member");

	TRY(open_nodes(3));
	TRY(end_make(&a, NEAR));
	TRY(end_make(&c, THIRD));
	EXPECT_EQ(attach(&c, 0), 0);
	TRY(end_send(&a, 1, 64));
	return end_expect(&c, &a, 1, 64);
}

/* The device ends while a queue pair is attached: the netdev leaves the group with it. */
static int device_ends(void)
{
	struct ep c;

	TRY(open_nodes(3));
	TRY(end_make(&c, THIRD));
	EXPECT_EQ(attach(&c, 0), 0);
	EXPECT(is_member(THIRD, 0), "no member to begin with");
	EXPECT_EQ(system("ip netns exec c3 rdma link delete vr3"), 0);
	for (int i = 0; i < 100 && is_member(THIRD, 0); i++)
		usleep(50000);
	EXPECT(!is_member(THIRD, 0), "still a member");
	EXPECT_EQ(system("ip netns exec c3 rdma link add vr3 type vrdma netdev eth0"), 0);
	return KTAP_PASS;
}

static const struct ktap_case cases[] = {
	{ "a first datagram, and what it says", first_one },
	{ "every byte, once, in order, at each member", every_one },
	{ "a container without a member gets nothing, until it has one", no_member },
	{ "to nobody", nobody },
	{ "who is detached gets nothing, others do", detached },
	{ "the Q_Key decides", qkeys },
	{ "one queue pair in two groups", two_groups },
	{ "rxe gives the sender its own datagram", itself_on_rxe },
	{ "the sender is a member, as with rxe", itself },
	{ "what rxe refuses", refusals_of_rxe },
	{ "what is refused, as rxe does", refusals },
	{ "as many groups as the device says", group_limit },
	{ "as many queue pairs as the device says", qp_limit, 120 },
	{ "half an address of a group", half_groups },
	{ "a firewall that stops the group, and the group only", firewall },
	{ "a bridge that does not carry the group", bridge },
	{ "one queue pair attached by two LIDs", lids },
	{ "a process that is killed", killed },
	{ "a device that ends", device_ends },
};

int main(int argc, char **argv)
{
	options_parse(argc, argv);
	ipv6 = getenv("IPV6");
	return ktap_run(cases, ARRAY_SIZE(cases), opt.only);
}

// SPDX-License-Identifier: GPL-2.0
/* The resolver's sockets: one per namespace and address family. */
#include "rnet.h"

#include <linux/inetdevice.h>
#include <linux/jhash.h>
#include <linux/ktime.h>
#include <linux/net.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <net/addrconf.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/sock.h>

#include "vdev.h"

/**
 * struct vrdma_rsock - one socket
 * @rnet: whose
 * @family: of its addresses
 * @sock: bound to VRDMA_RESOLVER_PORT on every address, nobody beside it
 * @ready: sk_data_ready before ours
 * @work: takes datagrams from @sock
 * @dgram: the one that is being looked at; @work's own
 */
struct vrdma_rsock {
	struct vrdma_rnet *rnet;
	enum vrdma_family family;
	struct socket *sock;
	void (*ready)(struct sock *sk);
	struct work_struct work;
	struct vrdma_dgram dgram;
};

union vrdma_sockaddr {
	struct sockaddr_storage storage;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* What goes with a packet beside its bytes: addresses, and perhaps how far. */
union vrdma_pktinfo {
	struct cmsghdr hdr;
	u8 buf[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int))];
};

/* Protects the list, vrdma_rnet::users and ::socks; over the wait for a socket's work. */
static DEFINE_MUTEX(vrdma_rnets_lock);
static LIST_HEAD(vrdma_rnets);

static void vrdma_gid_from_ipv4(union ib_gid *gid, __be32 addr)
{
	ipv6_addr_set_v4mapped(addr, (struct in6_addr *)gid->raw);
}

static void vrdma_gid_from_ipv6(union ib_gid *gid, const struct in6_addr *addr)
{
	memcpy(gid->raw, addr, sizeof(gid->raw));
}

/* Fill addresses from what recvmsg said of the packet. */
static bool vrdma_rsock_addresses(struct vrdma_rsock *rsock, const union vrdma_sockaddr *from,
				  union vrdma_pktinfo *info)
{
	struct vrdma_dgram *dgram = &rsock->dgram;
	struct in6_pktinfo *v6 = CMSG_DATA(&info->hdr);
	struct in_pktinfo *v4 = CMSG_DATA(&info->hdr);

	if (rsock->family == VRDMA_IPV4) {
		if (info->hdr.cmsg_level != SOL_IP || info->hdr.cmsg_type != IP_PKTINFO)
			return false;
		vrdma_gid_from_ipv4(&dgram->src, from->v4.sin_addr.s_addr);
		vrdma_gid_from_ipv4(&dgram->dst, v4->ipi_addr.s_addr);
		dgram->sport = from->v4.sin_port;
		dgram->ifindex = v4->ipi_ifindex;
		return true;
	}
	if (info->hdr.cmsg_level != SOL_IPV6 || info->hdr.cmsg_type != IPV6_PKTINFO)
		return false;
	vrdma_gid_from_ipv6(&dgram->src, &from->v6.sin6_addr);
	vrdma_gid_from_ipv6(&dgram->dst, &v6->ipi6_addr);
	dgram->sport = from->v6.sin6_port;
	dgram->ifindex = v6->ipi6_ifindex;
	return !vrdma_gid_is_ipv4(&dgram->src) && !vrdma_gid_is_ipv4(&dgram->dst);
}

/* Take one datagram; false: there is none. */
static bool vrdma_rsock_receive(struct vrdma_rsock *rsock)
{
	struct vrdma_dgram *dgram = &rsock->dgram;
	union vrdma_pktinfo info = {};
	union vrdma_sockaddr from = {};
	struct kvec vec = { .iov_base = &dgram->wire, .iov_len = sizeof(dgram->wire) };
	struct msghdr msg = {
		.msg_name = &from,
		.msg_control = &info,
		.msg_controllen = sizeof(info),
	};
	int len;

	len = kernel_recvmsg(rsock->sock, &msg, &vec, 1, vec.iov_len,
			     MSG_DONTWAIT | MSG_TRUNC);
	if (len == -EAGAIN)
		return false;
	if (len < 0 || (msg.msg_flags & MSG_CTRUNC))
		return true;
	if (!vrdma_rsock_addresses(rsock, &from, &info))
		return true;
	dgram->len = len;
	vrdma_resolver_receive(rsock->rnet, dgram);
	return true;
}

static void vrdma_rsock_work(struct work_struct *work)
{
	struct vrdma_rsock *rsock = container_of(work, struct vrdma_rsock, work);
	int i;

	for (i = 0; i < VRDMA_RECEIVE_BATCH; i++)
		if (!vrdma_rsock_receive(rsock))
			return;
	queue_work(vrdma_wq, &rsock->work);
}

static void vrdma_rsock_ready(struct sock *sk)
{
	struct vrdma_rsock *rsock;

	read_lock_bh(&sk->sk_callback_lock);
	rsock = sk->sk_user_data;
	if (rsock)
		queue_work(vrdma_wq, &rsock->work);
	read_unlock_bh(&sk->sk_callback_lock);
}

static void vrdma_rsock_attach(struct vrdma_rsock *rsock)
{
	struct sock *sk = rsock->sock->sk;

	/* Sends run in work that must get on while memory is reclaimed. */
	sk->sk_allocation = GFP_NOIO;
	write_lock_bh(&sk->sk_callback_lock);
	rsock->ready = sk->sk_data_ready;
	sk->sk_user_data = rsock;
	sk->sk_data_ready = vrdma_rsock_ready;
	write_unlock_bh(&sk->sk_callback_lock);
}

/* A softirq may still be inside vrdma_rsock_ready(), but no more past its lock. */
static void vrdma_rsock_detach(struct vrdma_rsock *rsock)
{
	struct sock *sk = rsock->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_user_data = NULL;
	sk->sk_data_ready = rsock->ready;
	write_unlock_bh(&sk->sk_callback_lock);
	cancel_work_sync(&rsock->work);
}

static int vrdma_rsock_bind(struct vrdma_rsock *rsock)
{
	union vrdma_sockaddr addr = {};
	struct sock *sk = rsock->sock->sk;

	if (rsock->family == VRDMA_IPV4) {
		ip_sock_set_pktinfo(sk);
		addr.v4.sin_family = AF_INET;
		addr.v4.sin_port = htons(VRDMA_RESOLVER_PORT);
		return kernel_bind(rsock->sock, (void *)&addr, sizeof(addr.v4));
	}
	ip6_sock_set_v6only(sk);
	ip6_sock_set_recvpktinfo(sk);
	addr.v6.sin6_family = AF_INET6;
	addr.v6.sin6_port = htons(VRDMA_RESOLVER_PORT);
	return kernel_bind(rsock->sock, (void *)&addr, sizeof(addr.v6));
}

static struct vrdma_rsock *vrdma_rsock_create(struct vrdma_rnet *rnet, enum vrdma_family family)
{
	struct vrdma_rsock *rsock;
	int err;

	rsock = kzalloc(sizeof(*rsock), GFP_KERNEL_ACCOUNT);
	if (!rsock)
		return ERR_PTR(-ENOMEM);
	rsock->rnet = rnet;
	rsock->family = family;
	INIT_WORK(&rsock->work, vrdma_rsock_work);

	err = sock_create_kern(rnet->net, family == VRDMA_IPV4 ? AF_INET : AF_INET6,
			       SOCK_DGRAM, IPPROTO_UDP, &rsock->sock);
	if (err)
		goto err_free;
	vrdma_rsock_attach(rsock);
	err = vrdma_rsock_bind(rsock);
	if (err)
		goto err_release;
	return rsock;

err_release:
	vrdma_rsock_detach(rsock);
	sock_release(rsock->sock);
err_free:
	kfree(rsock);
	return ERR_PTR(err);
}

static void vrdma_rsock_destroy(struct vrdma_rsock *rsock)
{
	vrdma_rsock_detach(rsock);
	sock_release(rsock->sock);
	kfree(rsock);
}

/* A namespace need not have both families: docker's default has no IPv6. */
static bool vrdma_rsock_optional(int err)
{
	return err == -EAFNOSUPPORT || err == -EPFNOSUPPORT ||
	       err == -EPROTONOSUPPORT || err == -EADDRNOTAVAIL;
}

static void vrdma_rnet_close(struct vrdma_rnet *rnet)
{
	enum vrdma_family family;

	for (family = 0; family < VRDMA_FAMILIES; family++) {
		if (rnet->socks[family])
			vrdma_rsock_destroy(rnet->socks[family]);
		rnet->socks[family] = NULL;
	}
}

/* Open the families that are not open yet; each new device tries again. */
static int vrdma_rnet_open(struct vrdma_rnet *rnet)
{
	struct vrdma_rsock *rsock;
	enum vrdma_family family;

	for (family = 0; family < VRDMA_FAMILIES; family++) {
		if (rnet->socks[family])
			continue;
		rsock = vrdma_rsock_create(rnet, family);
		if (!IS_ERR(rsock))
			smp_store_release(&rnet->socks[family], rsock); /* vrdma_rnet_send() */
		else if (!vrdma_rsock_optional(PTR_ERR(rsock)))
			return PTR_ERR(rsock);
	}
	return 0;
}

static struct vrdma_rnet *vrdma_rnet_find(struct net *net)
{
	struct vrdma_rnet *rnet;

	list_for_each_entry(rnet, &vrdma_rnets, node)
		if (net_eq(rnet->net, net))
			return rnet;
	return NULL;
}

static struct vrdma_rnet *vrdma_rnet_create(struct net *net)
{
	struct vrdma_rnet *rnet;

	rnet = kzalloc(sizeof(*rnet), GFP_KERNEL_ACCOUNT);
	if (!rnet)
		return NULL;
	rnet->net = net;
	mutex_init(&rnet->lock);
	INIT_LIST_HEAD(&rnet->resolvers);
	rnet->seed = get_random_u32();
	list_add(&rnet->node, &vrdma_rnets);
	return rnet;
}

/* The sockets are closed under the lock: the next device may bind at once. */
static void vrdma_rnet_release(struct vrdma_rnet *rnet)
{
	lockdep_assert_held(&vrdma_rnets_lock);
	if (rnet->users)
		return;
	list_del(&rnet->node);
	vrdma_rnet_close(rnet);
	mutex_destroy(&rnet->lock);
	kfree(rnet);
}

/**
 * vrdma_rnet_get - hold the resolver's side of a namespace for one device
 * @net: stays until vrdma_rnet_put()
 *
 * Return: never NULL; -EADDRINUSE when a program of the namespace has the port.
 */
struct vrdma_rnet *vrdma_rnet_get(struct net *net)
{
	struct vrdma_rnet *rnet;
	int err;

	mutex_lock(&vrdma_rnets_lock);
	rnet = vrdma_rnet_find(net) ?: vrdma_rnet_create(net);
	if (!rnet) {
		rnet = ERR_PTR(-ENOMEM);
		goto out;
	}
	err = vrdma_rnet_open(rnet);
	if (err) {
		vrdma_rnet_release(rnet);
		rnet = ERR_PTR(err);
		goto out;
	}
	rnet->users++;
out:
	mutex_unlock(&vrdma_rnets_lock);
	return rnet;
}

/**
 * vrdma_rnet_put - a device leaves
 * @rnet: its resolver is not in the list and sends no more
 */
void vrdma_rnet_put(struct vrdma_rnet *rnet)
{
	mutex_lock(&vrdma_rnets_lock);
	rnet->users--;
	vrdma_rnet_release(rnet);
	mutex_unlock(&vrdma_rnets_lock);
}

/**
 * vrdma_rnet_missing - how many address families have no socket
 * @rnet: of this namespace
 */
unsigned int vrdma_rnet_missing(const struct vrdma_rnet *rnet)
{
	enum vrdma_family family;
	unsigned int missing = 0;

	for (family = 0; family < VRDMA_FAMILIES; family++)
		missing += !READ_ONCE(rnet->socks[family]);
	return missing;
}

/* A group's packets go as far as the sender's own would, not as programs' by default. */
static void vrdma_rnet_send_ttl(struct msghdr *msg, int level, int type, u8 ttl)
{
	struct cmsghdr *hdr = msg->msg_control + msg->msg_controllen;
	int value = max(ttl, 1);

	hdr->cmsg_level = level;
	hdr->cmsg_type = type;
	hdr->cmsg_len = CMSG_LEN(sizeof(value));
	memcpy(CMSG_DATA(hdr), &value, sizeof(value));
	msg->msg_controllen += CMSG_SPACE(sizeof(value));
}

static void vrdma_rnet_send_ipv4(struct msghdr *msg, union vrdma_pktinfo *info,
				 const struct vrdma_dgram *dgram)
{
	struct in_pktinfo *pktinfo = CMSG_DATA(&info->hdr);
	struct sockaddr_in *to = msg->msg_name;

	to->sin_family = AF_INET;
	to->sin_port = htons(VRDMA_RESOLVER_PORT);
	to->sin_addr.s_addr = vrdma_gid_ipv4(&dgram->dst);
	info->hdr.cmsg_level = SOL_IP;
	info->hdr.cmsg_type = IP_PKTINFO;
	info->hdr.cmsg_len = CMSG_LEN(sizeof(*pktinfo));
	pktinfo->ipi_spec_dst.s_addr = vrdma_gid_ipv4(&dgram->src);
	msg->msg_namelen = sizeof(*to);
	msg->msg_controllen = CMSG_SPACE(sizeof(*pktinfo));
	if (vrdma_gid_is_group(&dgram->dst)) {
		pktinfo->ipi_ifindex = dgram->ifindex;
		vrdma_rnet_send_ttl(msg, SOL_IP, IP_TTL, dgram->ttl);
	}
}

static void vrdma_rnet_send_ipv6(struct msghdr *msg, union vrdma_pktinfo *info,
				 const struct vrdma_dgram *dgram)
{
	struct in6_pktinfo *pktinfo = CMSG_DATA(&info->hdr);
	struct sockaddr_in6 *to = msg->msg_name;

	to->sin6_family = AF_INET6;
	to->sin6_port = htons(VRDMA_RESOLVER_PORT);
	memcpy(&to->sin6_addr, dgram->dst.raw, sizeof(to->sin6_addr));
	info->hdr.cmsg_level = SOL_IPV6;
	info->hdr.cmsg_type = IPV6_PKTINFO;
	info->hdr.cmsg_len = CMSG_LEN(sizeof(*pktinfo));
	memcpy(&pktinfo->ipi6_addr, dgram->src.raw, sizeof(pktinfo->ipi6_addr));
	if (vrdma_gid_is_linklocal(&dgram->dst) || vrdma_gid_is_linklocal(&dgram->src) ||
	    vrdma_gid_is_group(&dgram->dst)) {
		to->sin6_scope_id = dgram->ifindex;
		pktinfo->ipi6_ifindex = dgram->ifindex;
	}
	msg->msg_namelen = sizeof(*to);
	msg->msg_controllen = CMSG_SPACE(sizeof(*pktinfo));
	if (vrdma_gid_is_group(&dgram->dst))
		vrdma_rnet_send_ttl(msg, SOL_IPV6, IPV6_HOPLIMIT, dgram->ttl);
}

/**
 * vrdma_rnet_send - send a datagram the way the namespace's own programs would
 * @rnet: of the namespace
 * @dgram: @dgram->src is made its source address
 *
 * Return: 0, or what the namespace's network said; the packet may get lost later.
 */
int vrdma_rnet_send(struct vrdma_rnet *rnet, const struct vrdma_dgram *dgram)
{
	bool ipv4 = vrdma_gid_is_ipv4(&dgram->dst);
	struct kvec vec = { .iov_base = (void *)&dgram->wire, .iov_len = sizeof(dgram->wire) };
	union vrdma_pktinfo info = {};
	union vrdma_sockaddr to = {};
	struct msghdr msg = {
		.msg_name = &to,
		.msg_control = &info,
		.msg_flags = MSG_DONTWAIT,
	};
	struct vrdma_rsock *rsock;
	int err;

	if (ipv4 != vrdma_gid_is_ipv4(&dgram->src))
		return -EAFNOSUPPORT;
	/* Pairs with vrdma_rnet_open(). */
	rsock = smp_load_acquire(&rnet->socks[ipv4 ? VRDMA_IPV4 : VRDMA_IPV6]);
	if (!rsock)
		return -EAFNOSUPPORT;

	if (ipv4)
		vrdma_rnet_send_ipv4(&msg, &info, dgram);
	else
		vrdma_rnet_send_ipv6(&msg, &info, dgram);
	err = kernel_sendmsg(rsock->sock, &msg, &vec, 1, vec.iov_len);
	return err < 0 ? err : 0;
}

/**
 * vrdma_rnet_admit - may this source get one more answer?
 * @rnet: of the namespace that would answer
 * @src: the asker's address
 *
 * A source has a bucket for itself and for whoever the secret hash puts beside
 * it; the bucket of all is a backstop against many, or forged, sources.
 */
bool vrdma_rnet_admit(struct vrdma_rnet *rnet, const union ib_gid *src)
{
	u32 hash = jhash2((const u32 *)src->raw, sizeof(*src) / sizeof(u32), rnet->seed);
	struct vrdma_bucket *source = &rnet->sources[hash % VRDMA_ANSWER_SOURCES];
	u64 now = ktime_get_ns();

	lockdep_assert_held(&rnet->lock);
	return !vrdma_bucket_take(source, now, VRDMA_ANSWER_RATE, VRDMA_ANSWER_BURST) &&
	       !vrdma_bucket_take(&rnet->all, now, VRDMA_ANSWER_ALL_RATE,
				  VRDMA_ANSWER_ALL_BURST);
}

static bool vrdma_netdev_owns_ipv4(const struct net_device *ndev, __be32 addr)
{
	const struct in_ifaddr *ifa;
	struct in_device *in_dev;
	bool found = false;

	rcu_read_lock();
	in_dev = __in_dev_get_rcu(ndev);
	if (in_dev) {
		in_dev_for_each_ifa_rcu(ifa, in_dev)
			found |= ifa->ifa_local == addr;
	}
	rcu_read_unlock();
	return found;
}

/**
 * vrdma_rnet_owns - is this GID an address of this netdev, in this namespace?
 * @net: where @ndev was when its device was made
 * @ndev: held
 * @gid: any
 * @usable: false: also while duplicate address detection runs
 */
bool vrdma_rnet_owns(struct net *net, const struct net_device *ndev,
		     const union ib_gid *gid, bool usable)
{
	if (!net_eq(dev_net(ndev), net))
		return false;
	if (vrdma_gid_is_ipv4(gid))
		return vrdma_netdev_owns_ipv4(ndev, vrdma_gid_ipv4(gid));
	return ipv6_chk_addr_and_flags(net, (const struct in6_addr *)gid->raw, ndev,
				       false, 1, usable ? IFA_F_TENTATIVE : 0);
}

/* The first that shares a network with @to, else the first. */
static __be32 vrdma_netdev_source_ipv4(const struct net_device *ndev, __be32 to)
{
	const struct in_ifaddr *ifa;
	struct in_device *in_dev;
	__be32 near = 0, any = 0;

	rcu_read_lock();
	in_dev = __in_dev_get_rcu(ndev);
	if (in_dev) {
		in_dev_for_each_ifa_rcu(ifa, in_dev) {
			if (!any)
				any = ifa->ifa_local;
			if (!near && inet_ifa_match(to, ifa))
				near = ifa->ifa_local;
		}
	}
	rcu_read_unlock();
	return near ?: any;
}

/**
 * vrdma_rnet_source - from which of its addresses does a netdev write to somebody?
 * @net: where @ndev was when its device was made
 * @ndev: held
 * @to: a single address
 * @source: filled on success
 *
 * Return: false when there is none of that family.  The same for the same @to while the
 * addresses stay.
 */
bool vrdma_rnet_source(struct net *net, const struct net_device *ndev,
		       const union ib_gid *to, union ib_gid *source)
{
	if (!net_eq(dev_net(ndev), net))
		return false;
	if (vrdma_gid_is_ipv4(to)) {
		vrdma_gid_from_ipv4(source, vrdma_netdev_source_ipv4(ndev, vrdma_gid_ipv4(to)));
		return vrdma_gid_ipv4(source);
	}
	if (ipv6_dev_get_saddr(net, ndev, (const struct in6_addr *)to->raw, 0,
			       (struct in6_addr *)source->raw))
		return false;
	return vrdma_rnet_owns(net, ndev, source, true);
}

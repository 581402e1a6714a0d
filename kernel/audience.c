// SPDX-License-Identifier: GPL-2.0
/* Audiences: who listens to the groups that a device sends to. */
#include "audience.h"

#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "resolver.h"
#include "rnet.h"
#include "route.h"
#include "stats.h"
#include "vdev.h"
#include "wire.h"

/**
 * struct vrdma_listener - one that has answered
 * @who: and what it said
 * @round: in which it did last
 * @proved: a device lives at that address, as the address itself has said
 */
struct vrdma_listener {
	struct vrdma_member who;
	u32 round;
	bool proved;
};

/**
 * struct vrdma_audience - who listens to one group
 * @node: in vrdma_audiences::list
 * @sgid: asks
 * @group: is asked
 * @ttl: how far
 * @busy: its question is being sent, without the lock
 * @asking: a round of questions runs
 * @ready: a round has ended, so that those who listen are known
 * @tries: questions left in this round
 * @gap: milliseconds until the next
 * @due: when, in jiffies
 * @began: when the last round did
 * @born: when the last round did that began with nobody
 * @nonce: of the last round
 * @round: its number
 * @added: listeners that it brought
 * @nr: how many of @listeners
 * @listeners: in no order
 *
 * All under vrdma_audiences::lock but for what is fixed.
 */
struct vrdma_audience {
	struct list_head node;
	union ib_gid sgid;
	union ib_gid group;
	u8 ttl;
	bool busy;
	bool asking;
	bool ready;
	u8 tries;
	unsigned int gap;
	unsigned long due;
	unsigned long began;
	unsigned long born;
	u64 nonce;
	u32 round;
	unsigned int added;
	unsigned int nr;
	struct vrdma_listener listeners[VRDMA_MAX_MEMBERS];
};

static bool vrdma_audience_is(const struct vrdma_audience *aud, const union ib_gid *sgid,
			      const union ib_gid *group, u8 ttl)
{
	return aud->ttl == ttl && !memcmp(&aud->group, group, sizeof(*group)) &&
	       !memcmp(&aud->sgid, sgid, sizeof(*sgid));
}

static struct vrdma_audience *vrdma_audiences_find(struct vrdma_audiences *auds,
						   const union ib_gid *sgid,
						   const union ib_gid *group, u8 ttl)
{
	struct vrdma_audience *aud;

	lockdep_assert_held(&auds->lock);
	list_for_each_entry(aud, &auds->list, node)
		if (vrdma_audience_is(aud, sgid, group, ttl))
			return aud;
	return NULL;
}

/* ---- asking ---- */

/* Who was silent for several rounds is none of them any more. */
static void vrdma_audience_expire(struct vrdma_resolver *res, struct vrdma_audience *aud)
{
	unsigned int i = 0;

	while (i < aud->nr) {
		if (aud->round - aud->listeners[i].round <= VRDMA_GROUP_MISSES) {
			i++;
			continue;
		}
		aud->listeners[i] = aud->listeners[--aud->nr];
		vrdma_stat_inc(res->dev, resolver_group_left);
	}
}

/* A round of questions; the first of all takes longer, for somebody waits for its end. */
static void vrdma_audience_begin(struct vrdma_resolver *res, struct vrdma_audience *aud,
				 bool first)
{
	aud->asking = true;
	aud->began = jiffies;
	aud->due = aud->began;
	aud->tries = first ? VRDMA_GROUP_TRIES : VRDMA_GROUP_TRIES_AGAIN;
	aud->gap = VRDMA_ASK_FIRST_MS;
	aud->nonce = get_random_u64();
	aud->round++;
	aud->added = 0;
	if (first) {
		aud->born = aud->began;
		aud->ready = false;
		aud->nr = 0;
	}
	vrdma_audience_expire(res, aud);
	mod_delayed_work(vrdma_wq, &res->audiences.work, 0);
}

static void vrdma_audience_end(struct vrdma_resolver *res, struct vrdma_audience *aud)
{
	aud->asking = false;
	aud->ready = true;
	if (!aud->nr)
		vrdma_stat_inc(res->dev, resolver_misses);
}

/* Our end is gone, so nobody hears us: that is known without asking. */
static bool vrdma_audience_askable(const struct vrdma_resolver *res,
				   const struct vrdma_audience *aud)
{
	const struct net_device *ndev = res->dev->ndev;

	return netif_running(ndev) &&
	       vrdma_gid_is_ipv4(&aud->sgid) == vrdma_gid_is_ipv4(&aud->group) &&
	       vrdma_rnet_owns(res->rnet->net, ndev, &aud->sgid, false);
}

/* Send a question; the lock is dropped meanwhile, @aud stays. */
static void vrdma_audience_send(struct vrdma_resolver *res, struct vrdma_audience *aud)
	__must_hold(&res->audiences.lock)
{
	struct vrdma_resolve msg = { .type = VRDMA_WIRE_QUERY, .nonce = aud->nonce };
	struct vrdma_dgram dgram = { .src = aud->sgid, .dst = aud->group, .ttl = aud->ttl };

	aud->busy = true;
	spin_unlock(&res->audiences.lock);
	memcpy(msg.asked, &dgram.dst, sizeof(msg.asked));
	memcpy(msg.asker, &dgram.src, sizeof(msg.asker));
	dgram.ifindex = READ_ONCE(res->dev->ndev->ifindex);
	vrdma_resolve_build(&dgram.wire, &msg);
	vrdma_stat_inc(res->dev, resolver_queries);
	/* Refused by a rule or for want of a route: as good as lost on the way. */
	vrdma_rnet_send(res->rnet, &dgram);
	spin_lock(&res->audiences.lock);
	aud->busy = false;
}

/* Its time has come. */
static void vrdma_audience_step(struct vrdma_resolver *res, struct vrdma_audience *aud)
{
	u64 wait;

	if (!vrdma_audience_askable(res, aud)) {
		aud->nr = 0;
		vrdma_audience_end(res, aud);
		return;
	}
	if (!aud->tries) {
		vrdma_audience_end(res, aud);
		return;
	}
	wait = vrdma_bucket_take(&res->audiences.questions, ktime_get_ns(),
				 VRDMA_GROUP_ASK_RATE, VRDMA_GROUP_ASK_BURST);
	if (wait) {
		aud->due = jiffies + nsecs_to_jiffies(wait) + 1;
		return;
	}
	aud->tries--;
	aud->due = jiffies + msecs_to_jiffies(aud->gap);
	aud->gap *= 2;
	vrdma_audience_send(res, aud);
}

/* The one for which something is to be done next. */
static struct vrdma_audience *vrdma_audiences_next(struct vrdma_audiences *auds)
{
	struct vrdma_audience *next = NULL;
	struct vrdma_audience *aud;

	list_for_each_entry(aud, &auds->list, node)
		if (aud->asking && (!next || time_before(aud->due, next->due)))
			next = aud;
	return next;
}

static void vrdma_audiences_work(struct work_struct *work)
{
	struct vrdma_audiences *auds = container_of(to_delayed_work(work),
						    struct vrdma_audiences, work);
	struct vrdma_resolver *res = container_of(auds, struct vrdma_resolver, audiences);
	struct vrdma_audience *aud;
	unsigned long now;

	spin_lock(&auds->lock);
	while (!auds->stopped) {
		aud = vrdma_audiences_next(auds);
		if (!aud)
			break;
		now = jiffies;
		if (time_after(aud->due, now)) {
			mod_delayed_work(vrdma_wq, &auds->work, aud->due - now);
			break;
		}
		vrdma_audience_step(res, aud);
	}
	spin_unlock(&auds->lock);
}

/* ---- answers ---- */

static struct vrdma_listener *vrdma_audience_listener(struct vrdma_audience *aud,
						      const union ib_gid *gid)
{
	unsigned int i;

	for (i = 0; i < aud->nr; i++)
		if (!memcmp(&aud->listeners[i].who.gid, gid, sizeof(*gid)))
			return &aud->listeners[i];
	return NULL;
}

/* Its place, or a free one, or one of somebody of whom nothing is known, at random. */
static struct vrdma_listener *vrdma_audience_place(struct vrdma_audience *aud,
						   const union ib_gid *gid)
{
	struct vrdma_listener *one = vrdma_audience_listener(aud, gid);
	unsigned int i, at;

	if (one)
		return one;
	if (aud->nr < VRDMA_MAX_MEMBERS)
		return &aud->listeners[aud->nr++];
	at = get_random_u32() % VRDMA_MAX_MEMBERS;
	for (i = 0; i < VRDMA_MAX_MEMBERS; i++) {
		one = &aud->listeners[(at + i) % VRDMA_MAX_MEMBERS];
		if (!one->proved)
			return one;
	}
	return NULL;
}

/* The audience that has asked what this answers. */
static struct vrdma_audience *vrdma_audiences_asked(struct vrdma_audiences *auds,
						    const struct vrdma_dgram *dgram,
						    const struct vrdma_resolve *msg)
{
	struct vrdma_audience *aud;

	lockdep_assert_held(&auds->lock);
	list_for_each_entry(aud, &auds->list, node)
		if (aud->nonce == msg->nonce && aud->round &&
		    !memcmp(&aud->group, msg->asked, sizeof(aud->group)) &&
		    !memcmp(&aud->sgid, &dgram->dst, sizeof(aud->sgid)))
			return aud;
	return NULL;
}

/* Of several answers of a round the first one counts; of strangers so many in a round. */
static bool vrdma_audience_wants(struct vrdma_resolver *res, struct vrdma_audience *aud,
				 const union ib_gid *gid)
{
	struct vrdma_listener *one = vrdma_audience_listener(aud, gid);

	if (one)
		return one->round != aud->round;
	if (aud->added == VRDMA_MAX_MEMBERS) {
		vrdma_stat_inc(res->dev, resolver_group_full);
		return false;
	}
	aud->added++;
	return true;
}

/*
 * A group has no address that an answer must come from, so anybody can say that he
 * listens.  What he says of himself is not believed: where his address lives is asked
 * of the address, as for any datagram to it.  True: that is known already.
 */
static bool vrdma_audience_prove(struct vrdma_resolver *res, const union ib_gid *sgid,
				 const union ib_gid *gid)
{
	struct vrdma_where where;
	struct vrdma_route *route;
	bool proved;

	route = vrdma_route_get(res->dev, sgid, gid, VRDMA_ROUTE_REASK_MS, GFP_KERNEL);
	if (!route)
		return false;
	proved = vrdma_route_last(route, &where) == VRDMA_ROUTE_VALID;
	vrdma_route_put(route);
	return proved;
}

static void vrdma_audience_hear(struct vrdma_resolver *res, struct vrdma_audience *aud,
				const union ib_gid *gid, u64 token, bool proved)
{
	struct vrdma_listener *one = vrdma_audience_place(aud, gid);

	if (!one) {
		vrdma_stat_inc(res->dev, resolver_group_full);
		return;
	}
	one->who.gid = *gid;
	one->who.token = token;
	one->round = aud->round;
	one->proved = proved;
	vrdma_stat_inc(res->dev, resolver_answers);
}

bool vrdma_audiences_answer(struct vrdma_resolver *res, const struct vrdma_dgram *dgram,
			    const struct vrdma_resolve *msg)
{
	struct vrdma_audiences *auds = &res->audiences;
	struct vrdma_audience *aud;
	bool wanted, proved;

	if (!vrdma_gid_askable(&dgram->src))
		return false;
	spin_lock(&auds->lock);
	aud = vrdma_audiences_asked(auds, dgram, msg);
	wanted = aud && vrdma_audience_wants(res, aud, &dgram->src);
	spin_unlock(&auds->lock);
	if (!wanted)
		return aud;

	proved = vrdma_audience_prove(res, &dgram->dst, &dgram->src);
	spin_lock(&auds->lock);
	aud = vrdma_audiences_asked(auds, dgram, msg);
	if (aud)
		vrdma_audience_hear(res, aud, &dgram->src, msg->token, proved);
	spin_unlock(&auds->lock);
	return true;
}

/* ---- what senders see ---- */

/* Put @aud in the place of the one that was not used for longest, if need be. */
static bool vrdma_audiences_add(struct vrdma_audiences *auds, struct vrdma_audience *aud)
{
	struct vrdma_audience *oldest;

	if (auds->count >= VRDMA_MAX_AUDIENCES) {
		oldest = list_last_entry(&auds->list, struct vrdma_audience, node);
		if (oldest->busy)
			return false;
		list_del(&oldest->node);
		auds->count--;
		kfree(oldest);
	}
	list_add(&aud->node, &auds->list);
	auds->count++;
	return true;
}

static struct vrdma_audience *vrdma_audience_alloc(const union ib_gid *sgid,
						   const union ib_gid *group, u8 ttl)
{
	struct vrdma_audience *aud;

	aud = kzalloc(sizeof(*aud), GFP_KERNEL_ACCOUNT);
	if (!aud)
		return NULL;
	aud->sgid = *sgid;
	aud->group = *group;
	aud->ttl = ttl;
	return aud;
}

/* See that it is asked as often as a group that is in use. */
static void vrdma_audience_freshen(struct vrdma_resolver *res, struct vrdma_audience *aud)
{
	unsigned long now = jiffies;

	if (aud->asking)
		return;
	if (!aud->ready || time_after(now, aud->began + msecs_to_jiffies(VRDMA_GROUP_STALE_MS)))
		vrdma_audience_begin(res, aud, true);
	else if (time_after(now, aud->began + msecs_to_jiffies(VRDMA_GROUP_REASK_MS)))
		vrdma_audience_begin(res, aud, false);
}

static int vrdma_audience_read(const struct vrdma_audience *aud, struct vrdma_members *members)
{
	unsigned int i;

	if (!aud->ready)
		return -EAGAIN;
	members->nr = aud->nr;
	members->fresh = time_before(jiffies, aud->born + msecs_to_jiffies(VRDMA_GROUP_HOLD_MS));
	for (i = 0; i < aud->nr; i++)
		members->member[i] = aud->listeners[i].who;
	return 0;
}

/**
 * vrdma_audience_get - who listens to a group?
 * @dev: that wants to send
 * @sgid: its address
 * @group: the group's
 * @ttl: of what is sent
 * @members: filled on success
 *
 * While a group is sent to it is asked again each second, and what was last heard is used
 * meanwhile.
 *
 * Return: 0; -EAGAIN while nothing is known yet; -ENOMEM; -EHOSTUNREACH.
 */
int vrdma_audience_get(struct vrdma_device *dev, const union ib_gid *sgid,
		       const union ib_gid *group, u8 ttl, struct vrdma_members *members)
{
	struct vrdma_resolver *res = dev->resolver;
	struct vrdma_audiences *auds = &res->audiences;
	struct vrdma_audience *fresh = NULL;
	struct vrdma_audience *aud;
	int err = -EHOSTUNREACH;

	spin_lock(&auds->lock);
	aud = vrdma_audiences_find(auds, sgid, group, ttl);
	if (!aud) {
		spin_unlock(&auds->lock);
		fresh = vrdma_audience_alloc(sgid, group, ttl);
		if (!fresh)
			return -ENOMEM;
		spin_lock(&auds->lock);
		aud = vrdma_audiences_find(auds, sgid, group, ttl);
	}
	if (!aud && !auds->stopped && vrdma_audiences_add(auds, fresh)) {
		aud = fresh;
		fresh = NULL;
	}
	if (aud && !auds->stopped) {
		list_move(&aud->node, &auds->list);
		vrdma_audience_freshen(res, aud);
		err = vrdma_audience_read(aud, members);
	}
	spin_unlock(&auds->lock);
	kfree(fresh);
	return err;
}

/* ---- life ---- */

void vrdma_audiences_init(struct vrdma_resolver *res)
{
	struct vrdma_audiences *auds = &res->audiences;

	spin_lock_init(&auds->lock);
	INIT_LIST_HEAD(&auds->list);
	INIT_DELAYED_WORK(&auds->work, vrdma_audiences_work);
}

void vrdma_audiences_stop(struct vrdma_resolver *res)
{
	spin_lock(&res->audiences.lock);
	res->audiences.stopped = true;
	spin_unlock(&res->audiences.lock);
	cancel_delayed_work_sync(&res->audiences.work);
}

/**
 * vrdma_audiences_destroy - forget all
 * @res: stopped
 */
void vrdma_audiences_destroy(struct vrdma_resolver *res)
{
	struct vrdma_audience *aud, *next;

	list_for_each_entry_safe(aud, next, &res->audiences.list, node)
		kfree(aud);
}

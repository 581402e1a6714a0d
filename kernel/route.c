// SPDX-License-Identifier: GPL-2.0
/* Routes: what a device has been told of where GIDs live. */
#include "route.h"

#include <linux/jhash.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <net/ipv6.h>

#include "limits.h"
#include "rnet.h"
#include "stats.h"
#include "vdev.h"
#include "wire.h"

/**
 * struct vrdma_route - from one of a device's addresses to a GID
 * @res: whose
 * @sgid: asks
 * @dgid: is asked
 * @hash_node: in @res->hash
 * @idle: in @res->idle while @users is 0
 * @users: references
 * @due_node: in @res->due, or empty
 * @due: when, in jiffies
 * @changed: in @res->changed, or empty
 * @watches: to be told of changes
 * @todo: those of them that have not heard of the last one
 * @nr_watches: on both lists
 * @state: enum vrdma_route_state
 * @where: the last answer, while @known
 * @nonce: of the round of questions that runs
 * @asked: when the last round began, in jiffies
 * @answered: when the last answer came
 * @lost: when it was lost
 * @tries: questions sent in this round
 * @misses: rounds without an answer in a row
 * @known: answered, and not lost since
 * @asking: a round of questions runs
 * @want: one is to begin
 * @tell: somebody waits for the next answer even if it says nothing new
 *
 * All under @res->lock but for what is fixed.
 */
struct vrdma_route {
	struct vrdma_resolver *res;
	union ib_gid sgid;
	union ib_gid dgid;
	struct hlist_node hash_node;
	struct list_head idle;
	unsigned int users;
	struct rb_node due_node;
	unsigned long due;
	struct list_head changed;
	struct list_head watches;
	struct list_head todo;
	unsigned int nr_watches;
	enum vrdma_route_state state;
	struct vrdma_where where;
	u64 nonce;
	unsigned long asked;
	unsigned long answered;
	unsigned long lost;
	u8 tries;
	u8 misses;
	bool known;
	bool asking;
	bool want;
	bool tell;
};

/* Datagrams, misses and callbacks of one run of the work. */
#define VRDMA_ROUTE_BATCH	64

static bool vrdma_route_less(struct rb_node *a, const struct rb_node *b)
{
	return time_before(rb_entry(a, struct vrdma_route, due_node)->due,
			   rb_entry(b, struct vrdma_route, due_node)->due);
}

static struct vrdma_route *vrdma_routes_first_due(struct vrdma_resolver *res)
{
	return rb_entry_safe(rb_first_cached(&res->due), struct vrdma_route, due_node);
}

/* Let the work run when there is next something to do. */
static void vrdma_routes_arm(struct vrdma_resolver *res)
{
	struct vrdma_route *first = vrdma_routes_first_due(res);
	unsigned long now = jiffies;
	unsigned long delay = 0;

	lockdep_assert_held(&res->lock);
	if (res->stopped)
		return;
	if (list_empty(&res->changed) && !test_bit(VRDMA_RESOLVER_RECHECK, &res->flags)) {
		if (!first)
			return;
		if (time_after(first->due, now))
			delay = first->due - now;
	}
	mod_delayed_work(vrdma_wq, &res->work, delay);
}

static void vrdma_route_not_due(struct vrdma_route *route)
{
	if (RB_EMPTY_NODE(&route->due_node))
		return;
	rb_erase_cached(&route->due_node, &route->res->due);
	RB_CLEAR_NODE(&route->due_node);
}

static void vrdma_route_due_at(struct vrdma_route *route, unsigned long when)
{
	vrdma_route_not_due(route);
	route->due = when;
	rb_add_cached(&route->due_node, &route->res->due, vrdma_route_less);
	if (vrdma_routes_first_due(route->res) == route)
		vrdma_routes_arm(route->res);
}

/* Not all routes of all devices at once: up to an eighth sooner. */
static unsigned long vrdma_route_reask_delay(void)
{
	return msecs_to_jiffies(VRDMA_ROUTE_REASK_MS -
				get_random_u32() % (VRDMA_ROUTE_REASK_MS / 8));
}

static void vrdma_route_tell(struct vrdma_route *route)
{
	route->tell = false;
	if (!route->nr_watches || !list_empty(&route->changed))
		return;
	list_add_tail(&route->changed, &route->res->changed);
	vrdma_routes_arm(route->res);
}

static u32 vrdma_routes_bucket(const struct vrdma_resolver *res, const union ib_gid *sgid,
			       const union ib_gid *dgid)
{
	u32 hash;

	hash = jhash2((const u32 *)sgid->raw, sizeof(*sgid) / sizeof(u32), res->seed);
	hash = jhash2((const u32 *)dgid->raw, sizeof(*dgid) / sizeof(u32), hash);
	return hash % ARRAY_SIZE(res->hash);
}

static struct vrdma_route *vrdma_routes_find(struct vrdma_resolver *res,
					     const union ib_gid *sgid,
					     const union ib_gid *dgid)
{
	struct vrdma_route *route;

	lockdep_assert_held(&res->lock);
	hlist_for_each_entry(route, &res->hash[vrdma_routes_bucket(res, sgid, dgid)], hash_node)
		if (!memcmp(&route->sgid, sgid, sizeof(*sgid)) &&
		    !memcmp(&route->dgid, dgid, sizeof(*dgid)))
			return route;
	return NULL;
}

static void vrdma_route_forget(struct vrdma_route *route)
{
	struct vrdma_resolver *res = route->res;

	lockdep_assert_held(&res->lock);
	vrdma_route_not_due(route);
	hlist_del(&route->hash_node);
	list_del(&route->idle);
	list_del(&route->changed);
	res->count--;
	kfree(route);
}

static void vrdma_route_hold(struct vrdma_route *route)
{
	if (!route->users++)
		list_del_init(&route->idle);
}

static void vrdma_route_release(struct vrdma_route *route)
{
	struct vrdma_resolver *res = route->res;

	if (--route->users)
		return;
	list_add_tail(&route->idle, &res->idle);
	if (res->stopped) {
		vrdma_route_forget(route);
	} else if (!route->asking && !route->want) {
		/* What is wanted is asked all the same: a datagram holds for a moment only. */
		vrdma_route_due_at(route, jiffies + msecs_to_jiffies(VRDMA_ROUTE_IDLE_MS));
	}
}

/**
 * vrdma_gid_askable - is it an address that a single host may have?
 * @gid: any
 */
bool vrdma_gid_askable(const union ib_gid *gid)
{
	const struct in6_addr *addr = (const struct in6_addr *)gid->raw;
	__be32 ipv4 = vrdma_gid_ipv4(gid);
	int type;

	if (vrdma_gid_is_ipv4(gid))
		return !ipv4_is_multicast(ipv4) && !ipv4_is_lbcast(ipv4) &&
		       !ipv4_is_zeronet(ipv4) && !ipv4_is_loopback(ipv4);
	type = ipv6_addr_type(addr);
	return (type & IPV6_ADDR_UNICAST) && !(type & IPV6_ADDR_LOOPBACK);
}

/* Could a program of the container ask from that address, on that netdev? */
static bool vrdma_route_askable(const struct vrdma_route *route)
{
	const struct vrdma_resolver *res = route->res;
	const struct net_device *ndev = res->dev->ndev;

	return netif_running(ndev) && vrdma_gid_askable(&route->dgid) &&
	       vrdma_gid_is_ipv4(&route->sgid) == vrdma_gid_is_ipv4(&route->dgid) &&
	       vrdma_rnet_owns(res->rnet->net, ndev, &route->sgid, false);
}

/* A watched route is asked for all the same: the cable may be put back. */
static void vrdma_route_lose(struct vrdma_route *route)
{
	route->asking = false;
	route->want = false;
	route->known = false;
	route->misses = 0;
	route->lost = jiffies;
	if (route->state != VRDMA_ROUTE_LOST) {
		route->state = VRDMA_ROUTE_LOST;
		vrdma_route_tell(route);
	}
	if (route->nr_watches)
		vrdma_route_due_at(route, jiffies + vrdma_route_reask_delay());
}

/* A round went unanswered: for whoever is bound the first of several. */
static void vrdma_route_miss(struct vrdma_route *route)
{
	vrdma_stat_inc(route->res->dev, resolver_misses);
	route->asking = false;
	if (!route->known || !route->nr_watches || ++route->misses >= VRDMA_ROUTE_MISSES) {
		vrdma_route_lose(route);
	} else if (route->state == VRDMA_ROUTE_ASKING) {
		route->want = true;
		vrdma_route_due_at(route, jiffies + msecs_to_jiffies(VRDMA_ROUTE_NEGATIVE_MS));
	} else {
		vrdma_route_due_at(route, route->asked + vrdma_route_reask_delay());
	}
}

static void vrdma_route_begin(struct vrdma_route *route)
{
	route->asking = true;
	route->want = false;
	route->tries = 0;
	route->nonce = get_random_u64();
	route->asked = jiffies;
}

/* Send a question; the lock is dropped meanwhile, the answer may come in. */
static void vrdma_route_send(struct vrdma_route *route)
	__must_hold(&route->res->lock)
{
	struct vrdma_resolver *res = route->res;
	struct vrdma_resolve msg = { .type = VRDMA_WIRE_QUERY, .nonce = route->nonce };
	struct vrdma_dgram dgram = { .src = route->sgid, .dst = route->dgid };

	spin_unlock_irq(&res->lock);
	memcpy(msg.asked, &dgram.dst, sizeof(msg.asked));
	memcpy(msg.asker, &dgram.src, sizeof(msg.asker));
	dgram.ifindex = READ_ONCE(res->dev->ndev->ifindex);
	vrdma_resolve_build(&dgram.wire, &msg);
	vrdma_stat_inc(res->dev, resolver_queries);
	/* Refused by a rule or for want of a route: as good as lost on the way. */
	vrdma_rnet_send(res->rnet, &dgram);
	spin_lock_irq(&res->lock);
}

static void vrdma_route_ask(struct vrdma_route *route)
{
	u64 wait;

	if (!vrdma_route_askable(route)) {
		vrdma_route_lose(route);
		return;
	}
	wait = vrdma_bucket_take(&route->res->questions, ktime_get_ns(),
				 VRDMA_ASK_RATE, VRDMA_ASK_BURST);
	if (wait) {
		vrdma_route_due_at(route, jiffies + nsecs_to_jiffies(wait) + 1);
		return;
	}
	if (!route->asking)
		vrdma_route_begin(route);
	vrdma_route_due_at(route,
			   jiffies + msecs_to_jiffies(VRDMA_ASK_FIRST_MS << route->tries++));
	vrdma_route_send(route);
}

/* Its time has come. */
static void vrdma_route_step(struct vrdma_route *route)
{
	vrdma_route_not_due(route);
	if (!route->users && !route->asking && !route->want) {
		vrdma_route_forget(route);
		return;
	}
	vrdma_route_hold(route);
	if (route->asking && route->tries == VRDMA_ASK_TRIES)
		vrdma_route_miss(route);
	else if (route->asking || route->want || route->nr_watches)
		vrdma_route_ask(route);
	vrdma_route_release(route);
}

/* Tell the watchers, without the lock; vrdma_route_unwatch() waits for @calling. */
static void vrdma_route_call(struct vrdma_route *route)
{
	struct vrdma_resolver *res = route->res;
	struct vrdma_route_watch *watch;

	list_del_init(&route->changed);
	vrdma_route_hold(route);
	list_splice_init(&route->watches, &route->todo);
	while (!list_empty(&route->todo)) {
		watch = list_first_entry(&route->todo, struct vrdma_route_watch, node);
		list_move_tail(&watch->node, &route->watches);
		WRITE_ONCE(res->calling, watch);
		spin_unlock_irq(&res->lock);
		watch->changed(watch);
		spin_lock_irq(&res->lock);
		smp_store_release(&res->calling, NULL);	/* vrdma_route_unwatch() */
		wake_up_all(&res->waiting);
	}
	vrdma_route_release(route);
}

/* Our end is gone: no need to ask. */
static void vrdma_routes_lose_ours(struct vrdma_resolver *res)
{
	struct vrdma_route *route;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(res->hash); i++) {
		spin_lock_irq(&res->lock);
		hlist_for_each_entry(route, &res->hash[i], hash_node)
			if (route->state != VRDMA_ROUTE_LOST && !vrdma_route_askable(route))
				vrdma_route_lose(route);
		spin_unlock_irq(&res->lock);
		cond_resched();
	}
}

static bool vrdma_routes_next(struct vrdma_resolver *res)
{
	struct vrdma_route *route;

	route = list_first_entry_or_null(&res->changed, struct vrdma_route, changed);
	if (route) {
		vrdma_route_call(route);
		return true;
	}
	route = vrdma_routes_first_due(res);
	if (!route || time_after(route->due, jiffies))
		return false;
	vrdma_route_step(route);
	return true;
}

static void vrdma_routes_work(struct work_struct *work)
{
	struct vrdma_resolver *res = container_of(to_delayed_work(work),
						  struct vrdma_resolver, work);
	int i;

	if (test_and_clear_bit(VRDMA_RESOLVER_RECHECK, &res->flags))
		vrdma_routes_lose_ours(res);
	spin_lock_irq(&res->lock);
	for (i = 0; i < VRDMA_ROUTE_BATCH && !res->stopped; i++)
		if (!vrdma_routes_next(res))
			break;
	vrdma_routes_arm(res);
	spin_unlock_irq(&res->lock);
}

void vrdma_routes_recheck(struct vrdma_resolver *res)
{
	unsigned long flags;

	set_bit(VRDMA_RESOLVER_RECHECK, &res->flags);
	spin_lock_irqsave(&res->lock, flags);
	vrdma_routes_arm(res);
	spin_unlock_irqrestore(&res->lock, flags);
}

/* Tokens change with time and are no news. */
static bool vrdma_where_same(const struct vrdma_where *a, const struct vrdma_where *b)
{
	return a->device == b->device && a->nr_hcas == b->nr_hcas &&
	       !memcmp(a->host, b->host, sizeof(a->host)) &&
	       !memcmp(a->hcas, b->hcas, sizeof(a->hcas));
}

static void vrdma_route_found(struct vrdma_route *route, const struct vrdma_where *where)
{
	bool news = route->state != VRDMA_ROUTE_VALID || route->tell ||
		    !vrdma_where_same(&route->where, where);

	route->where = *where;
	route->state = VRDMA_ROUTE_VALID;
	route->known = true;
	route->asking = false;
	route->misses = 0;
	route->answered = jiffies;
	if (news)
		vrdma_route_tell(route);
	if (!route->users)
		vrdma_route_due_at(route, jiffies + msecs_to_jiffies(VRDMA_ROUTE_IDLE_MS));
	else
		vrdma_route_due_at(route, jiffies + vrdma_route_reask_delay());
}

bool vrdma_routes_answer(struct vrdma_resolver *res, const struct vrdma_dgram *dgram,
			 const struct vrdma_resolve *msg)
{
	struct vrdma_where where = {
		.device = msg->device,
		.token = msg->token,
		.nr_hcas = msg->hca_count,
	};
	struct vrdma_route *route;
	unsigned long flags;
	bool good;

	memcpy(where.host, msg->host, sizeof(where.host));
	where.local = !memcmp(where.host, vrdma_host_id, sizeof(where.host));
	memcpy(where.hcas, msg->hca, sizeof(where.hcas));

	spin_lock_irqsave(&res->lock, flags);
	route = vrdma_routes_find(res, &dgram->dst, &dgram->src);
	good = route && route->tries && route->nonce == msg->nonce;
	/* A repeated question has more than one answer; the first one counts. */
	if (good && route->asking) {
		vrdma_stat_inc(res->dev, resolver_answers);
		vrdma_route_found(route, &where);
	}
	spin_unlock_irqrestore(&res->lock, flags);
	return good;
}

/* Begin a round unless one runs, which will do. */
static void vrdma_route_want(struct vrdma_route *route, unsigned long when)
{
	if (route->asking || route->want)
		return;
	route->want = true;
	vrdma_route_due_at(route, when);
}

/* See that the route is as fresh as a get wants it. */
static void vrdma_route_freshen(struct vrdma_route *route, unsigned int max_age_ms)
{
	unsigned long now = jiffies;

	if (route->state == VRDMA_ROUTE_VALID &&
	    time_before(now, route->answered + msecs_to_jiffies(max_age_ms)))
		return;
	if (route->state == VRDMA_ROUTE_LOST &&
	    time_before(now, route->lost + msecs_to_jiffies(VRDMA_ROUTE_NEGATIVE_MS)))
		return;
	route->state = VRDMA_ROUTE_ASKING;
	vrdma_route_want(route, now);
}

static struct vrdma_route *vrdma_route_alloc(struct vrdma_resolver *res,
					     const union ib_gid *sgid,
					     const union ib_gid *dgid, gfp_t gfp)
{
	struct vrdma_route *route;

	route = kzalloc(sizeof(*route), gfp);
	if (!route)
		return NULL;
	route->res = res;
	route->sgid = *sgid;
	route->dgid = *dgid;
	route->state = VRDMA_ROUTE_ASKING;
	RB_CLEAR_NODE(&route->due_node);
	INIT_LIST_HEAD(&route->idle);
	INIT_LIST_HEAD(&route->changed);
	INIT_LIST_HEAD(&route->watches);
	INIT_LIST_HEAD(&route->todo);
	return route;
}

/* Add it in the place of the one that has been idle longest, if need be. */
static bool vrdma_routes_add(struct vrdma_resolver *res, struct vrdma_route *route)
{
	struct vrdma_route *oldest;

	if (res->count >= VRDMA_MAX_ROUTES) {
		oldest = list_first_entry_or_null(&res->idle, struct vrdma_route, idle);
		if (!oldest)
			return false;
		vrdma_route_forget(oldest);
	}
	hlist_add_head(&route->hash_node,
		       &res->hash[vrdma_routes_bucket(res, &route->sgid, &route->dgid)]);
	list_add_tail(&route->idle, &res->idle);
	res->count++;
	return true;
}

struct vrdma_route *vrdma_route_get(struct vrdma_device *dev, const union ib_gid *sgid,
				    const union ib_gid *dgid, unsigned int max_age_ms,
				    gfp_t gfp)
{
	struct vrdma_resolver *res = dev->resolver;
	struct vrdma_route *fresh = NULL;
	struct vrdma_route *route;
	unsigned long flags;

	spin_lock_irqsave(&res->lock, flags);
	route = vrdma_routes_find(res, sgid, dgid);
	if (!route) {
		spin_unlock_irqrestore(&res->lock, flags);
		fresh = vrdma_route_alloc(res, sgid, dgid, gfp);
		if (!fresh)
			return NULL;
		spin_lock_irqsave(&res->lock, flags);
		route = vrdma_routes_find(res, sgid, dgid);
	}
	if (res->stopped) {
		route = NULL;
	} else if (!route && vrdma_routes_add(res, fresh)) {
		route = fresh;
		fresh = NULL;
	}
	if (route) {
		vrdma_route_hold(route);
		vrdma_route_freshen(route, max_age_ms);
	}
	spin_unlock_irqrestore(&res->lock, flags);
	kfree(fresh);
	return route;
}

void vrdma_route_put(struct vrdma_route *route)
{
	struct vrdma_resolver *res = route->res;
	unsigned long flags;

	spin_lock_irqsave(&res->lock, flags);
	vrdma_route_release(route);
	spin_unlock_irqrestore(&res->lock, flags);
}

/* @known: an answer that is not lost will do while another is asked for. */
static enum vrdma_route_state vrdma_route_read(struct vrdma_route *route,
					       struct vrdma_where *where, bool known)
{
	struct vrdma_resolver *res = route->res;
	enum vrdma_route_state state;
	unsigned long flags;

	spin_lock_irqsave(&res->lock, flags);
	state = route->state;
	if (state == VRDMA_ROUTE_ASKING && known && route->known)
		state = VRDMA_ROUTE_VALID;
	if (state == VRDMA_ROUTE_VALID)
		*where = route->where;
	spin_unlock_irqrestore(&res->lock, flags);
	return state;
}

enum vrdma_route_state vrdma_route_state(struct vrdma_route *route, struct vrdma_where *where)
{
	return vrdma_route_read(route, where, false);
}

/**
 * vrdma_route_last - the state of a route to who need not have the newest
 * @route: held
 * @where: VALID: where the GID lived when it last answered
 *
 * A route that is asked again stays VALID until nobody has answered: datagrams need
 * not wait each time.  Any context.
 */
enum vrdma_route_state vrdma_route_last(struct vrdma_route *route, struct vrdma_where *where)
{
	return vrdma_route_read(route, where, true);
}

/**
 * vrdma_route_watch - be told of changes from now on
 * @route: held
 * @watch: not on any route; its memory stays until vrdma_route_unwatch()
 *
 * Does not call back for what is so already: read the state afterwards.
 */
void vrdma_route_watch(struct vrdma_route *route, struct vrdma_route_watch *watch)
{
	struct vrdma_resolver *res = route->res;
	unsigned long flags;

	spin_lock_irqsave(&res->lock, flags);
	list_add_tail(&watch->node, &route->watches);
	/* Until now it was due to be forgotten, or for nothing. */
	if (!route->nr_watches++ && !route->asking && !route->want)
		vrdma_route_due_at(route, route->asked + vrdma_route_reask_delay());
	spin_unlock_irqrestore(&res->lock, flags);
}

/**
 * vrdma_route_unwatch - no call from now on, and none that still runs
 * @route: held
 * @watch: on it
 *
 * Holds nothing that the callback takes; not for use in a callback.
 */
void vrdma_route_unwatch(struct vrdma_route *route, struct vrdma_route_watch *watch)
{
	struct vrdma_resolver *res = route->res;
	unsigned long flags;

	might_sleep();
	spin_lock_irqsave(&res->lock, flags);
	list_del_init(&watch->node);
	route->nr_watches--;
	spin_unlock_irqrestore(&res->lock, flags);
	/* Pairs with vrdma_route_call(). */
	wait_event(res->waiting, smp_load_acquire(&res->calling) != watch);
}

void vrdma_route_refresh(struct vrdma_route *route)
{
	struct vrdma_resolver *res = route->res;
	unsigned long flags, when;

	spin_lock_irqsave(&res->lock, flags);
	route->tell = true;
	if (route->state == VRDMA_ROUTE_LOST) {
		route->state = VRDMA_ROUTE_ASKING;
		when = route->lost + msecs_to_jiffies(VRDMA_ROUTE_NEGATIVE_MS);
	} else {
		when = route->asked + msecs_to_jiffies(VRDMA_ROUTE_REFRESH_MS);
	}
	vrdma_route_want(route, time_after(when, jiffies) ? when : jiffies);
	spin_unlock_irqrestore(&res->lock, flags);
}

void vrdma_routes_init(struct vrdma_resolver *res)
{
	spin_lock_init(&res->lock);
	INIT_LIST_HEAD(&res->idle);
	INIT_LIST_HEAD(&res->changed);
	init_waitqueue_head(&res->waiting);
	INIT_DELAYED_WORK(&res->work, vrdma_routes_work);
	res->due = RB_ROOT_CACHED;
	res->seed = get_random_u32();
}

void vrdma_routes_stop(struct vrdma_resolver *res)
{
	spin_lock_irq(&res->lock);
	res->stopped = true;
	spin_unlock_irq(&res->lock);
	cancel_delayed_work_sync(&res->work);
}

/**
 * vrdma_routes_destroy - free a resolver
 * @res: stopped; no route is held
 */
void vrdma_routes_destroy(struct vrdma_resolver *res)
{
	struct vrdma_route *route, *next;

	spin_lock_irq(&res->lock);
	list_for_each_entry_safe(route, next, &res->idle, idle)
		vrdma_route_forget(route);
	spin_unlock_irq(&res->lock);
	/* Better a leak than a holder's use of freed memory. */
	if (!WARN_ON_ONCE(res->count))
		kfree_rcu(res, rcu);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * The life of lanes.  One work per lane does all that changes its connection, so that
 * nothing of it runs twice at once and rdma_cm's handlers need not wait for anybody.
 */
#include "repair.h"

#include <linux/jhash.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/spinlock.h>

#include "bucket.h"
#include "channel.h"
#include "conn.h"
#include "hca.h"
#include "lane.h"
#include "limits.h"
#include "resolver.h"

/* First connections by address: nobody makes us flood a host that is not a peer. */
static struct vrdma_bucket vrdma_dial_buckets[VRDMA_DIAL_BUCKETS];
static DEFINE_SPINLOCK(vrdma_dial_lock); /* protects vrdma_dial_buckets; process context */

static unsigned long vrdma_ms_from_now(unsigned int ms)
{
	return jiffies + msecs_to_jiffies(ms);
}

void vrdma_repair_kick(struct vrdma_lane *lane)
{
	mod_delayed_work(vrdma_hca_wq, &lane->work, 0);
}

struct vrdma_conn *vrdma_repair_accept(struct vrdma_lane *lane, struct vrdma_conn *conn)
{
	struct vrdma_conn *old = xchg(&lane->request, conn);

	vrdma_repair_kick(lane);
	return old;
}

void vrdma_repair_poke(struct vrdma_lane *lane)
{
	set_bit(VRDMA_LANE_POKED, &lane->flags);
	vrdma_repair_kick(lane);
}

void vrdma_repair_break(struct vrdma_lane *lane, const char *why)
{
	WRITE_ONCE(lane->wanted, why);
	set_bit(VRDMA_LANE_BREAK, &lane->flags);
	vrdma_repair_kick(lane);
}

static bool vrdma_repair_is_self(const struct vrdma_channel *channel)
{
	return !memcmp(channel->host, vrdma_host_id, sizeof(channel->host));
}

/* The first lane finds out where the peer is. */
static bool vrdma_repair_is_due(const struct vrdma_lane *lane)
{
	/* Pairs with vrdma_channel_fix_locked(). */
	return !lane->index || smp_load_acquire(&lane->channel->fixed);
}

/*
 * Who is not the opener asks him to call, by a request that he refuses; but the
 * opener of a channel to oneself knows as well.
 */
static bool vrdma_repair_may_dial(const struct vrdma_lane *lane)
{
	const struct vrdma_channel *channel = lane->channel;

	return channel->opener ||
	       (atomic_read(&channel->holders) && !vrdma_repair_is_self(channel));
}

static void vrdma_repair_pause(struct vrdma_lane *lane)
{
	lane->next = vrdma_ms_from_now(lane->channel->opener ? lane->backoff :
							       VRDMA_LANE_POKE_MS);
	lane->backoff = min_t(unsigned int, lane->backoff * 2, VRDMA_LANE_RETRY_MAX_MS);
}

static void vrdma_repair_begin(struct vrdma_lane *lane)
{
	lane->active = true;
	lane->changed = jiffies;
	lane->next = jiffies;
	lane->backoff = VRDMA_LANE_RETRY_MS;
	if (!lane->channel->opener && lane->channel->fixed)
		vrdma_repair_pause(lane);
}

/* Is the connection, or the attempt, of no use? */
static bool vrdma_repair_has_failed(struct vrdma_lane *lane)
{
	struct vrdma_conn *conn = lane->conn;

	if (vrdma_conn_is(conn, VRDMA_CONN_BROKEN) || vrdma_conn_is(conn, VRDMA_CONN_REFUSED) ||
	    READ_ONCE(conn->hca->dead))
		return true;
	if (!lane->up)
		return time_after(jiffies, lane->deadline);
	/* Not for a poke that has crossed our repair. */
	return test_and_clear_bit(VRDMA_LANE_POKED, &lane->flags) &&
	       time_after(jiffies, lane->changed + msecs_to_jiffies(VRDMA_LANE_POKE_MS));
}

/* The peer has restarted: who opens now would speak to somebody else. */
static bool vrdma_repair_met_stranger(const struct vrdma_lane *lane)
{
	const struct vrdma_conn *conn = lane->conn;

	return (vrdma_conn_is(conn, VRDMA_CONN_REFUSED) ||
		vrdma_conn_is(conn, VRDMA_CONN_ESTABLISHED)) &&
	       memcmp(conn->hello.from, lane->channel->host, sizeof(conn->hello.from));
}

/* The old connection ends before there is a new one: it can do no more harm. */
static void vrdma_repair_fence(struct vrdma_lane *lane)
{
	const char *why = READ_ONCE(lane->conn->why) ?: "the peer, or its end";
	bool was_up = vrdma_lane_stop(lane);
	bool stranger = vrdma_repair_met_stranger(lane);

	vrdma_conn_close(lane->conn);
	lane->conn = NULL;
	if (was_up) {
		WRITE_ONCE(lane->why, why);
		lane->counts.errors++;
		lane->changed = jiffies;
		lane->backoff = VRDMA_LANE_RETRY_MS;
	}
	vrdma_repair_pause(lane);
	if (was_up)
		vrdma_lane_upper()->down(lane);
	if (stranger)
		vrdma_channel_end(lane->channel);
}

/* Milliseconds until that address may be called for the first time (again). */
static unsigned int vrdma_repair_dial_wait(const union ib_gid *to)
{
	u32 hash = jhash2((const u32 *)to->raw, sizeof(*to) / sizeof(u32), 0);
	u64 wait;

	spin_lock(&vrdma_dial_lock);
	wait = vrdma_bucket_take(&vrdma_dial_buckets[hash % VRDMA_DIAL_BUCKETS],
				 ktime_get_ns(), VRDMA_DIAL_RATE, 1);
	spin_unlock(&vrdma_dial_lock);
	return div_u64(wait + NSEC_PER_MSEC - 1, NSEC_PER_MSEC);
}

static void vrdma_repair_dial(struct vrdma_lane *lane)
{
	struct vrdma_channel *channel = lane->channel;
	bool fixed = smp_load_acquire(&channel->fixed); /* vrdma_channel_fix_locked() */
	const union ib_gid *to;
	struct vrdma_hca *hca;
	union ib_gid from;
	unsigned int wait;

	to = fixed ? &channel->addr : &channel->addrs[lane->tries % channel->nr_addrs];
	wait = fixed ? 0 : vrdma_repair_dial_wait(to);
	if (wait) {
		lane->next = vrdma_ms_from_now(wait);
		return;
	}
	lane->deadline = vrdma_ms_from_now(VRDMA_LANE_CONNECT_MS << min(lane->tries, 2U));
	lane->tries++;
	lane->attempts++;
	hca = vrdma_hca_get_to(fixed ? channel->hca : NULL, to, &from);
	if (hca)
		lane->conn = vrdma_conn_open(lane, hca, &from, to);
	if (!lane->conn)
		vrdma_repair_pause(lane);
}

static void vrdma_repair_hello(const struct vrdma_lane *lane, struct vrdma_hello *hello)
{
	*hello = (struct vrdma_hello) {
		.lane = lane->index,
		.lanes = lane->channel->nr_lanes,
		.epoch = (u32)lane->channel->incarnation << 16 | lane->attempts,
	};
	memcpy(hello->from, vrdma_host_id, sizeof(hello->from));
	memcpy(hello->to, lane->channel->host, sizeof(hello->to));
}

static void vrdma_repair_take(struct vrdma_lane *lane, struct vrdma_conn *request)
{
	struct vrdma_hello hello;

	lane->deadline = vrdma_ms_from_now(VRDMA_LANE_ACCEPT_MS);
	lane->conn = request;
	WRITE_ONCE(request->lane, lane);
	vrdma_repair_hello(lane, &hello);
	hello.epoch = request->hello.epoch;
	if (vrdma_conn_accept(request, lane, &hello))
		vrdma_conn_break(request, "no accept");
}

/* The reply to what we have asked for, from whom we have asked? */
static bool vrdma_repair_reply_ok(const struct vrdma_lane *lane)
{
	const struct vrdma_hello *reply = &lane->conn->hello;
	struct vrdma_hello asked;

	vrdma_repair_hello(lane, &asked);
	return lane->channel->opener && reply->lane == asked.lane &&
	       reply->lanes == asked.lanes && reply->epoch == asked.epoch &&
	       !memcmp(reply->from, asked.to, sizeof(asked.to)) &&
	       !memcmp(reply->to, asked.from, sizeof(asked.from));
}

/*
 * The opener speaks first, so that who accepts knows that its reply has arrived, and
 * because iWARP wants it so.
 */
static void vrdma_repair_come_up(struct vrdma_lane *lane)
{
	struct vrdma_conn *conn = lane->conn;

	if (!conn->accepts &&
	    (!vrdma_repair_reply_ok(lane) || !vrdma_channel_fix(lane->channel, conn))) {
		vrdma_conn_break(conn, "bad reply");
		return;
	}
	vrdma_lane_start(lane);
	lane->changed = jiffies;
	lane->tries = 0;
	lane->backoff = VRDMA_LANE_RETRY_MS;
	clear_bit(VRDMA_LANE_POKED, &lane->flags);
	if (lane->connections++)
		lane->counts.repairs++;
	vrdma_lane_upper()->up(lane);
	complete_all(&conn->opened);
	if (!conn->accepts)
		vrdma_lane_tell_credit(lane, true);
}

static void vrdma_repair_advance(struct vrdma_lane *lane)
{
	struct vrdma_conn *conn = lane->conn;
	struct vrdma_hello hello;
	int ret = 0;

	if (test_and_clear_bit(VRDMA_CONN_ADDRESS, &conn->flags))
		ret = vrdma_conn_route(conn);
	if (!ret && test_and_clear_bit(VRDMA_CONN_ROUTE, &conn->flags)) {
		vrdma_repair_hello(lane, &hello);
		ret = vrdma_conn_connect(conn, &hello);
	}
	if (ret)
		vrdma_conn_break(conn, "no connection");
	else if (!lane->up && vrdma_conn_is(conn, VRDMA_CONN_ESTABLISHED))
		vrdma_repair_come_up(lane);
}

static unsigned long vrdma_repair_given_up(const struct vrdma_lane *lane)
{
	return lane->changed + msecs_to_jiffies(VRDMA_LANE_GIVE_UP_MS);
}

static void vrdma_repair_try(struct vrdma_lane *lane)
{
	if (time_after(jiffies, vrdma_repair_given_up(lane)))
		vrdma_channel_end(lane->channel);
	else if (vrdma_repair_may_dial(lane) && !time_before(jiffies, lane->next))
		vrdma_repair_dial(lane);
}

static void vrdma_repair_finish(struct vrdma_lane *lane)
{
	lane->finished = true;
	vrdma_lane_close(lane);
	vrdma_lane_upper()->closed(lane);
	vrdma_channel_lane_ended(lane->channel);
}

static void vrdma_repair_step(struct vrdma_lane *lane)
{
	bool ending = READ_ONCE(lane->channel->ending);
	struct vrdma_conn *request;

	if (!lane->active && vrdma_repair_is_due(lane))
		vrdma_repair_begin(lane);
	if (test_and_clear_bit(VRDMA_LANE_BREAK, &lane->flags) && lane->up)
		vrdma_conn_break(lane->conn, READ_ONCE(lane->wanted));
	request = xchg(&lane->request, NULL);
	if (lane->conn && (ending || request || vrdma_repair_has_failed(lane)))
		vrdma_repair_fence(lane);
	if (ending) {
		if (request)
			vrdma_conn_close(request);
		vrdma_repair_finish(lane);
	} else if (request) {
		vrdma_repair_take(lane, request);
	} else if (lane->conn) {
		vrdma_repair_advance(lane);
	} else if (lane->active) {
		vrdma_repair_try(lane);
	}
}

/* When there is something to do again, but for what kicks; false: there is not. */
static bool vrdma_repair_next(const struct vrdma_lane *lane, unsigned long *when)
{
	if (lane->finished || !lane->active)
		return false;
	if (lane->up)
		return !lane->index && vrdma_channel_idle_from(lane->channel, when);
	if (lane->conn)
		*when = lane->deadline;
	else if (vrdma_repair_may_dial(lane) &&
		 time_before(lane->next, vrdma_repair_given_up(lane)))
		*when = lane->next;
	else
		*when = vrdma_repair_given_up(lane);
	return true;
}

static void vrdma_repair_work(struct work_struct *work)
{
	struct vrdma_lane *lane = container_of(to_delayed_work(work), struct vrdma_lane, work);
	unsigned long when;

	if (!lane->finished) {
		vrdma_repair_step(lane);
		if (lane->up && !lane->index)
			vrdma_channel_look_after(lane->channel);
	}
	vrdma_lane_wake(lane);
	vrdma_lane_tell_credit(lane, false);
	/* Not if somebody has kicked meanwhile: then it is pending, and sooner. */
	if (vrdma_repair_next(lane, &when))
		queue_delayed_work(vrdma_hca_wq, &lane->work,
				   time_after(when, jiffies) ? when - jiffies + 1 : 1);
}

void vrdma_repair_init(struct vrdma_lane *lane)
{
	INIT_DELAYED_WORK(&lane->work, vrdma_repair_work);
}

void vrdma_repair_exit(struct vrdma_lane *lane)
{
	cancel_delayed_work_sync(&lane->work);
}

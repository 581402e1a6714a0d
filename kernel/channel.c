// SPDX-License-Identifier: GPL-2.0
/* Channels: which there are, who holds them, and what connects to them. */
#include "channel.h"

#include <linux/debugfs.h>
#include <linux/moduleparam.h>
#include <linux/random.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "conn.h"
#include "hca.h"
#include "hello.h"
#include "limits.h"
#include "repair.h"
#include "resolver.h"
#include "vdev.h"

static unsigned int vrdma_lanes = VRDMA_LANES;
module_param_named(lanes, vrdma_lanes, uint, 0444);
MODULE_PARM_DESC(lanes, "queue pairs to each other host; all hosts need the same number");

static LIST_HEAD(vrdma_channels);
static LIST_HEAD(vrdma_channels_ending);
static LIST_HEAD(vrdma_requests);
static unsigned int vrdma_nr_requests;
static bool vrdma_channels_closed;
/*
 * Protects all of the above, each channel's fixed and what goes with it; process
 * context.  Under it: vrdma_hcas_lock, what queueing a work takes.
 */
static DEFINE_SPINLOCK(vrdma_channels_lock);

static atomic_t vrdma_nr_channels = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(vrdma_channels_none); /* the last has been freed */

static bool vrdma_gid_is_in(const union ib_gid *gid, const union ib_gid *gids, unsigned int nr)
{
	while (nr--)
		if (!memcmp(gid, &gids[nr], sizeof(*gid)))
			return true;
	return false;
}

/* Is the peer at one of these addresses, or may it be? */
static bool vrdma_channel_is_at(const struct vrdma_channel *channel, const union ib_gid *gids,
				unsigned int nr)
{
	unsigned int i;

	if (channel->fixed)
		return vrdma_gid_is_in(&channel->addr, gids, nr);
	for (i = 0; i < channel->nr_addrs; i++)
		if (vrdma_gid_is_in(&channel->addrs[i], gids, nr))
			return true;
	return false;
}

static struct vrdma_channel *vrdma_channel_find(const u8 *host, bool opener,
						const union ib_gid *gids, unsigned int nr)
{
	struct vrdma_channel *channel;

	lockdep_assert_held(&vrdma_channels_lock);
	list_for_each_entry(channel, &vrdma_channels, node)
		if (channel->opener == opener &&
		    !memcmp(channel->host, host, sizeof(channel->host)) &&
		    vrdma_channel_is_at(channel, gids, nr))
			return channel;
	return NULL;
}

/* Nobody holds its memory: not its lanes, for they have ended. */
static void vrdma_channel_free(struct work_struct *work)
{
	struct vrdma_channel *channel = container_of(work, struct vrdma_channel, free);
	unsigned int i;

	for (i = 0; i < channel->nr_lanes; i++) {
		vrdma_repair_exit(&channel->lanes[i]);
		vrdma_lane_free(&channel->lanes[i]);
	}
	spin_lock(&vrdma_channels_lock);
	list_del(&channel->node);
	spin_unlock(&vrdma_channels_lock);
	kfree(channel);
	if (atomic_dec_and_test(&vrdma_nr_channels))
		wake_up_all(&vrdma_channels_none);
}

static void vrdma_channel_drop(struct vrdma_channel *channel)
{
	if (refcount_dec_and_test(&channel->refs))
		queue_work(vrdma_hca_wq, &channel->free);
}

static struct vrdma_channel *vrdma_channel_alloc(const u8 *host, bool opener)
{
	struct vrdma_channel *channel;
	unsigned int i;

	if (!atomic_add_unless(&vrdma_nr_channels, 1, VRDMA_MAX_CHANNELS))
		return NULL;
	channel = kzalloc(struct_size(channel, lanes, vrdma_lanes), GFP_KERNEL);
	if (!channel) {
		atomic_dec(&vrdma_nr_channels);
		return NULL;
	}
	INIT_LIST_HEAD(&channel->node);
	channel->nr_lanes = vrdma_lanes;
	channel->opener = opener;
	channel->incarnation = get_random_u32();
	channel->used = jiffies;
	memcpy(channel->host, host, sizeof(channel->host));
	vrdma_regqp_slot_init(&channel->regqp);
	refcount_set(&channel->refs, 1); /* the table's; put in vrdma_channel_lane_ended() */
	atomic_set(&channel->lanes_left, vrdma_lanes);
	INIT_WORK(&channel->free, vrdma_channel_free);
	for (i = 0; i < vrdma_lanes; i++) {
		channel->lanes[i].channel = channel;
		channel->lanes[i].index = i;
		vrdma_lane_init(&channel->lanes[i]);
		vrdma_repair_init(&channel->lanes[i]);
	}
	return channel;
}

static void vrdma_channel_kick(struct vrdma_channel *channel)
{
	unsigned int i;

	for (i = 0; i < channel->nr_lanes; i++)
		vrdma_repair_kick(&channel->lanes[i]);
}

/* Nobody finds it any more; its lanes end. */
static void vrdma_channel_unlink(struct vrdma_channel *channel)
{
	lockdep_assert_held(&vrdma_channels_lock);
	list_move(&channel->node, &vrdma_channels_ending);
	WRITE_ONCE(channel->ending, true);
	vrdma_channel_kick(channel);
}

/**
 * vrdma_channel_end - end a channel
 * @channel: may be ending already
 *
 * Does not wait.  All its lanes will close.
 */
void vrdma_channel_end(struct vrdma_channel *channel)
{
	spin_lock(&vrdma_channels_lock);
	if (!channel->ending)
		vrdma_channel_unlink(channel);
	spin_unlock(&vrdma_channels_lock);
}

/**
 * vrdma_channel_idle_from - when it is time to look after a channel that nobody uses
 * @channel: its first lane is up
 * @when: jiffies
 *
 * Return: whether there will be such a time, as things are.
 */
bool vrdma_channel_idle_from(const struct vrdma_channel *channel, unsigned long *when)
{
	unsigned int ms = VRDMA_CHANNEL_IDLE_MS;

	*when = READ_ONCE(channel->used) + msecs_to_jiffies(channel->opener ? ms : 2 * ms);
	return !atomic_read(&channel->holders);
}

/**
 * vrdma_channel_look_after - end a channel for want of use, or see whether it has ended
 * @channel: its first lane is up
 *
 * Nothing, before the time of vrdma_channel_idle_from().  The opener alone ends it, for who
 * accepts cannot call back.  Where the opener should have done so and nothing was heard, it is
 * told of credit: a message that nobody uses, but his HCA acknowledges.  If it does not, the
 * lane breaks, and who does not come back for it has the channel end.
 */
void vrdma_channel_look_after(struct vrdma_channel *channel)
{
	unsigned long when;
	bool idle;

	spin_lock(&vrdma_channels_lock);
	idle = !channel->ending && vrdma_channel_idle_from(channel, &when) &&
	       time_after(jiffies, when);
	if (idle && channel->opener)
		vrdma_channel_unlink(channel);
	spin_unlock(&vrdma_channels_lock);
	if (!idle || channel->opener)
		return;
	vrdma_channel_used(channel);
	vrdma_lane_tell_credit(&channel->lanes[0], true);
}

/* One lane has; with the last of them the HCA is left alone. */
void vrdma_channel_lane_ended(struct vrdma_channel *channel)
{
	if (!atomic_dec_and_test(&channel->lanes_left))
		return;
	if (channel->hca)
		vrdma_hca_put(channel->hca);
	vrdma_channel_drop(channel);
}

/* The peer is where @conn leads to, on that HCA; lock held. */
static bool vrdma_channel_fix_locked(struct vrdma_channel *channel, struct vrdma_conn *conn)
{
	if (channel->fixed)
		return channel->hca == conn->hca;
	if (channel->ending || !vrdma_hca_get(conn->hca))
		return false;
	channel->addr = conn->addr;
	channel->hca = conn->hca; /* put in vrdma_channel_lane_ended() */
	smp_store_release(&channel->fixed, true); /* pairs with vrdma_repair_is_due() */
	vrdma_channel_kick(channel);
	return true;
}

/**
 * vrdma_channel_fix - the peer has answered: bind the channel to where it is
 * @channel: opened by us
 * @conn: on which it did
 *
 * Return: whether @channel is where @conn leads to.
 */
bool vrdma_channel_fix(struct vrdma_channel *channel, struct vrdma_conn *conn)
{
	bool good;

	spin_lock(&vrdma_channels_lock);
	good = vrdma_channel_fix_locked(channel, conn);
	spin_unlock(&vrdma_channels_lock);
	return good;
}

static void vrdma_channel_add_addresses(struct vrdma_channel *channel,
					const union ib_gid *gids, unsigned int nr)
{
	struct vrdma_hca *hca;
	union ib_gid from;
	unsigned int i;

	for (i = 0; i < min_t(unsigned int, nr, VRDMA_WIRE_HCAS); i++) {
		hca = vrdma_hca_get_to(NULL, &gids[i], &from);
		if (!hca)
			continue;
		vrdma_hca_put(hca);
		channel->addrs[channel->nr_addrs++] = gids[i];
	}
}

void vrdma_channel_hold(struct vrdma_channel *channel)
{
	atomic_inc(&channel->holders);
	refcount_inc(&channel->refs); /* put in vrdma_channel_put() */
}

void vrdma_channel_put(struct vrdma_channel *channel)
{
	vrdma_channel_used(channel);
	if (atomic_dec_and_test(&channel->holders))
		vrdma_repair_kick(&channel->lanes[0]);
	vrdma_channel_drop(channel);
}

static struct vrdma_channel *vrdma_channel_find_hold(const u8 *host, bool opener,
						     const union ib_gid *gids, unsigned int nr)
{
	struct vrdma_channel *channel;

	spin_lock(&vrdma_channels_lock);
	channel = vrdma_channel_find(host, opener, gids, nr);
	if (channel)
		vrdma_channel_hold(channel);
	spin_unlock(&vrdma_channels_lock);
	return channel;
}

/* It was never in the table. */
static void vrdma_channel_discard(struct vrdma_channel *channel)
{
	if (channel)
		vrdma_channel_drop(channel);
}

/* How many there are, or have not quite ended, because @asker asked. */
static unsigned int vrdma_channels_asked_by(const union ib_gid *asker,
					    const struct list_head *channels)
{
	const struct vrdma_channel *channel;
	unsigned int nr = 0;

	list_for_each_entry(channel, channels, node)
		nr += !memcmp(&channel->asker, asker, sizeof(*asker));
	return nr;
}

/*
 * May @asker make us have one more?  Otherwise the one of its that was of use the longest
 * ago ends, to make room for the next attempt: it may be of a host that died and came back
 * with another name, and who accepted it would never notice.
 */
static bool vrdma_channel_has_room(const union ib_gid *asker)
{
	struct vrdma_channel *channel, *oldest = NULL;
	unsigned int ending, nr;

	lockdep_assert_held(&vrdma_channels_lock);
	ending = vrdma_channels_asked_by(asker, &vrdma_channels_ending);
	nr = vrdma_channels_asked_by(asker, &vrdma_channels);
	if (nr + ending < VRDMA_ADDRESS_CHANNELS)
		return true;
	if (ending)
		return false;
	list_for_each_entry(channel, &vrdma_channels, node)
		if (!memcmp(&channel->asker, asker, sizeof(*asker)) &&
		    (!oldest || time_before(READ_ONCE(channel->used), READ_ONCE(oldest->used))))
			oldest = channel;
	vrdma_channel_unlink(oldest);
	return false;
}

/* @fresh is to be found from now on. */
static void vrdma_channel_add(struct vrdma_channel *fresh, const union ib_gid *asker)
{
	lockdep_assert_held(&vrdma_channels_lock);
	if (asker)
		fresh->asker = *asker;
	list_add_tail(&fresh->node, &vrdma_channels);
}

/* @asker: who asks for it; NULL: we do. */
static struct vrdma_channel *vrdma_channel_create(const u8 *host, bool opener,
						  const union ib_gid *gids, unsigned int nr,
						  const union ib_gid *asker)
{
	struct vrdma_channel *channel = NULL;
	struct vrdma_channel *fresh;

	fresh = vrdma_channel_alloc(host, opener);
	if (!fresh)
		return NULL;
	vrdma_channel_add_addresses(fresh, gids, nr);
	spin_lock(&vrdma_channels_lock);
	if (!vrdma_channels_closed)
		channel = vrdma_channel_find(host, opener, gids, nr);
	if (!channel && !vrdma_channels_closed && fresh->nr_addrs &&
	    (!asker || vrdma_channel_has_room(asker))) {
		swap(channel, fresh);
		vrdma_channel_add(channel, asker);
		vrdma_repair_kick(&channel->lanes[0]);
	}
	if (channel)
		vrdma_channel_hold(channel);
	spin_unlock(&vrdma_channels_lock);
	vrdma_channel_discard(fresh);
	return channel;
}

static struct vrdma_channel *vrdma_channel_get_for(const u8 *host, const union ib_gid *hcas,
						   unsigned int nr_hcas,
						   const union ib_gid *asker)
{
	bool opener = memcmp(vrdma_host_id, host, sizeof(vrdma_host_id)) <= 0;
	struct vrdma_channel *channel;

	channel = vrdma_channel_find_hold(host, opener, hcas, nr_hcas);
	if (!channel)
		channel = vrdma_channel_create(host, opener, hcas, nr_hcas, asker);
	return channel;
}

struct vrdma_channel *vrdma_channel_get(const u8 *host, const union ib_gid *hcas,
					unsigned int nr_hcas)
{
	return vrdma_channel_get_for(host, hcas, nr_hcas, NULL);
}

struct vrdma_lane *vrdma_channel_lane(struct vrdma_channel *channel, u32 hash)
{
	return &channel->lanes[hash % channel->nr_lanes];
}

struct vrdma_channel *vrdma_lane_channel(struct vrdma_lane *lane)
{
	return lane->channel;
}

const union ib_gid *vrdma_lane_address(const struct vrdma_lane *lane)
{
	/* Pairs with vrdma_channel_fix_locked(). */
	return smp_load_acquire(&lane->channel->fixed) ? &lane->channel->addr : NULL;
}

/*
 * A host that claims another one's name has a channel of its own, to its own address; and
 * one that was made for addresses of several answers may have met either.
 */
bool vrdma_lane_leads_to(const struct vrdma_lane *lane, const struct vrdma_where *where)
{
	const union ib_gid *addr = vrdma_lane_address(lane);

	return addr ? vrdma_where_names(where, lane->channel->host, addr) :
		      !memcmp(where->host, lane->channel->host, sizeof(where->host));
}

/*
 * Requests: queued by rdma_cm's handlers, seen to by work.
 */

bool vrdma_channel_wants(const struct vrdma_hello *hello, const union ib_gid *from)
{
	const struct vrdma_conn *conn;
	unsigned int nr = 0;
	bool room;

	spin_lock(&vrdma_channels_lock);
	list_for_each_entry(conn, &vrdma_requests, node)
		nr += !memcmp(&conn->addr, from, sizeof(*from));
	room = !vrdma_channels_closed && vrdma_nr_requests < VRDMA_MAX_REQUESTS &&
	       nr < VRDMA_ADDRESS_REQUESTS;
	spin_unlock(&vrdma_channels_lock);
	return room && hello->lanes == vrdma_lanes && hello->lane < vrdma_lanes;
}

/* The channel of a request, if it may have one: @fresh, or one there is. */
static struct vrdma_channel *vrdma_channel_of_request(const struct vrdma_conn *conn,
						      struct vrdma_channel **fresh)
{
	u16 incarnation = conn->hello.epoch >> 16;
	struct vrdma_channel *channel;

	lockdep_assert_held(&vrdma_channels_lock);
	if (vrdma_channels_closed)
		return NULL;
	channel = vrdma_channel_find(conn->hello.from, false, &conn->addr, 1);
	if (channel && channel->fixed && channel->incarnation == incarnation)
		return channel;
	/* The opener begins, or begins anew, with its first lane. */
	if (conn->hello.lane)
		return NULL;
	if (channel && channel->fixed) {
		vrdma_channel_unlink(channel);
		channel = NULL;
	}
	if (!channel && *fresh && vrdma_channel_has_room(&conn->addr)) {
		swap(channel, *fresh);
		vrdma_channel_add(channel, &conn->addr);
	}
	if (channel)
		channel->incarnation = incarnation;
	return channel;
}

/* Somebody opens a lane: let its work take the connection. */
static void vrdma_channel_admit(struct vrdma_conn *conn)
{
	struct vrdma_conn *refused = conn;
	struct vrdma_channel *channel;
	struct vrdma_channel *fresh;

	fresh = vrdma_channel_alloc(conn->hello.from, false);
	spin_lock(&vrdma_channels_lock);
	channel = vrdma_channel_of_request(conn, &fresh);
	if (channel && vrdma_channel_fix_locked(channel, conn))
		refused = vrdma_repair_accept(&channel->lanes[conn->hello.lane], conn);
	spin_unlock(&vrdma_channels_lock);
	vrdma_channel_discard(fresh);
	if (!refused)
		return;
	if (refused == conn)
		atomic_inc(&conn->hca->refused);
	vrdma_conn_close(refused);
}

/* Who must not open asks us to: he has no channel, or his end of a lane is down. */
static void vrdma_channel_poked(struct vrdma_conn *conn)
{
	struct vrdma_channel *channel;

	channel = vrdma_channel_get_for(conn->hello.from, &conn->addr, 1, &conn->addr);
	if (channel) {
		vrdma_repair_poke(&channel->lanes[conn->hello.lane]);
		vrdma_channel_put(channel);
	} else {
		atomic_inc(&conn->hca->refused);
	}
	vrdma_conn_close(conn);
}

/* The peer must be where we would call it, too; and we ourselves are nowhere else. */
static bool vrdma_channel_in_reach(const struct vrdma_conn *conn)
{
	bool self = !memcmp(conn->hello.from, vrdma_host_id, sizeof(vrdma_host_id));
	struct vrdma_hca *hca;
	union ib_gid from;

	hca = vrdma_hca_get_to(conn->hca, &conn->addr, &from);
	if (!hca)
		return false;
	vrdma_hca_put(hca);
	return !self || !memcmp(&from, &conn->addr, sizeof(from));
}

static struct vrdma_conn *vrdma_channel_next_request(void)
{
	struct vrdma_conn *conn;

	spin_lock(&vrdma_channels_lock);
	conn = list_first_entry_or_null(&vrdma_requests, struct vrdma_conn, node);
	if (conn) {
		list_del_init(&conn->node);
		vrdma_nr_requests--;
	}
	spin_unlock(&vrdma_channels_lock);
	return conn;
}

static void vrdma_channel_requests_work(struct work_struct *work)
{
	struct vrdma_conn *conn;

	while ((conn = vrdma_channel_next_request())) {
		if (!vrdma_channel_in_reach(conn)) {
			atomic_inc(&conn->hca->refused);
			vrdma_conn_close(conn);
		} else if (memcmp(conn->hello.from, vrdma_host_id, sizeof(vrdma_host_id)) > 0) {
			vrdma_channel_poked(conn);
		} else {
			vrdma_channel_admit(conn);
		}
	}
}

static DECLARE_WORK(vrdma_requests_work, vrdma_channel_requests_work);

/* In an rdma_cm handler: the id may be used only after it has returned. */
void vrdma_channel_request(struct vrdma_conn *conn)
{
	spin_lock(&vrdma_channels_lock);
	list_add_tail(&conn->node, &vrdma_requests);
	vrdma_nr_requests++;
	spin_unlock(&vrdma_channels_lock);
	queue_work(vrdma_hca_wq, &vrdma_requests_work);
}

void vrdma_channels_leave(struct vrdma_hca *hca)
{
	struct vrdma_channel *channel, *next;

	spin_lock(&vrdma_channels_lock);
	list_for_each_entry_safe(channel, next, &vrdma_channels, node)
		if (!channel->fixed)
			vrdma_repair_kick(&channel->lanes[0]);
		else if (channel->hca == hca)
			vrdma_channel_unlink(channel);
	spin_unlock(&vrdma_channels_lock);
	queue_work(vrdma_hca_wq, &vrdma_requests_work);
}

/*
 * For root to see; no cookies.
 */

/* KiB/s, us, bytes; all may be changing. */
static void vrdma_drain_show(struct seq_file *file, const char *what,
			     const struct vrdma_drain *drain)
{
	seq_printf(file, " %s %u rate %llu alone %u limit %u", what, READ_ONCE(drain->under_way),
		   (u64)drain->rate * (NSEC_PER_SEC >> VRDMA_DRAIN_SHIFT) >> 20,
		   (drain->alone << VRDMA_DRAIN_SHIFT) / 1000, vrdma_drain_limit(drain));
}

static void vrdma_lane_show(struct seq_file *file, struct vrdma_lane *lane)
{
	const struct vrdma_lane_counts *counts = &lane->counts;

	seq_printf(file, "  lane %u %s tx %llu rx %llu sends %llu", lane->index,
		   vrdma_lane_is_up(lane) ? "up" : "down", counts->tx, counts->rx, counts->sends);
	seq_printf(file, " credits %llu stalls %llu errors %llu repairs %llu", counts->credits,
		   counts->stalls, counts->errors, counts->repairs);
	seq_printf(file, " duplicates %llu bad %llu held %u", counts->duplicates, counts->bad,
		   READ_ONCE(lane->held));
	seq_printf(file, " windows %llu moves %llu parts %llu moved %llu", counts->windows,
		   counts->moves, counts->parts, counts->moved);
	seq_printf(file, " small %llu behind %llu", counts->small, counts->behind);
	vrdma_drain_show(file, "sending", &lane->large.drain);
	vrdma_drain_show(file, "moving", &lane->bulk.drain);
	if (counts->errors)
		seq_printf(file, " because \"%s\"", READ_ONCE(lane->why));
	seq_putc(file, '\n');
}

static int vrdma_channels_show(struct seq_file *file, void *unused)
{
	struct vrdma_channel *channel;
	unsigned int i;

	spin_lock(&vrdma_channels_lock);
	list_for_each_entry(channel, &vrdma_channels, node) {
		seq_printf(file, "%16phN %s", channel->host,
			   channel->opener ? "opened" : "accepted");
		if (channel->fixed)
			vrdma_gid_show(file, &channel->addr);
		for (i = 0; i < channel->nr_addrs && !channel->fixed; i++)
			vrdma_gid_show(file, &channel->addrs[i]);
		seq_printf(file, " holders %d\n", atomic_read(&channel->holders));
		for (i = 0; i < channel->nr_lanes; i++)
			vrdma_lane_show(file, &channel->lanes[i]);
	}
	spin_unlock(&vrdma_channels_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(vrdma_channels);

/*
 * For root to break: a lane's number or `all`, and then `opened` or `accepted` if only
 * such channels are meant.
 */
struct vrdma_break {
	bool all;
	unsigned int lane;
	char end[sizeof("accepted")];
};

static int vrdma_break_parse(struct vrdma_break *what, const char *text)
{
	char lane[sizeof("4294967295")];

	*what = (struct vrdma_break) {};
	if (sscanf(text, "%10s %8s", lane, what->end) < 1)
		return -EINVAL;
	if (what->end[0] && strcmp(what->end, "opened") && strcmp(what->end, "accepted"))
		return -EINVAL;
	what->all = !strcmp(lane, "all");
	return what->all ? 0 : kstrtouint(lane, 0, &what->lane);
}

static void vrdma_channel_break(struct vrdma_channel *channel, const struct vrdma_break *what)
{
	unsigned int i;

	if (what->end[0] && channel->opener != !strcmp(what->end, "opened"))
		return;
	for (i = 0; i < channel->nr_lanes; i++)
		if (what->all || i == what->lane)
			vrdma_repair_break(&channel->lanes[i], "root");
}

static ssize_t vrdma_break_write(struct file *file, const char __user *from, size_t len,
				 loff_t *pos)
{
	struct vrdma_channel *channel;
	struct vrdma_break what;
	char text[32] = "";
	ssize_t ret;

	ret = simple_write_to_buffer(text, sizeof(text) - 1, pos, from, len);
	if (ret < 0)
		return ret;
	if (vrdma_break_parse(&what, text))
		return -EINVAL;
	spin_lock(&vrdma_channels_lock);
	list_for_each_entry(channel, &vrdma_channels, node)
		vrdma_channel_break(channel, &what);
	spin_unlock(&vrdma_channels_lock);
	return ret;
}

static const struct file_operations vrdma_break_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = vrdma_break_write,
};

void vrdma_channel_init(void)
{
	vrdma_lanes = clamp_t(unsigned int, vrdma_lanes, 1, VRDMA_MAX_LANES);
	debugfs_create_file("channels", 0400, vrdma_debugfs, NULL, &vrdma_channels_fops);
	debugfs_create_file("break", 0200, vrdma_debugfs, NULL, &vrdma_break_fops);
}

/* Nobody new, end all, wait for the last. */
void vrdma_channel_exit(void)
{
	struct vrdma_channel *channel, *next;

	debugfs_lookup_and_remove("break", vrdma_debugfs);
	debugfs_lookup_and_remove("channels", vrdma_debugfs);
	spin_lock(&vrdma_channels_lock);
	vrdma_channels_closed = true;
	list_for_each_entry_safe(channel, next, &vrdma_channels, node)
		vrdma_channel_unlink(channel);
	spin_unlock(&vrdma_channels_lock);
	wait_event(vrdma_channels_none, !atomic_read(&vrdma_nr_channels));
}

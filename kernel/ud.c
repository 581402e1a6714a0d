// SPDX-License-Identifier: GPL-2.0
/*
 * Datagrams: find the receiver by the container's own network.  One whose route
 * is not known yet is copied and completed, and waits its turn here: the send
 * queue behind it goes on, for QP1 carries every connection request of the
 * device (pitfall: one silent address must not block them all).
 */
#include "ud.h"

#include <linux/jiffies.h>
#include <linux/slab.h>
#include <net/ipv6.h>
#include <rdma/ib_addr.h>

#include "ah.h"
#include "audience.h"
#include "binding.h"
#include "channel.h"
#include "limits.h"
#include "qp.h"
#include "resolver.h"
#include "rnet.h"
#include "ud_recv.h"
#include "vdev.h"

#define VRDMA_UD_RETRY		max(1UL, msecs_to_jiffies(2))

/* The sender's QP asks for its own Q_Key (IBA 10.2.5). */
#define VRDMA_QKEY_OWN		BIT(31)

#define VRDMA_UD_QPN_MAX	0xffffffU	/* 24 bits on any wire */

/**
 * struct vrdma_ud_pending - a datagram that waits for its route
 * @node: in vrdma_ud::pending
 * @msg: as sent
 * @expires: jiffies; dropped then
 * @data: copy of the payload
 */
struct vrdma_ud_pending {
	struct list_head node;
	struct vrdma_ud_msg msg;
	unsigned long expires;
	u8 data[];
};

/**
 * struct vrdma_ud_fan - a datagram that goes to many
 * @members: whom to
 * @msg: the copy that goes out
 * @cursor: its payload
 * @data: copy of the payload
 */
struct vrdma_ud_fan {
	struct vrdma_members members;
	struct vrdma_ud_msg msg;
	struct vrdma_cursor cursor;
	u8 data[];
};

/**
 * struct vrdma_ud - a device's datagrams that wait for their routes
 * @dev: the device
 * @pending: in order of arrival; only @work removes
 * @count: of @pending
 * @copies: of them those that are for one member of a group
 * @stopped: nothing is added any more
 * @work: tries them again
 * @cursor: of the one that @work tries
 * @lock: protects pending, count, copies and stopped
 */
struct vrdma_ud {
	struct vrdma_device *dev;
	struct list_head pending;
	u32 count;
	u32 copies;
	bool stopped;
	struct delayed_work work;
	struct vrdma_cursor cursor;
	spinlock_t lock;	/* pending, count, copies, stopped */
};

/* ---- the sender's side ---- */

/* Where @dgid lives, seen from @dev: 0, -EAGAIN (asking) or -EHOSTUNREACH. */
static int vrdma_ud_where(struct vrdma_device *dev, const union ib_gid *sgid,
			  const union ib_gid *dgid, struct vrdma_where *where)
{
	enum vrdma_route_state state;
	struct vrdma_route *route;

	route = vrdma_route_get(dev, sgid, dgid, VRDMA_ROUTE_REASK_MS, GFP_KERNEL);
	if (!route)
		return -EHOSTUNREACH;
	state = vrdma_route_last(route, where);
	vrdma_route_put(route);

	if (state == VRDMA_ROUTE_ASKING)
		return -EAGAIN;
	return state == VRDMA_ROUTE_LOST ? -EHOSTUNREACH : 0;
}

static bool vrdma_ud_is_from(const struct vrdma_ud_msg *msg, const struct vrdma_where *where)
{
	if (where->device != msg->from)
		return false;
	if (vrdma_ud_is_far(msg))
		return vrdma_where_names(where, msg->host, &msg->hca);
	return !memcmp(where->host, vrdma_host_id, sizeof(where->host));
}

/*
 * As for bindings, both networks decide: the receiver's device must find the
 * sender's address at the sender's device.
 */
static int vrdma_ud_accept(struct vrdma_device *dev, const struct vrdma_ud_msg *msg,
			   struct vrdma_cursor *payload)
{
	union ib_gid own = msg->av.dgid;
	struct vrdma_where back;
	int err;

	if (vrdma_ud_is_group(msg) && !vrdma_resolver_source(dev, &msg->av.sgid, &own))
		return -EHOSTUNREACH;
	err = vrdma_ud_where(dev, &own, &msg->av.sgid, &back);
	if (err)
		return err;
	if (!vrdma_ud_is_from(msg, &back))
		return -EHOSTUNREACH;
	return vrdma_ud_receive(dev, msg, payload);
}

/* Has the receiver's network let the sender ask for this address, or this group? */
static bool vrdma_ud_admitted(struct vrdma_device *dev, const struct vrdma_ud_msg *msg,
			      u64 token)
{
	if (vrdma_ud_is_group(msg))
		return vrdma_group_token_valid(dev, &msg->av.sgid, &msg->av.dgid, token);
	return vrdma_token_valid(dev, &msg->av.sgid, token);
}

static int vrdma_ud_deliver_here(const struct vrdma_ud_msg *msg, const struct vrdma_where *where,
				 struct vrdma_cursor *payload)
{
	struct vrdma_device *far;
	int err = -EHOSTUNREACH;

	far = vrdma_device_get_by_id(where->device);
	if (!far)
		return err;
	if (vrdma_ud_admitted(far, msg, where->token))
		err = vrdma_ud_accept(far, msg, payload);
	vrdma_device_put(far);
	return err;
}

static void vrdma_ud_fill(struct vrdma_msg *wire, const struct vrdma_ud_msg *msg,
			  const struct vrdma_where *where)
{
	struct vrdma_msg_datagram *d = &wire->datagram;

	memset(wire, 0, sizeof(*wire));
	wire->type = VRDMA_MSG_DATAGRAM;
	wire->payload = msg->length;
	d->device = where->device;
	d->token = where->token;
	d->from = msg->from;
	memcpy(d->sgid, &msg->av.sgid, sizeof(d->sgid));
	memcpy(d->dgid, &msg->av.dgid, sizeof(d->dgid));
	d->src_qpn = msg->src_qpn;
	d->dest_qpn = msg->dest_qpn;
	d->qkey = msg->qkey;
	d->opcode = msg->opcode;
	if (msg->opcode == IB_UVERBS_WR_SEND_WITH_IMM)
		d->imm = msg->imm_data;
	d->flags = msg->flags & VRDMA_SEND_SOLICITED;
	d->flow_label = msg->av.flow_label & 0xfffff;
	d->traffic_class = msg->av.traffic_class;
	d->hop_limit = msg->av.hop_limit;
	d->sl = msg->av.sl & 0xf;
}

/* By lane; -EAGAIN: it is not up yet, or has no room. */
static int vrdma_ud_deliver_lane(struct vrdma_lane *lane, const struct vrdma_ud_msg *msg,
				 const struct vrdma_where *where, struct vrdma_cursor *payload)
{
	struct vrdma_lane_buf *buf;
	struct vrdma_msg wire;

	if (!vrdma_lane_is_up(lane))
		return -EAGAIN;
	buf = vrdma_lane_get_buf(lane, NULL);
	if (!buf)
		return -EAGAIN;
	vrdma_ud_fill(&wire, msg, where);
	if (vrdma_cursor_gather(payload, vrdma_lane_payload(buf, wire.type), msg->length)) {
		vrdma_lane_put_buf(buf);
		return -EFAULT;
	}
	vrdma_lane_send(buf, &wire);
	return 0;
}

static int vrdma_ud_deliver_far(const struct vrdma_ud_msg *msg, const struct vrdma_where *where,
				struct vrdma_cursor *payload)
{
	struct vrdma_channel *channel;
	int err;

	channel = vrdma_channel_get(where->host, where->hcas, where->nr_hcas);
	if (!channel)
		return -EHOSTUNREACH;
	err = vrdma_ud_deliver_lane(vrdma_channel_lane(channel, msg->src_qpn ^ msg->dest_qpn),
				    msg, where, payload);
	vrdma_channel_put(channel);
	return err;
}

static int vrdma_ud_deliver_at(struct vrdma_device *dev, const struct vrdma_ud_msg *msg,
			       struct vrdma_where *where, struct vrdma_cursor *payload)
{
	int err;

	if (vrdma_ud_is_group(msg))
		where->token = msg->token;
	if (where->local && vrdma_devices_take_local(dev, where->device)) {
		err = vrdma_ud_deliver_here(msg, where, payload);
		if (!err) {
			vrdma_stat_inc(dev, tx_local_msgs);
			vrdma_stat_add(dev, tx_local_bytes, msg->length);
		}
	} else {
		err = vrdma_ud_deliver_far(msg, where, payload);
		if (!err) {
			vrdma_stat_inc(dev, tx_remote_msgs);
			vrdma_stat_add(dev, tx_remote_bytes, msg->length);
		}
	}
	return err;
}

/* To the one whom it is for. */
static int vrdma_ud_deliver_to(struct vrdma_device *dev, const struct vrdma_ud_msg *msg,
			       struct vrdma_cursor *payload)
{
	struct vrdma_where where;
	int err;

	err = vrdma_ud_where(dev, &msg->av.sgid, &msg->to, &where);
	return err ?: vrdma_ud_deliver_at(dev, msg, &where, payload);
}

/* Does a datagram between the same addresses wait before @end; NULL: at all? */
static bool vrdma_ud_is_behind(struct vrdma_ud *ud, const struct vrdma_ud_msg *msg,
			       const struct vrdma_ud_pending *end)
{
	struct vrdma_ud_pending *item;
	bool behind = false;

	spin_lock(&ud->lock);
	list_for_each_entry(item, &ud->pending, node) {
		if (item == end)
			break;
		behind = !memcmp(&item->msg.to, &msg->to, sizeof(union ib_gid)) &&
			 !memcmp(&item->msg.av.sgid, &msg->av.sgid, sizeof(union ib_gid));
		if (behind)
			break;
	}
	spin_unlock(&ud->lock);
	return behind;
}

static bool vrdma_ud_must_wait(struct vrdma_ud *ud, const struct vrdma_ud_msg *msg)
{
	return READ_ONCE(ud->count) && vrdma_ud_is_behind(ud, msg, NULL);
}

static struct vrdma_ud_pending *vrdma_ud_copy_out(const struct vrdma_ud_msg *msg,
						  struct vrdma_cursor *payload)
{
	struct vrdma_ud_pending *item;

	item = kmalloc(struct_size(item, data, msg->length), GFP_KERNEL_ACCOUNT);
	if (!item)
		return ERR_PTR(-ENOMEM);
	item->msg = *msg;
	item->expires = jiffies + msecs_to_jiffies(VRDMA_UD_PENDING_MS);

	if (!vrdma_cursor_gather(payload, item->data, msg->length))
		return item;
	kfree(item);
	return ERR_PTR(-EFAULT);
}

/* Is it for one member of a group that this device sends to? */
static bool vrdma_ud_is_copy(const struct vrdma_ud_msg *msg)
{
	return vrdma_ud_is_group(msg) && !vrdma_ud_is_far(msg) && !vrdma_gid_is_group(&msg->to);
}

/*
 * May one more wait?  Who joins a group has not been chosen by the sender: one that
 * makes its copies wait shall not take the room of others.
 */
static bool vrdma_ud_has_room(struct vrdma_ud *ud, const struct vrdma_ud_msg *msg)
{
	const struct vrdma_ud_pending *item;
	unsigned int same = 0;

	lockdep_assert_held(&ud->lock);
	if (ud->stopped || ud->count >= VRDMA_UD_PENDING)
		return false;
	if (!vrdma_ud_is_copy(msg))
		return true;
	if (ud->copies >= VRDMA_UD_COPIES)
		return false;
	list_for_each_entry(item, &ud->pending, node)
		same += vrdma_ud_is_copy(&item->msg) &&
			!memcmp(&item->msg.to, &msg->to, sizeof(msg->to));
	return same < VRDMA_UD_MEMBER_PENDING;
}

/* Keep a copy until the route is known; when there are too many, drop it. */
static int vrdma_ud_wait(struct vrdma_ud *ud, const struct vrdma_ud_msg *msg,
			 struct vrdma_cursor *payload)
{
	struct vrdma_ud_pending *item;
	bool added;

	item = vrdma_ud_copy_out(msg, payload);
	if (IS_ERR(item))
		return PTR_ERR(item);

	spin_lock(&ud->lock);
	added = vrdma_ud_has_room(ud, msg);
	if (added) {
		list_add_tail(&item->node, &ud->pending);
		ud->count++;
		ud->copies += vrdma_ud_is_copy(msg);
		queue_delayed_work(vrdma_wq, &ud->work, VRDMA_UD_RETRY);
	}
	spin_unlock(&ud->lock);

	if (added) {
		vrdma_stat_inc(ud->dev, tx_pending);
		return 0;
	}
	kfree(item);
	return -ENOBUFS;
}

/* ---- to groups ---- */

/* First datagrams wait until it is known where all live who say that they listen. */
static int vrdma_ud_await(struct vrdma_device *dev, const struct vrdma_ud_msg *msg,
			  const struct vrdma_members *members)
{
	struct vrdma_where where;
	unsigned int i;

	for (i = 0; members->fresh && i < members->nr; i++)
		if (vrdma_ud_where(dev, &msg->av.sgid, &members->member[i].gid,
				   &where) == -EAGAIN)
			return -EAGAIN;
	return 0;
}

/* A copy to one member.  It waits for lanes and for the member, not for who it is. */
static int vrdma_ud_spread_to(struct vrdma_device *dev, struct vrdma_ud_fan *fan,
			      const struct vrdma_member *member)
{
	struct vrdma_ud_msg *msg = &fan->msg;
	struct vrdma_where where;
	int err;

	msg->to = member->gid;
	msg->token = member->token;
	vrdma_cursor_init(&fan->cursor);
	vrdma_cursor_add_buffer(&fan->cursor, fan->data, msg->length);
	err = vrdma_ud_where(dev, &msg->av.sgid, &msg->to, &where);
	if (err)
		return -EHOSTUNREACH;
	err = -EAGAIN;
	if (!vrdma_ud_must_wait(dev->ud, msg))
		err = vrdma_ud_deliver_at(dev, msg, &where, &fan->cursor);
	if (err == -EAGAIN)
		err = vrdma_ud_wait(dev->ud, msg, &fan->cursor);
	return err;
}

static int vrdma_ud_spread_fan(struct vrdma_device *dev, const struct vrdma_ud_msg *msg,
			       struct vrdma_ud_fan *fan, struct vrdma_cursor *payload)
{
	unsigned int i;
	int err;

	err = vrdma_audience_get(dev, &msg->av.sgid, &msg->to, msg->av.hop_limit,
				 &fan->members);
	if (!err)
		err = vrdma_ud_await(dev, msg, &fan->members);
	if (err)
		return err;
	if (!fan->members.nr)
		return -EHOSTUNREACH;
	if (vrdma_cursor_gather(payload, fan->data, msg->length))
		return -EFAULT;
	fan->msg = *msg;
	for (i = 0; i < fan->members.nr; i++)
		if (vrdma_ud_spread_to(dev, fan, &fan->members.member[i]))
			vrdma_stat_inc(dev, tx_dropped);
	return 0;
}

/* To all who listen to the group, by what the sender's network says of it. */
static int vrdma_ud_spread(struct vrdma_device *dev, const struct vrdma_ud_msg *msg,
			   struct vrdma_cursor *payload)
{
	struct vrdma_ud_fan *fan;
	int err;

	fan = kmalloc(struct_size(fan, data, msg->length), GFP_KERNEL_ACCOUNT);
	if (!fan)
		return -ENOMEM;
	err = vrdma_ud_spread_fan(dev, msg, fan, payload);
	kfree(fan);
	return err;
}

/* ---- all ---- */

/* 0, -EAGAIN: not yet, -EFAULT: the sender's memory is gone; else it is lost. */
static int vrdma_ud_deliver(struct vrdma_device *dev, const struct vrdma_ud_msg *msg,
			    struct vrdma_cursor *payload)
{
	if (vrdma_ud_is_far(msg))
		return vrdma_ud_accept(dev, msg, payload);
	if (vrdma_gid_is_group(&msg->to))
		return vrdma_ud_spread(dev, msg, payload);
	return vrdma_ud_deliver_to(dev, msg, payload);
}

static int vrdma_ud_head(struct vrdma_qp *qp, const struct vrdma_send_wqe *wqe,
			 const struct vrdma_op *op, struct vrdma_ud_msg *msg)
{
	struct vrdma_device *dev = to_vdev(qp->ibqp.device);

	msg->src_qpn = qp->number;
	msg->dest_qpn = wqe->ud.remote_qpn;
	msg->qkey = wqe->ud.remote_qkey & VRDMA_QKEY_OWN ? qp->attr.qkey :
							     wqe->ud.remote_qkey;
	msg->imm_data = op->imm_data;
	msg->opcode = op->opcode;
	msg->flags = op->flags;
	msg->length = op->length;
	msg->from = dev->id;
	memset(msg->host, 0, sizeof(msg->host));
	memset(&msg->hca, 0, sizeof(msg->hca));
	msg->token = 0;
	if (vrdma_ah_find(dev, qp->ibqp.pd, wqe->ud.ah, &msg->av))
		return -EINVAL;
	msg->to = msg->av.dgid;
	return 0;
}

/* A group's address and number go together; what has another number nobody has. */
static bool vrdma_ud_head_ok(const struct vrdma_ud_msg *msg)
{
	return msg->dest_qpn <= VRDMA_UD_QPN_MAX &&
	       vrdma_ud_is_group(msg) == vrdma_gid_is_group(&msg->av.dgid);
}

u32 vrdma_ud_cost(const struct vrdma_send_wqe *wqe, const struct vrdma_op *op)
{
	u32 copy = min_t(u32, op->length, VRDMA_UD_MTU);

	return wqe->ud.remote_qpn == VRDMA_MSG_GROUP_QPN ? copy * VRDMA_MAX_MEMBERS : copy;
}

/**
 * vrdma_ud_send - send one datagram
 * @qp: UD or GSI; the caller owns its send queue
 * @wqe: checked but for its address
 * @op: payload
 *
 * Process context.
 *
 * Return: status of the work request: also SUCCESS when the datagram was
 * dropped on the way, as on any network.
 */
enum ib_wc_status vrdma_ud_send(struct vrdma_qp *qp, const struct vrdma_send_wqe *wqe,
				struct vrdma_op *op)
{
	struct vrdma_device *dev = to_vdev(qp->ibqp.device);
	struct vrdma_ud_msg msg;
	int err = -EAGAIN;

	if (op->length > VRDMA_UD_MTU)
		return IB_WC_LOC_LEN_ERR;
	if (vrdma_ud_head(qp, wqe, op, &msg))
		return IB_WC_LOC_QP_OP_ERR;

	if (!vrdma_ud_head_ok(&msg))
		err = -EHOSTUNREACH;
	else if (!vrdma_ud_must_wait(dev->ud, &msg))
		err = vrdma_ud_deliver(dev, &msg, &op->mem);
	if (err == -EAGAIN)
		err = vrdma_ud_wait(dev->ud, &msg, &op->mem);
	if (err == -EFAULT)
		return IB_WC_LOC_PROT_ERR;
	if (err)
		vrdma_stat_inc(dev, tx_dropped);
	return IB_WC_SUCCESS;
}

/* ---- from other hosts ---- */

static void vrdma_ud_read(struct vrdma_ud_msg *msg, const struct vrdma_msg_datagram *d,
			  u32 length, const struct vrdma_lane *lane)
{
	memset(msg, 0, sizeof(*msg));
	memcpy(&msg->av.sgid, d->sgid, sizeof(d->sgid));
	memcpy(&msg->av.dgid, d->dgid, sizeof(d->dgid));
	msg->to = msg->av.dgid;
	msg->av.network_type = ipv6_addr_v4mapped((const struct in6_addr *)d->sgid) ?
			       RDMA_NETWORK_IPV4 : RDMA_NETWORK_IPV6;
	msg->av.traffic_class = d->traffic_class;
	msg->av.hop_limit = d->hop_limit;
	msg->av.flow_label = d->flow_label;
	msg->av.sl = d->sl;
	msg->src_qpn = d->src_qpn;
	msg->dest_qpn = d->dest_qpn;
	msg->qkey = d->qkey;
	msg->imm_data = d->imm;
	msg->opcode = d->opcode;
	msg->flags = d->flags;
	msg->length = length;
	msg->from = d->from;
	memcpy(msg->host, vrdma_lane_host(lane), sizeof(msg->host));
	msg->hca = *vrdma_lane_address(lane);
}

static noinline_for_stack int vrdma_ud_take(struct vrdma_device *dev,
					    const struct vrdma_ud_msg *msg, void *payload)
{
	struct vrdma_cursor source;
	int err = -EAGAIN;

	vrdma_cursor_init(&source);
	vrdma_cursor_add_buffer(&source, payload, msg->length);
	if (!vrdma_ud_must_wait(dev->ud, msg))
		err = vrdma_ud_deliver(dev, msg, &source);
	if (err == -EAGAIN)
		err = vrdma_ud_wait(dev->ud, msg, &source);
	return err;
}

/**
 * vrdma_ud_hear - a datagram from another host
 * @lane: that it came by
 * @d: its header
 * @payload: its bytes
 * @length: of them, at most VRDMA_UD_MTU
 *
 * Process context.  It waits while the receiver asks where the sender lives.
 */
void vrdma_ud_hear(struct vrdma_lane *lane, const struct vrdma_msg_datagram *d,
		   void *payload, u32 length)
{
	struct vrdma_ud_msg msg;
	struct vrdma_device *dev;

	dev = vrdma_device_get_by_id(d->device);
	if (!dev)
		return;
	vrdma_ud_read(&msg, d, length, lane);
	if (!vrdma_ud_admitted(dev, &msg, d->token) || vrdma_ud_take(dev, &msg, payload))
		vrdma_stat_inc(dev, rx_bind_refused);
	vrdma_device_put(dev);
}

/* ---- waiting ---- */

/* Try one that waits.  Return: true when it is done with, delivered or not. */
static bool vrdma_ud_try(struct vrdma_ud *ud, struct vrdma_ud_pending *item)
{
	int err;

	if (vrdma_ud_is_behind(ud, &item->msg, item))
		return false;
	vrdma_cursor_init(&ud->cursor);
	vrdma_cursor_add_buffer(&ud->cursor, item->data, item->msg.length);
	err = vrdma_ud_deliver(ud->dev, &item->msg, &ud->cursor);
	if (err == -EAGAIN && time_before(jiffies, item->expires))
		return false;
	if (err)
		vrdma_stat_inc(ud->dev, tx_dropped);
	return true;
}

static void vrdma_ud_forget(struct vrdma_ud *ud, struct vrdma_ud_pending *item)
{
	spin_lock(&ud->lock);
	list_del(&item->node);
	WRITE_ONCE(ud->count, ud->count - 1);
	ud->copies -= vrdma_ud_is_copy(&item->msg);
	spin_unlock(&ud->lock);
	kfree(item);
}

/* Others only append, so that the walk may drop the lock between two. */
static struct vrdma_ud_pending *vrdma_ud_next(struct vrdma_ud *ud,
					      struct vrdma_ud_pending *item)
{
	struct list_head *at = item ? &item->node : &ud->pending;
	struct vrdma_ud_pending *next = NULL;

	spin_lock(&ud->lock);
	if (!list_is_last(at, &ud->pending))
		next = list_entry(at->next, struct vrdma_ud_pending, node);
	spin_unlock(&ud->lock);
	return next;
}

static void vrdma_ud_work(struct work_struct *work)
{
	struct vrdma_ud *ud = container_of(to_delayed_work(work), struct vrdma_ud, work);
	struct vrdma_ud_pending *item, *next;

	for (item = vrdma_ud_next(ud, NULL); item; item = next) {
		bool done = vrdma_ud_try(ud, item);

		next = vrdma_ud_next(ud, item);
		if (done)
			vrdma_ud_forget(ud, item);
		cond_resched();
	}
	if (READ_ONCE(ud->count))
		queue_delayed_work(vrdma_wq, &ud->work, VRDMA_UD_RETRY);
}

int vrdma_ud_create(struct vrdma_device *dev)
{
	struct vrdma_ud *ud;

	ud = kzalloc(sizeof(*ud), GFP_KERNEL_ACCOUNT);
	if (!ud)
		return -ENOMEM;
	ud->dev = dev;
	INIT_LIST_HEAD(&ud->pending);
	INIT_DELAYED_WORK(&ud->work, vrdma_ud_work);
	spin_lock_init(&ud->lock);
	dev->ud = ud;
	return 0;
}

void vrdma_ud_stop(struct vrdma_device *dev)
{
	struct vrdma_ud_pending *item, *next;
	struct vrdma_ud *ud = dev->ud;

	spin_lock(&ud->lock);
	ud->stopped = true;
	spin_unlock(&ud->lock);
	cancel_delayed_work_sync(&ud->work);
	list_for_each_entry_safe(item, next, &ud->pending, node)
		vrdma_ud_forget(ud, item);
}

void vrdma_ud_destroy(struct vrdma_device *dev)
{
	kfree(dev->ud);
}

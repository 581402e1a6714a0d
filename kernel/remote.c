// SPDX-License-Identifier: GPL-2.0
/*
 * Bindings to QPs of other hosts: find a lane, agree with the far side over it,
 * hand messages to whom they are for.
 */
#include "remote.h"

#include <linux/debugfs.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>
#include <linux/xarray.h>

#include "binding.h"
#include "channel.h"
#include "conn.h"
#include "qp.h"
#include "repair.h"
#include "resolver.h"
#include "ud.h"
#include "vdev.h"

/* All remote bindings of this host by their id. */
static DEFINE_XARRAY_ALLOC1(vrdma_remotes);
static u32 vrdma_remotes_next;

struct workqueue_struct *vrdma_answer_wq;

static bool vrdma_remote_get(struct vrdma_remote *remote)
{
	return refcount_inc_not_zero(&remote->ref);
}

static struct vrdma_remote *vrdma_remote_find(u32 id, u32 check)
{
	struct vrdma_remote *remote;

	rcu_read_lock();
	remote = xa_load(&vrdma_remotes, id);
	if (remote && (remote->check != check || !vrdma_remote_get(remote)))
		remote = NULL;
	rcu_read_unlock();
	return remote;
}

void vrdma_remote_put(struct vrdma_remote *remote)
{
	if (!refcount_dec_and_test(&remote->ref))
		return;
	vrdma_channel_put(remote->channel);
	if (remote->other)
		vrdma_channel_put(remote->other);
	vrdma_binding_put(remote->binding);
	kfree_rcu(remote, rcu);
}

void vrdma_remote_send(struct vrdma_remote *remote, struct vrdma_lane_buf *buf,
		       struct vrdma_msg *msg)
{
	msg->binding = remote->far_id;
	msg->check = remote->far_check;
	vrdma_lane_send(buf, msg);
}

/* ---- HCAs ---- */

static bool vrdma_remote_quiet(const struct vrdma_remote *remote)
{
	lockdep_assert_held(&remote->lock);
	return list_empty(&remote->request.windows) && !remote->serve.haul;
}

static bool vrdma_remote_quiet_now(struct vrdma_remote *remote)
{
	bool quiet;

	spin_lock_irq(&remote->lock);
	quiet = vrdma_remote_quiet(remote);
	spin_unlock_irq(&remote->lock);
	return quiet;
}

/* The far side takes too long, or the HCA: end what they do with the connection. */
static void vrdma_remote_impatient(struct work_struct *work)
{
	struct vrdma_remote *remote = container_of(to_delayed_work(work), struct vrdma_remote,
						   patience);

	if (!vrdma_remote_quiet_now(remote)) {
		vrdma_serve_break(remote);
		vrdma_repair_break(remote->lane, "slow for the end of a QP");
	}
	vrdma_remote_put(remote);
}

/* Somebody waits until no HCA touches anything: see to it that it comes to that. */
static void vrdma_remote_calm_down(struct vrdma_remote *remote)
{
	refcount_inc(&remote->ref);	/* put in vrdma_remote_impatient() */
	if (!queue_delayed_work(vrdma_wq, &remote->patience, vrdma_conn_patience()))
		vrdma_remote_put(remote);
	vrdma_request_recall(remote);
}

bool vrdma_remote_is_quiet(struct vrdma_remote *remote, struct vrdma_qp *qp)
{
	bool quiet;

	spin_lock_irq(&remote->lock);
	quiet = vrdma_remote_quiet(remote);
	if (!quiet && !remote->awaits) {
		refcount_inc(&qp->ref);	/* put in vrdma_remote_calm() */
		remote->awaits = qp;
	}
	spin_unlock_irq(&remote->lock);
	if (!quiet)
		vrdma_remote_calm_down(remote);
	return quiet;
}

/* Its QP is about to go: nobody is to wake it. */
static void vrdma_remote_leave_qp(struct vrdma_remote *remote)
{
	struct vrdma_qp *qp = NULL;

	spin_lock_irq(&remote->lock);
	swap(qp, remote->awaits);
	spin_unlock_irq(&remote->lock);
	if (qp)
		vrdma_qp_put(qp);
}

/*
 * A process that ends does not wait for its own queue pairs: nobody uses its memory before
 * the last hold has let go of the pages.  A kernel user's memory nobody holds.
 */
void vrdma_remote_wait_quiet(struct vrdma_remote *remote)
{
	bool held = current->flags & PF_EXITING && remote->binding->qp->user;

	vrdma_remote_leave_qp(remote);
	if (held || vrdma_remote_quiet_now(remote))
		return;
	vrdma_remote_calm_down(remote);
	wait_var_event(&remote->awaits, vrdma_remote_quiet_now(remote));
}

static void vrdma_remote_finish(struct vrdma_remote *remote);

void vrdma_remote_calm(struct vrdma_remote *remote)
{
	struct vrdma_qp *qp = NULL;
	bool ending = false;

	spin_lock_irq(&remote->lock);
	if (vrdma_remote_quiet(remote)) {
		swap(qp, remote->awaits);
		swap(ending, remote->ending);
	}
	spin_unlock_irq(&remote->lock);
	smp_mb();	/* pairs with the waiter's: one of us sees the other */
	wake_up_var(&remote->awaits);
	if (qp) {
		vrdma_send_wake(qp);
		vrdma_qp_put(qp);
	}
	if (ending)
		vrdma_remote_finish(remote);
}

/* ---- offering ---- */

/* Both sides choose alike, whichever asks first. */
static u32 vrdma_remote_hash(const struct vrdma_binding *binding)
{
	return binding->qpn ^ binding->dest_qpn;
}

/* The lane that we chose, whatever the far side has bound us to since. */
static struct vrdma_lane *vrdma_remote_own_lane(const struct vrdma_remote *remote)
{
	return vrdma_channel_lane(remote->channel, vrdma_remote_hash(remote->binding));
}

static void vrdma_remote_fill_bind(const struct vrdma_remote *remote,
				   const struct vrdma_where *where, struct vrdma_msg *msg)
{
	const struct vrdma_binding *binding = remote->binding;
	struct vrdma_msg_bind *bind = &msg->bind;

	*msg = (struct vrdma_msg) {
		.type = VRDMA_MSG_BIND,
		.bind.device = where->device,
		.bind.token = where->token,
		.bind.from = remote->device,
		.bind.qpn = binding->qpn,
		.bind.dest_qpn = binding->dest_qpn,
		.bind.qp_type = binding->type == IB_QPT_RC ? IB_UVERBS_QPT_RC :
							     IB_UVERBS_QPT_UC,
		.bind.id = remote->id,
		.bind.check = remote->check,
	};
	memcpy(bind->sgid, &binding->sgid, sizeof(bind->sgid));
	memcpy(bind->dgid, &binding->dgid, sizeof(bind->dgid));
}

/**
 * vrdma_remote_offer - tell the far side that we wait for it
 * @remote: of a binding that is WAITING
 * @where: the far device
 *
 * Lost when the lane is down: it is said again when it comes up.  Where the lane has
 * no room it waits for its turn.
 */
void vrdma_remote_offer(struct vrdma_remote *remote, const struct vrdma_where *where)
{
	struct vrdma_lane *lane = vrdma_remote_own_lane(remote);
	struct vrdma_lane_buf *buf = NULL;
	struct vrdma_msg msg;

	mutex_lock(&remote->serve.lock);
	if (vrdma_lane_is_up(lane) && !READ_ONCE(remote->serve.ended))
		buf = vrdma_lane_get_buf(lane, &remote->offer);
	mutex_unlock(&remote->serve.lock);
	if (!buf)
		return;
	vrdma_remote_fill_bind(remote, where, &msg);
	vrdma_lane_send(buf, &msg);
}

/* An offer has got its turn; the far side's own may have come before. */
static void vrdma_remote_offer_work(struct work_struct *work)
{
	struct vrdma_remote *remote = container_of(work, struct vrdma_remote, offer_work);
	struct vrdma_where where;

	if (vrdma_binding_waits(remote->binding, &where))
		vrdma_remote_offer(remote, &where);
	else
		vrdma_lane_decline(vrdma_remote_own_lane(remote), &remote->offer);
	vrdma_remote_put(remote);
}

static void vrdma_remote_offer_room(struct vrdma_lane_waiter *offer)
{
	struct vrdma_remote *remote = container_of(offer, struct vrdma_remote, offer);

	if (vrdma_remote_get(remote) && !queue_work(vrdma_wq, &remote->offer_work))
		vrdma_remote_put(remote);
}

static void vrdma_remote_init_offer(struct vrdma_remote *remote)
{
	INIT_LIST_HEAD(&remote->offer.node);
	remote->offer.ready = vrdma_remote_offer_room;
	INIT_WORK(&remote->offer_work, vrdma_remote_offer_work);
}

/* ---- life ---- */

static int vrdma_remote_connect(struct vrdma_remote *remote, const struct vrdma_where *where)
{
	int err;

	remote->channel = vrdma_channel_get(where->host, where->hcas, where->nr_hcas);
	if (!remote->channel)
		return -EHOSTUNREACH;
	remote->lane = vrdma_remote_own_lane(remote);
	err = xa_alloc_cyclic(&vrdma_remotes, &remote->id, remote, xa_limit_32b,
			      &vrdma_remotes_next, GFP_KERNEL);
	if (err < 0)
		vrdma_channel_put(remote->channel);
	return min(err, 0);
}

/**
 * vrdma_remote_create - what a binding needs to talk to another host
 * @binding: connects, or waits for a connection, to
 * @where: the far device
 *
 * Process context.  Return: NULL when there is no way, or no memory.
 */
struct vrdma_remote *vrdma_remote_create(struct vrdma_binding *binding,
					 const struct vrdma_where *where)
{
	struct vrdma_remote *remote;

	remote = kzalloc(sizeof(*remote), GFP_KERNEL_ACCOUNT);
	if (!remote)
		return NULL;
	refcount_set(&remote->ref, 1);
	remote->binding = binding;
	remote->device = binding->dev->id;
	remote->check = get_random_u32();
	spin_lock_init(&remote->lock);
	vrdma_remote_init_offer(remote);
	INIT_DELAYED_WORK(&remote->patience, vrdma_remote_impatient);
	vrdma_request_init(remote);
	vrdma_serve_init(remote);
	if (vrdma_remote_connect(remote, where)) {
		kfree(remote);
		return NULL;
	}
	vrdma_binding_get(binding);
	return remote;
}

/* Nobody calls it by its id any more; the far side is told when the last answer is sent. */
static void vrdma_remote_finish(struct vrdma_remote *remote)
{
	if (xa_cmpxchg(&vrdma_remotes, remote->id, remote, NULL, 0) != remote)
		return;
	vrdma_request_exit(remote);
	vrdma_serve_end(remote);	/* from now on nobody begins to wait with an offer */
	vrdma_lane_unwait(vrdma_remote_own_lane(remote), &remote->offer);
}

/**
 * vrdma_remote_end - the binding is over
 * @remote: nobody is in the binding's sections; idempotent
 *
 * Its QP has waited until no HCA touches anything; when its process is no more that may
 * still be to come, and nobody waits.
 */
void vrdma_remote_end(struct vrdma_remote *remote)
{
	bool quiet;

	spin_lock_irq(&remote->lock);
	quiet = vrdma_remote_quiet(remote);
	remote->ending = !quiet;
	spin_unlock_irq(&remote->lock);
	if (quiet) {
		vrdma_remote_finish(remote);
		return;
	}
	vrdma_remote_calm_down(remote);
}

/* ---- agreeing ---- */

/* Is @where still at the other end of @remote's lane? */
bool vrdma_remote_leads_to(const struct vrdma_remote *remote, const struct vrdma_where *where)
{
	const struct vrdma_lane *lane = READ_ONCE(remote->lane);

	return !vrdma_lane_is_closed(lane) && vrdma_lane_leads_to(lane, where);
}

/*
 * Under the bind lock, once: the far side names itself, over @lane.  Others may be
 * about to use the lane that we chose, so its channel stays held.
 */
void vrdma_remote_bind(struct vrdma_remote *remote, struct vrdma_lane *lane, u32 far_id,
		       u32 far_check)
{
	struct vrdma_channel *channel = vrdma_lane_channel(lane);

	if (channel != remote->channel) {
		vrdma_channel_hold(channel);
		remote->other = channel;
	}
	WRITE_ONCE(remote->lane, lane);
	remote->far_check = far_check;
	WRITE_ONCE(remote->far_id, far_id);
}

static void vrdma_remote_hear_bind(struct vrdma_lane *lane, const struct vrdma_msg_bind *bind)
{
	struct vrdma_remote *remote;
	struct vrdma_device *dev;

	dev = vrdma_device_get_by_id(bind->device);
	if (!dev)
		return;
	remote = vrdma_binding_hear_bind(dev, lane, bind);
	vrdma_device_put(dev);
	if (!remote)
		return;
	vrdma_serve_hello(remote);
	vrdma_request_wake(remote);
	vrdma_remote_put(remote);
}

/* Is @remote's far side at the other end of @lane?  Each side may have its own choice. */
static bool vrdma_remote_at(const struct vrdma_remote *remote, const struct vrdma_lane *lane)
{
	return READ_ONCE(remote->lane) == lane || vrdma_binding_is_by(remote->binding, lane);
}

/* Tell the far side's binding that named itself in @bound that ours is no more. */
static void vrdma_remote_disown(struct vrdma_lane *lane, const struct vrdma_msg_bound *bound)
{
	vrdma_lane_note(lane, VRDMA_MSG_UNBIND, bound->id, bound->check);
}

static void vrdma_remote_hear_bound(struct vrdma_remote *remote, struct vrdma_lane *lane,
				    const struct vrdma_msg_bound *bound)
{
	bool news;

	if (!vrdma_binding_hear_bound(remote, bound, &news))
		vrdma_remote_disown(lane, bound);
	else if (news)
		vrdma_request_wake(remote);
}

/* The far side is no more, or out of reach for good. */
static void vrdma_remote_left(struct vrdma_remote *remote)
{
	vrdma_binding_leave_remote(remote->binding);
	vrdma_request_again(remote);
}

/* ---- what lanes call ---- */

static void vrdma_remote_hear(struct vrdma_remote *remote, struct vrdma_lane *lane,
			      const struct vrdma_msg *msg, void *payload)
{
	switch (msg->type) {
	case VRDMA_MSG_BOUND:
		vrdma_remote_hear_bound(remote, lane, &msg->bound);
		break;
	case VRDMA_MSG_UNBIND:
		vrdma_remote_left(remote);
		break;
	case VRDMA_MSG_REQUEST:
		vrdma_serve_request(remote, msg, payload);
		vrdma_request_done(remote, msg->request.done);
		break;
	case VRDMA_MSG_RESPONSE:
		vrdma_request_fetched(remote, msg, payload);
		break;
	case VRDMA_MSG_ANSWER:
		vrdma_request_answered(remote, msg);
		break;
	case VRDMA_MSG_PIECE:
		vrdma_serve_piece(remote, lane, msg);
		vrdma_request_done(remote, msg->request.done);
		break;
	case VRDMA_MSG_PLACED:
		vrdma_request_placed(remote, msg);
		break;
	case VRDMA_MSG_RECALL:
		vrdma_serve_recalled(remote, lane);
		break;
	case VRDMA_MSG_DROPPED:
		vrdma_request_dropped(remote, msg->dropped.key);
		break;
	default:
		break;
	}
}

static void vrdma_remote_receive(struct vrdma_lane *lane, const struct vrdma_msg *msg,
				 void *payload)
{
	struct vrdma_remote *remote;

	switch (msg->type) {
	case VRDMA_MSG_BIND:
		vrdma_remote_hear_bind(lane, &msg->bind);
		return;
	case VRDMA_MSG_DATAGRAM:
		vrdma_ud_hear(lane, &msg->datagram, payload, msg->payload);
		return;
	default:
		break;
	}
	remote = vrdma_remote_find(msg->binding, msg->check);
	if (!remote) {	/* of all messages these two say whom to tell */
		if (msg->type == VRDMA_MSG_BOUND || msg->type == VRDMA_MSG_RECALL)
			vrdma_remote_disown(lane, &msg->bound);
		return;
	}
	if (vrdma_remote_at(remote, lane))
		vrdma_remote_hear(remote, lane, msg, payload);
	vrdma_remote_put(remote);
}

/* The first from @id on, with a reference; @id becomes its. */
static struct vrdma_remote *vrdma_remote_from(unsigned long *id)
{
	struct vrdma_remote *remote;

	rcu_read_lock();
	remote = xa_find(&vrdma_remotes, id, ULONG_MAX, XA_PRESENT);
	while (remote && !vrdma_remote_get(remote))
		remote = xa_find_after(&vrdma_remotes, id, ULONG_MAX, XA_PRESENT);
	rcu_read_unlock();
	return remote;
}

/* Do something to every binding on a lane; @act may sleep. */
static void vrdma_remotes_on(struct vrdma_lane *lane, void (*act)(struct vrdma_remote *))
{
	struct vrdma_remote *remote;
	unsigned long id = 0;

	for (; (remote = vrdma_remote_from(&id)); id++) {
		if (READ_ONCE(remote->lane) == lane)
			act(remote);
		vrdma_remote_put(remote);
		cond_resched();
	}
}

static void vrdma_remote_came_up(struct vrdma_remote *remote)
{
	struct vrdma_where where;

	/* The channel may have met another host than this binding looks for. */
	if (vrdma_binding_waits(remote->binding, &where)) {
		if (vrdma_remote_leads_to(remote, &where))
			vrdma_remote_offer(remote, &where);
		else
			vrdma_binding_retry(remote->binding);
	}
	vrdma_serve_again(remote);
	vrdma_request_wake(remote);
}

static void vrdma_remote_lane_up(struct vrdma_lane *lane)
{
	vrdma_remotes_on(lane, vrdma_remote_came_up);
}

static void vrdma_remote_went_down(struct vrdma_remote *remote)
{
	vrdma_serve_down(remote);
	vrdma_request_again(remote);
}

static void vrdma_remote_lane_down(struct vrdma_lane *lane)
{
	vrdma_remotes_on(lane, vrdma_remote_went_down);
}

static void vrdma_remote_lane_closed(struct vrdma_lane *lane)
{
	vrdma_remotes_on(lane, vrdma_remote_left);
}

static const struct vrdma_lane_ops vrdma_remote_lane_ops = {
	.receive = vrdma_remote_receive,
	.up = vrdma_remote_lane_up,
	.down = vrdma_remote_lane_down,
	.closed = vrdma_remote_lane_closed,
};

/* ---- for root to see; no checks ---- */

static const char *vrdma_remote_state(const struct vrdma_remote *remote)
{
	static const char *const names[] = {
		[VRDMA_BINDING_ASKING] = "asking",
		[VRDMA_BINDING_WAITING] = "waiting",
		[VRDMA_BINDING_BOUND] = "bound",
		[VRDMA_BINDING_CUT] = "cut",
		[VRDMA_BINDING_ENDED] = "ended",
	};

	return names[READ_ONCE(remote->binding->state)];
}

/* The device is there as long as the binding lives. */
static void vrdma_remote_show_device(struct seq_file *file, const struct vrdma_remote *remote)
{
	struct vrdma_binding *binding = remote->binding;

	preempt_disable();
	if (vrdma_live_enter(&binding->live)) {
		seq_printf(file, " device %s", dev_name(&binding->dev->ibdev.dev));
		vrdma_live_exit(&binding->live);
	}
	preempt_enable();
}

static void vrdma_remote_show(struct seq_file *file, struct vrdma_remote *remote)
{
	const struct vrdma_lane *lane = READ_ONCE(remote->lane);

	seq_printf(file, "%u %s", remote->id, vrdma_remote_state(remote));
	vrdma_remote_show_device(file, remote);
	seq_printf(file, " qp %u far %u host %16phN lane %u", remote->binding->qpn,
		   remote->binding->dest_qpn, vrdma_lane_host(lane), lane->index);
	spin_lock_irq(&remote->lock);
	seq_printf(file, " answered %u sent %u done %u fetches %u\n", remote->request.answered,
		   remote->request.sent, remote->serve.done, remote->serve.nr_fetches);
	spin_unlock_irq(&remote->lock);
}

static int vrdma_bindings_show(struct seq_file *file, void *unused)
{
	struct vrdma_remote *remote;
	unsigned long id = 0;

	for (; (remote = vrdma_remote_from(&id)); id++) {
		vrdma_remote_show(file, remote);
		vrdma_remote_put(remote);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(vrdma_bindings);

int vrdma_remote_init(void)
{
	vrdma_answer_wq = alloc_workqueue("vrdma_answer", WQ_MEM_RECLAIM | WQ_HIGHPRI, 0);
	if (!vrdma_answer_wq)
		return -ENOMEM;
	debugfs_create_file("bindings", 0400, vrdma_debugfs, NULL, &vrdma_bindings_fops);
	vrdma_lane_set_ops(&vrdma_remote_lane_ops);
	return 0;
}

void vrdma_remote_exit(void)
{
	debugfs_lookup_and_remove("bindings", vrdma_debugfs);
	destroy_workqueue(vrdma_answer_wq);
}

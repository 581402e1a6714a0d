// SPDX-License-Identifier: GPL-2.0
/*
 * Agree with the far QP (rule R8).  Each side asks its own network where the
 * other lives, and writes the answer down; whoever comes second finds the first
 * one waiting and binds both.  So a pair exists only when both QPs name each
 * other and both networks deliver.
 */
#include "binding.h"

#include <linux/slab.h>

#include "channel.h"
#include "limits.h"
#include "message.h"
#include "path.h"
#include "qp.h"
#include "recv.h"
#include "remote.h"
#include "send.h"
#include "vdev.h"

/* Protects state, where and peer of all bindings; under it a QP's lock. */
static DEFINE_SPINLOCK(vrdma_bind_lock);

void vrdma_binding_get(struct vrdma_binding *binding)
{
	refcount_inc(&binding->ref);
}

void vrdma_binding_put(struct vrdma_binding *binding)
{
	if (refcount_dec_and_test(&binding->ref))
		kfree_rcu(binding, rcu);
}

/* Have the QP look at its binding again; any context. */
static void vrdma_binding_wake(struct vrdma_binding *binding)
{
	preempt_disable();
	if (vrdma_live_enter(&binding->live)) {
		vrdma_send_wake(binding->qp);
		vrdma_live_exit(&binding->live);
	}
	preempt_enable();
}

/* The binding of a QP by number, with a reference. */
static struct vrdma_binding *vrdma_binding_get_by_qpn(struct vrdma_device *dev, u32 qpn)
{
	struct vrdma_binding *binding;
	struct vrdma_qp *qp;
	unsigned long flags;

	qp = vrdma_qp_get(dev, qpn);
	if (!qp)
		return NULL;

	spin_lock_irqsave(&qp->lock, flags);
	binding = qp->binding;
	if (binding)
		refcount_inc(&binding->ref);
	spin_unlock_irqrestore(&qp->lock, flags);
	vrdma_qp_put(qp);
	return binding;
}

static bool vrdma_binding_names(const struct vrdma_binding *a, const struct vrdma_binding *b)
{
	return a->dest_qpn == b->qpn && a->where.local && a->where.device == b->dev->id &&
	       !memcmp(&a->dgid, &b->sgid, sizeof(a->dgid));
}

static void vrdma_binding_set_bound(struct vrdma_binding *binding, struct vrdma_binding *peer)
{
	lockdep_assert_held(&vrdma_bind_lock);
	refcount_inc(&peer->ref);	/* put in vrdma_binding_release() */
	binding->peer = peer;
	binding->path = &vrdma_local_path;
	binding->met = true;
	/* pairs with vrdma_binding_bound(): peer and path are there */
	smp_store_release(&binding->state, VRDMA_BINDING_BOUND);
}

/* Bind both if they agree; under the bind lock. */
static bool vrdma_binding_agree(struct vrdma_binding *a, struct vrdma_binding *b)
{
	lockdep_assert_held(&vrdma_bind_lock);
	if (a->state != VRDMA_BINDING_WAITING || b->state != VRDMA_BINDING_WAITING)
		return false;
	if (a->type != b->type || !vrdma_binding_names(a, b) || !vrdma_binding_names(b, a))
		return false;

	vrdma_binding_set_bound(a, b);
	if (b != a)
		vrdma_binding_set_bound(b, a);
	return true;
}

/* The far device said where it lives: offer it the pair. */
static void vrdma_binding_offer(struct vrdma_binding *binding, const struct vrdma_where *where)
{
	struct vrdma_binding *peer;
	struct vrdma_device *dev;
	bool bound;

	dev = vrdma_device_get_by_id(where->device);
	if (!dev)
		return;
	if (!vrdma_token_valid(dev, &binding->sgid, where->token)) {
		vrdma_stat_inc(dev, rx_bind_refused);
		goto put_dev;
	}
	peer = vrdma_binding_get_by_qpn(dev, binding->dest_qpn);
	if (!peer)
		goto put_dev;

	spin_lock_bh(&vrdma_bind_lock);
	bound = vrdma_binding_agree(binding, peer);
	spin_unlock_bh(&vrdma_bind_lock);
	if (bound) {
		vrdma_binding_wake(peer);
		vrdma_binding_wake(binding);
	}
	vrdma_binding_put(peer);
put_dev:
	vrdma_device_put(dev);
}

/* What @binding, which waits, has for other hosts; a reference. */
static struct vrdma_remote *vrdma_binding_get_remote(struct vrdma_binding *binding)
{
	struct vrdma_remote *remote = NULL;

	spin_lock_bh(&vrdma_bind_lock);
	if (binding->state == VRDMA_BINDING_WAITING)
		remote = binding->remote;
	if (remote)
		refcount_inc(&remote->ref);
	spin_unlock_bh(&vrdma_bind_lock);
	return remote;
}

/*
 * Have @fresh instead of @old, unless something happened meanwhile.  The reference of
 * the one that is not needed is put; its id ends first.
 */
static void vrdma_binding_set_waiting(struct vrdma_binding *binding, struct vrdma_remote *old,
				      struct vrdma_remote *fresh)
{
	struct vrdma_remote *spare = fresh;

	spin_lock_bh(&vrdma_bind_lock);
	if (binding->remote == old && binding->state == VRDMA_BINDING_WAITING) {
		WRITE_ONCE(binding->remote, fresh);
		spare = old;
	}
	spin_unlock_bh(&vrdma_bind_lock);
	if (!spare)
		return;
	vrdma_remote_end(spare);
	vrdma_remote_put(spare);
}

/*
 * The far device lives on another host: tell it that we wait.  It may have moved to
 * another one since we first said so, or the way there may have closed.
 */
static void vrdma_binding_offer_remote(struct vrdma_binding *binding,
				       const struct vrdma_where *where)
{
	struct vrdma_remote *remote = vrdma_binding_get_remote(binding);
	struct vrdma_remote *fresh;

	if (!remote || !vrdma_remote_leads_to(remote, where)) {
		fresh = vrdma_remote_create(binding, where);
		if (fresh)
			vrdma_binding_set_waiting(binding, remote, fresh);
		if (remote)
			vrdma_remote_put(remote);
		remote = vrdma_binding_get_remote(binding);
	}
	if (!remote)
		return;
	vrdma_remote_offer(remote, where);
	vrdma_remote_put(remote);
}

static bool vrdma_where_same(const struct vrdma_where *a, const struct vrdma_where *b)
{
	return a->device == b->device && !memcmp(a->host, b->host, sizeof(a->host));
}

/*
 * Write down what the route says.
 * Return: true when the binding now waits for the far QP.
 */
static bool vrdma_binding_note(struct vrdma_binding *binding, enum vrdma_route_state route,
			       const struct vrdma_where *where)
{
	lockdep_assert_held(&vrdma_bind_lock);
	if (route == VRDMA_ROUTE_LOST && binding->state == VRDMA_BINDING_BOUND)
		WRITE_ONCE(binding->state, VRDMA_BINDING_CUT);
	if (route != VRDMA_ROUTE_VALID)
		return false;

	switch (binding->state) {
	case VRDMA_BINDING_ASKING:
	case VRDMA_BINDING_WAITING:
		binding->where = *where;
		WRITE_ONCE(binding->state, VRDMA_BINDING_WAITING);
		return true;
	case VRDMA_BINDING_BOUND:
	case VRDMA_BINDING_CUT:
		/* The address moved to somebody else, or the cable is whole again. */
		if (!vrdma_where_same(&binding->where, where))
			WRITE_ONCE(binding->state, VRDMA_BINDING_ENDED);
		else
			WRITE_ONCE(binding->state, VRDMA_BINDING_BOUND);
		return false;
	case VRDMA_BINDING_ENDED:
		break;
	}
	return false;
}

static void vrdma_binding_look(struct vrdma_binding *binding)
{
	enum vrdma_binding_state before, after;
	enum vrdma_route_state route;
	struct vrdma_where where;
	bool offer, local;

	route = vrdma_route_state(binding->route, &where);
	if (route == VRDMA_ROUTE_VALID && where.local)
		where.local = vrdma_devices_take_local(binding->dev, where.device);
	spin_lock_bh(&vrdma_bind_lock);
	before = binding->state;
	offer = vrdma_binding_note(binding, route, &where);
	after = binding->state;
	local = binding->where.local;
	spin_unlock_bh(&vrdma_bind_lock);

	if (offer && local)
		vrdma_binding_offer(binding, &where);
	else if (offer)
		vrdma_binding_offer_remote(binding, &where);
	else if (before != after)
		vrdma_binding_wake(binding);
}

static void vrdma_binding_changed(struct vrdma_route_watch *watch)
{
	vrdma_binding_look(container_of(watch, struct vrdma_binding, watch));
}

/**
 * vrdma_binding_create - our side of a pair, not yet looking for the other
 * @qp: goes to RTR
 * @ah: with the GRH and source GID that ib_core checked
 * @dest_qpn: the far QP
 *
 * Return: NULL without memory, or when the device ends.
 */
struct vrdma_binding *vrdma_binding_create(struct vrdma_qp *qp,
					   const struct rdma_ah_attr *ah, u32 dest_qpn)
{
	struct vrdma_binding *binding;

	binding = kzalloc(sizeof(*binding), GFP_KERNEL_ACCOUNT);
	if (!binding)
		return NULL;

	vrdma_live_init(&binding->live);
	refcount_set(&binding->ref, 1);
	binding->qp = qp;
	binding->dev = to_vdev(qp->ibqp.device);
	binding->type = qp->ibqp.qp_type;
	binding->qpn = qp->number;
	binding->dest_qpn = dest_qpn;
	binding->sgid = ah->grh.sgid_attr->gid;
	binding->dgid = ah->grh.dgid;
	binding->state = VRDMA_BINDING_ASKING;
	binding->watch.changed = vrdma_binding_changed;

	binding->route = vrdma_route_get(binding->dev, &binding->sgid, &binding->dgid,
					 VRDMA_ROUTE_FRESH_MS, GFP_KERNEL);
	if (!binding->route) {
		kfree(binding);
		return NULL;
	}
	return binding;
}

/**
 * vrdma_binding_start - look for the far side
 * @binding: published as its QP's
 */
void vrdma_binding_start(struct vrdma_binding *binding)
{
	vrdma_route_watch(binding->route, &binding->watch);
	vrdma_binding_look(binding);
}

void vrdma_binding_discard(struct vrdma_binding *binding)
{
	vrdma_route_put(binding->route);
	vrdma_binding_put(binding);
}

void vrdma_binding_retry(struct vrdma_binding *binding)
{
	enum vrdma_binding_state state = READ_ONCE(binding->state);

	if (state == VRDMA_BINDING_ASKING || state == VRDMA_BINDING_CUT ||
	    (state == VRDMA_BINDING_WAITING && !binding->where.local))
		vrdma_route_refresh(binding->route);
}

/* Our side ends: it waits for none of the peer's receives, and the peer may look. */
static void vrdma_binding_leave(struct vrdma_binding *peer)
{
	preempt_disable();
	if (vrdma_live_enter(&peer->live)) {
		vrdma_rx_unwait(peer->qp);
		vrdma_send_wake(peer->qp);
		vrdma_live_exit(&peer->live);
	}
	preempt_enable();
}

void vrdma_binding_stop(struct vrdma_binding *binding)
{
	spin_lock_bh(&vrdma_bind_lock);
	WRITE_ONCE(binding->state, VRDMA_BINDING_ENDED);
	if (binding->peer)
		WRITE_ONCE(binding->peer->state, VRDMA_BINDING_ENDED);
	spin_unlock_bh(&vrdma_bind_lock);

	vrdma_live_kill(&binding->live);
}

bool vrdma_binding_is_quiet(struct vrdma_binding *binding)
{
	return !binding->remote || vrdma_remote_is_quiet(binding->remote, binding->qp);
}

void vrdma_binding_wait(struct vrdma_binding *binding)
{
	if (binding->remote)
		vrdma_remote_wait_quiet(binding->remote);
}

void vrdma_binding_end(struct vrdma_binding *binding)
{
	struct vrdma_binding *peer;

	vrdma_binding_stop(binding);
	peer = binding->peer;
	if (peer && peer != binding)
		vrdma_binding_leave(peer);
	if (binding->remote)
		vrdma_remote_end(binding->remote);
}

void vrdma_binding_release(struct vrdma_binding *binding)
{
	vrdma_binding_end(binding);
	vrdma_route_unwatch(binding->route, &binding->watch);
	vrdma_route_put(binding->route);
	if (binding->peer)
		vrdma_binding_put(binding->peer);
	if (binding->remote)
		vrdma_remote_put(binding->remote);
	vrdma_binding_put(binding);
}

/* ---- the far side is on another host ---- */

static void vrdma_binding_set_remote(struct vrdma_binding *binding, struct vrdma_lane *lane,
				     u32 far_id, u32 far_check)
{
	lockdep_assert_held(&vrdma_bind_lock);
	vrdma_remote_bind(binding->remote, lane, far_id, far_check);
	binding->path = &vrdma_remote_path;
	binding->met = true;
	/* pairs with vrdma_binding_bound(): remote and path are there */
	smp_store_release(&binding->state, VRDMA_BINDING_BOUND);
}

/* Does @bind, from the host at the end of @lane, ask for what @binding waits for? */
static bool vrdma_binding_wanted(const struct vrdma_binding *binding,
				 const struct vrdma_lane *lane,
				 const struct vrdma_msg_bind *bind)
{
	enum ib_qp_type type = bind->qp_type == IB_UVERBS_QPT_RC ? IB_QPT_RC : IB_QPT_UC;

	return binding->remote && !binding->where.local && binding->type == type &&
	       binding->qpn == bind->dest_qpn && binding->dest_qpn == bind->qpn &&
	       binding->where.device == bind->from &&
	       vrdma_lane_leads_to(lane, &binding->where) &&
	       !memcmp(&binding->dgid, bind->sgid, sizeof(binding->dgid)) &&
	       !memcmp(&binding->sgid, bind->dgid, sizeof(binding->sgid));
}

/*
 * Bind, or see that it is bound to just that already.
 * Return: what is bound, with a reference: our QP may let go of it any time.
 */
static struct vrdma_remote *vrdma_binding_take(struct vrdma_binding *binding,
					       struct vrdma_lane *lane,
					       const struct vrdma_msg_bind *bind)
{
	struct vrdma_remote *remote = NULL;

	spin_lock_bh(&vrdma_bind_lock);
	if (vrdma_binding_wanted(binding, lane, bind)) {
		if (binding->state == VRDMA_BINDING_WAITING)
			vrdma_binding_set_remote(binding, lane, bind->id, bind->check);
		if (binding->state == VRDMA_BINDING_BOUND &&
		    binding->remote->far_id == bind->id &&
		    binding->remote->far_check == bind->check) {
			remote = binding->remote;
			refcount_inc(&remote->ref);
		}
	}
	spin_unlock_bh(&vrdma_bind_lock);
	return remote;
}

struct vrdma_remote *vrdma_binding_hear_bind(struct vrdma_device *dev, struct vrdma_lane *lane,
					     const struct vrdma_msg_bind *bind)
{
	struct vrdma_remote *remote;
	struct vrdma_binding *binding;

	if (!vrdma_token_valid(dev, (const union ib_gid *)bind->sgid, bind->token)) {
		vrdma_stat_inc(dev, rx_bind_refused);
		return NULL;
	}
	binding = vrdma_binding_get_by_qpn(dev, bind->dest_qpn);
	if (!binding)
		return NULL;
	remote = vrdma_binding_take(binding, lane, bind);
	vrdma_binding_put(binding);
	return remote;
}

bool vrdma_binding_hear_bound(struct vrdma_remote *remote,
			      const struct vrdma_msg_bound *bound, bool *news)
{
	struct vrdma_binding *binding = remote->binding;
	bool ours;

	spin_lock_bh(&vrdma_bind_lock);
	*news = binding->state == VRDMA_BINDING_WAITING && binding->remote == remote;
	if (*news)
		vrdma_binding_set_remote(binding, remote->lane, bound->id, bound->check);
	ours = remote->far_id == bound->id && remote->far_check == bound->check;
	spin_unlock_bh(&vrdma_bind_lock);
	return ours;
}

bool vrdma_binding_waits(struct vrdma_binding *binding, struct vrdma_where *where)
{
	bool waits;

	spin_lock_bh(&vrdma_bind_lock);
	waits = binding->state == VRDMA_BINDING_WAITING && binding->remote;
	*where = binding->where;
	spin_unlock_bh(&vrdma_bind_lock);
	return waits;
}

bool vrdma_binding_is_by(struct vrdma_binding *binding, const struct vrdma_lane *lane)
{
	bool is_by;

	spin_lock_bh(&vrdma_bind_lock);
	is_by = vrdma_lane_leads_to(lane, &binding->where);
	spin_unlock_bh(&vrdma_bind_lock);
	return is_by;
}

void vrdma_binding_leave_remote(struct vrdma_binding *binding)
{
	spin_lock_bh(&vrdma_bind_lock);
	if (binding->state == VRDMA_BINDING_BOUND || binding->state == VRDMA_BINDING_CUT)
		WRITE_ONCE(binding->state, VRDMA_BINDING_ENDED);
	spin_unlock_bh(&vrdma_bind_lock);

	/* As vrdma_binding_leave(): others of an SRQ are behind it. */
	preempt_disable();
	if (vrdma_live_enter(&binding->live)) {
		vrdma_rx_unwait(binding->qp);
		vrdma_live_exit(&binding->live);
	}
	preempt_enable();
}

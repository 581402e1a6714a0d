/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_BINDING_H
#define _VRDMA_BINDING_H

#include <linux/refcount.h>
#include <rdma/ib_verbs.h>

#include "live.h"
#include "resolver.h"

struct vrdma_device;
struct vrdma_lane;
struct vrdma_msg_bind;
struct vrdma_msg_bound;
struct vrdma_path_ops;
struct vrdma_qp;
struct vrdma_remote;

enum vrdma_binding_state {
	VRDMA_BINDING_ASKING,	/* where the destination lives is not known */
	VRDMA_BINDING_WAITING,	/* known; the far QP is not ready for us */
	VRDMA_BINDING_BOUND,	/* both agree */
	VRDMA_BINDING_CUT,	/* was bound; the network no longer delivers */
	VRDMA_BINDING_ENDED,	/* one side left: for good */
};

/**
 * struct vrdma_binding - one side of the agreed pair of two connected QPs
 * @live: sections of the far side's requests on our QP
 * @ref: our QP; the far binding; lookups
 * @rcu: frees it
 * @qp: ours; valid inside a section of @live and to the QP's own side
 * @dev: the QP's device; as @qp
 * @type: IB_QPT_RC or IB_QPT_UC; fixed
 * @qpn: ours; fixed
 * @dest_qpn: the far one, as modify_qp named it; fixed
 * @sgid: our address; fixed
 * @dgid: the far address; fixed
 * @route: from @sgid to @dgid; used by our side
 * @watch: on @route
 * @where: where @dgid lives, while WAITING, BOUND or CUT; under the bind lock
 * @peer: the far side's, with a reference, from BOUND until our QP lets go
 * @remote: how to talk to it on another host; set once under the bind lock, put
 *	    with our QP's reference
 * @path: how operations get there, from BOUND
 * @met: was BOUND once
 * @state: enum vrdma_binding_state; written under the bind lock
 */
struct vrdma_binding {
	struct vrdma_live live;
	refcount_t ref;
	struct rcu_head rcu;
	struct vrdma_qp *qp;
	struct vrdma_device *dev;
	enum ib_qp_type type;
	u32 qpn;
	u32 dest_qpn;
	union ib_gid sgid;
	union ib_gid dgid;
	struct vrdma_route *route;
	struct vrdma_route_watch watch;
	struct vrdma_where where;
	struct vrdma_binding *peer;
	struct vrdma_remote *remote;
	const struct vrdma_path_ops *path;
	bool met;
	enum vrdma_binding_state state;
};

/*
 * Process context, by the QP's side:
 * create and start: at RTR.  NULL: no memory.
 * discard: instead of start.
 * stop: RESET, ERR, destroy; idempotent.  Nobody is inside a section afterwards, but HCAs
 *	may still be at memory of operations.
 * is_quiet: after stop: are they not?  Or else the send queue is woken when they are not.
 * wait: until then, unless the process ends.  Its send queue is stopped.
 * end: after stop; idempotent.  Nobody is inside a section afterwards;
 *	the QP's receive side goes on with vrdma_rx_abort() or vrdma_recv_flush().
 * release: end, and the QP lets go.  Its send queue is stopped, its receive
 *	    side aborted.
 * retry: work waits for this binding: ask again where the destination lives.
 */
struct vrdma_binding *vrdma_binding_create(struct vrdma_qp *qp,
					   const struct rdma_ah_attr *ah, u32 dest_qpn);
void vrdma_binding_start(struct vrdma_binding *binding);
void vrdma_binding_discard(struct vrdma_binding *binding);
void vrdma_binding_stop(struct vrdma_binding *binding);
bool vrdma_binding_is_quiet(struct vrdma_binding *binding);
void vrdma_binding_wait(struct vrdma_binding *binding);
void vrdma_binding_end(struct vrdma_binding *binding);
void vrdma_binding_release(struct vrdma_binding *binding);
void vrdma_binding_retry(struct vrdma_binding *binding);

void vrdma_binding_get(struct vrdma_binding *binding);
void vrdma_binding_put(struct vrdma_binding *binding);

/*
 * For remote.c, process context.  hear_bind: a QP of @lane's host asks for one of
 * @dev; returns what is bound to it, with a reference.  hear_bound: is @bound what
 * @remote is bound to?  @news: since now.  waits: true while a BIND may bind it, to the
 * QP at @where.  is_by: the far side is at the other end of @lane.  leave: it is gone for
 * good; not beside its requests.
 */
struct vrdma_remote *vrdma_binding_hear_bind(struct vrdma_device *dev, struct vrdma_lane *lane,
					     const struct vrdma_msg_bind *bind);
bool vrdma_binding_hear_bound(struct vrdma_remote *remote,
			      const struct vrdma_msg_bound *bound, bool *news);
bool vrdma_binding_waits(struct vrdma_binding *binding, struct vrdma_where *where);
bool vrdma_binding_is_by(struct vrdma_binding *binding, const struct vrdma_lane *lane);
void vrdma_binding_leave_remote(struct vrdma_binding *binding);

static inline bool vrdma_binding_bound(const struct vrdma_binding *binding)
{
	/* pairs with vrdma_binding_set_bound(): peer and path are there */
	return smp_load_acquire(&binding->state) == VRDMA_BINDING_BOUND;
}

static inline bool vrdma_binding_is_cut(const struct vrdma_binding *binding)
{
	return READ_ONCE(binding->state) == VRDMA_BINDING_CUT;
}

#endif /* _VRDMA_BINDING_H */

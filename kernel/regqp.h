/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Registration queue pairs: where memory is shown to a peer's HCA, and hidden again.  Knows
 * nothing of what is in the memory, or for whom.
 */
#ifndef _VRDMA_REGQP_H
#define _VRDMA_REGQP_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <rdma/ib_verbs.h>

struct rdma_cm_id;
struct vrdma_hca;

/**
 * struct vrdma_regqp - where the lanes of a channel register
 * @users: connections that have got it; under the slot's lock
 * @hca: on which; those connections hold it
 * @pd: of @qp and of the lanes: no other peer can use what is registered here
 * @qp: connected to itself; NULL: this HCA cannot do it
 * @cq: of @qp; callbacks may sleep, but not register, which waits for another callback
 * @broken: who comes gets another one; those who are here will be back
 * @lock: protects @mrs; irq safe
 * @mrs: not registered, by ib_mr::qp_entry
 */
struct vrdma_regqp {
	unsigned int users;
	struct vrdma_hca *hca;
	struct ib_pd *pd;
	struct ib_qp *qp;
	struct ib_cq *cq;
	bool broken;
	spinlock_t lock;	/* mrs */
	struct list_head mrs;
};

/**
 * struct vrdma_regqp_slot - of a channel
 * @lock: held while one is made or destroyed
 * @regqp: for the next connection; NULL: none yet
 */
struct vrdma_regqp_slot {
	struct mutex lock;	/* regqp */
	struct vrdma_regqp *regqp;
};

void vrdma_regqp_slot_init(struct vrdma_regqp_slot *slot);

struct vrdma_regqp *vrdma_regqp_get(struct vrdma_regqp_slot *slot, struct vrdma_hca *hca,
				    const struct rdma_cm_id *id, unsigned int wrs);
void vrdma_regqp_put(struct vrdma_regqp_slot *slot, struct vrdma_regqp *regqp);

/*
 * get_mr: an MR of VRDMA_PIECE_PAGES pages, or an error pointer; may sleep.  put_mr: it is
 * not registered; any context.
 */
struct ib_mr *vrdma_regqp_get_mr(struct vrdma_regqp *regqp);
void vrdma_regqp_put_mr(struct vrdma_regqp *regqp, struct ib_mr *mr);

int vrdma_regqp_register(struct vrdma_regqp *regqp, struct ib_mr *mr, int access);
int vrdma_regqp_invalidate(struct vrdma_regqp *regqp, u32 key, struct ib_cqe *cqe);

void vrdma_regqp_fail(struct vrdma_regqp *regqp);

static inline void vrdma_regqp_break(struct vrdma_regqp *regqp)
{
	WRITE_ONCE(regqp->broken, true);
}

#endif /* _VRDMA_REGQP_H */

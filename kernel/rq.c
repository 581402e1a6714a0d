// SPDX-License-Identifier: GPL-2.0
/* Receive queues: of a QP, or shared. */
#include "rq.h"

#include <rdma/ib_verbs.h>

#include "ring.h"

u32 vrdma_rq_stride(u32 max_sge)
{
	return sizeof(struct vrdma_recv_wqe) + max_sge * sizeof(struct vrdma_wqe_sge);
}

int vrdma_rq_init(struct vrdma_rq *rq, struct ib_ucontext *uctx, u32 wr, u32 max_sge,
		  struct vrdma_ring_info *info)
{
	if (max_sge > VRDMA_MAX_SGE)
		return -EINVAL;

	rq->ring = vrdma_ring_create(uctx, wr, vrdma_rq_stride(max_sge), info);
	if (IS_ERR(rq->ring))
		return PTR_ERR(rq->ring);

	rq->consumer = 0;
	rq->max_sge = max_sge;
	rq->wr = wr;
	rq->flushing = false;
	rq->promised = 0;
	INIT_LIST_HEAD(&rq->waiters);
	spin_lock_init(&rq->post_lock);
	spin_lock_init(&rq->lock);
	return 0;
}

void vrdma_rq_exit(struct vrdma_rq *rq)
{
	WARN_ON_ONCE(!list_empty(&rq->waiters));
	vrdma_ring_destroy(rq->ring);
}

/*
 * Say whether whoever posts must kick.  The flag stays set while anybody waits:
 * so only its setting has to look at the producer again, see vrdma_rq_wait().
 */
static void vrdma_rq_show_need(struct vrdma_rq *rq)
{
	bool need = rq->flushing || !list_empty(&rq->waiters);

	lockdep_assert_held(&rq->lock);
	WRITE_ONCE(rq->ring->hdr->flags, need ? VRDMA_RING_NEED_KICK : 0);
	smp_mb();	/* flag before producer; pairs with the fence after posting */
}

static void vrdma_rq_consume(struct vrdma_rq *rq, u32 consumer)
{
	rq->consumer = consumer;
	/* Pairs with the acquire of who reuses the slots. */
	smp_store_release(&rq->ring->hdr->consumer, consumer);
}

void vrdma_rq_reset(struct vrdma_rq *rq)
{
	unsigned long flags;

	spin_lock_irqsave(&rq->lock, flags);
	vrdma_rq_consume(rq, READ_ONCE(rq->ring->hdr->producer));
	rq->flushing = false;
	vrdma_rq_show_need(rq);
	spin_unlock_irqrestore(&rq->lock, flags);
}

int vrdma_rq_count(struct vrdma_rq *rq)
{
	u32 count;

	lockdep_assert_held(&rq->lock);
	/* Pairs with the release after the slots were filled. */
	count = smp_load_acquire(&rq->ring->hdr->producer) - rq->consumer;
	return count <= vrdma_ring_slots(rq->ring) ? count : -EINVAL;
}

/* The receives [@from, @to), as they stand: whoever takes one checks it. */
static void vrdma_rq_copy(const struct vrdma_rq *rq, struct vrdma_ring *ring, u32 from, u32 to)
{
	u32 stride = 1U << ring->shift;

	for (; from != to; from++) {
		memcpy(vrdma_ring_slot(ring, from), vrdma_ring_slot(rq->ring, from), stride);
		cond_resched();
	}
}

/*
 * What is posted is copied without the lock, for meanwhile it can only become less; under it
 * only the indices are.  What a poster adds all the same is lost.
 */
int vrdma_rq_switch(struct vrdma_rq *rq, struct vrdma_ring *ring, u32 wr,
		    struct vrdma_ring **old)
{
	u32 from, to;
	int count;

	spin_lock_irq(&rq->lock);
	count = vrdma_rq_count(rq);
	from = rq->consumer;
	spin_unlock_irq(&rq->lock);
	if (count < 0 || count > wr)
		return -EINVAL;

	to = from + count;
	vrdma_rq_copy(rq, ring, from, to);
	ring->hdr->producer = to;
	spin_lock_irq(&rq->lock);
	*old = rq->ring;
	rq->ring = ring;
	WRITE_ONCE(rq->wr, wr);
	/* Taken meanwhile, or garbage that was posted meanwhile. */
	if (rq->consumer - from > count)
		rq->consumer = to;
	vrdma_rq_consume(rq, rq->consumer);
	vrdma_rq_show_need(rq);
	spin_unlock_irq(&rq->lock);
	return 0;
}

int vrdma_rq_peek(struct vrdma_rq *rq, struct vrdma_recv *recv)
{
	const struct vrdma_recv_wqe *wqe = vrdma_ring_slot(rq->ring, rq->consumer);
	int count = vrdma_rq_count(rq);

	if (count <= 0)
		return count ? count : -EAGAIN;

	recv->wr_id = READ_ONCE(wqe->wr_id);
	recv->num_sge = READ_ONCE(wqe->num_sge);
	if (recv->num_sge > rq->max_sge) {
		vrdma_rq_take(rq);
		return -EINVAL;
	}
	memcpy(recv->sge, wqe + 1, recv->num_sge * sizeof(*recv->sge));
	return 0;
}

void vrdma_rq_take(struct vrdma_rq *rq)
{
	vrdma_rq_consume(rq, rq->consumer + 1);
}

int vrdma_rq_pop(struct vrdma_rq *rq, struct vrdma_recv *recv)
{
	int err = vrdma_rq_peek(rq, recv);

	if (!err)
		vrdma_rq_take(rq);
	return err;
}

/* Receives that are nobody's yet; -EINVAL: garbage. */
static int vrdma_rq_unpromised(struct vrdma_rq *rq)
{
	int count = vrdma_rq_count(rq);

	return count < 0 ? count : max(count - (int)rq->promised, 0);
}

static bool vrdma_rq_first(struct vrdma_rq *rq, struct vrdma_rq_waiter *waiter)
{
	return list_empty(&rq->waiters) ||
	       list_first_entry(&rq->waiters, struct vrdma_rq_waiter, node) == waiter;
}

/*
 * Wake waiters in order of arrival, one for each receive that is nobody's.  Who
 * waits behind garbage is woken to find it.
 */
static void vrdma_rq_serve(struct vrdma_rq *rq)
{
	struct vrdma_rq_waiter *waiter;

	lockdep_assert_held(&rq->lock);
	while (!list_empty(&rq->waiters) && vrdma_rq_unpromised(rq)) {
		waiter = list_first_entry(&rq->waiters, struct vrdma_rq_waiter, node);
		list_del_init(&waiter->node);
		if (!waiter->ready(waiter))
			continue;
		waiter->promised = true;
		rq->promised++;
	}
	vrdma_rq_show_need(rq);
}

bool vrdma_rq_turn(struct vrdma_rq *rq, struct vrdma_rq_waiter *waiter)
{
	lockdep_assert_held(&rq->lock);
	if (!waiter->promised)
		return vrdma_rq_first(rq, waiter) && vrdma_rq_unpromised(rq);
	waiter->promised = false;
	rq->promised--;
	return true;
}

bool vrdma_rq_wait(struct vrdma_rq *rq, struct vrdma_rq_waiter *waiter)
{
	lockdep_assert_held(&rq->lock);
	if (list_empty(&waiter->node))
		list_add_tail(&waiter->node, &rq->waiters);
	vrdma_rq_show_need(rq);
	/* Posted before the flag could be seen? */
	return vrdma_rq_turn(rq, waiter);
}

void vrdma_rq_unwait(struct vrdma_rq *rq, struct vrdma_rq_waiter *waiter)
{
	lockdep_assert_held(&rq->lock);
	if (waiter->promised) {
		waiter->promised = false;
		rq->promised--;
	} else if (!list_empty(&waiter->node)) {
		list_del_init(&waiter->node);
	} else {
		return;
	}
	vrdma_rq_serve(rq);
}

void vrdma_rq_kick(struct vrdma_rq *rq)
{
	unsigned long flags;

	spin_lock_irqsave(&rq->lock, flags);
	if (!list_empty(&rq->waiters))
		vrdma_rq_serve(rq);
	spin_unlock_irqrestore(&rq->lock, flags);
}

void vrdma_rq_set_flushing(struct vrdma_rq *rq, bool flushing)
{
	rq->flushing = flushing;
	vrdma_rq_show_need(rq);
}

/* Kernel users: one receive into the slot of @producer. */
static int vrdma_rq_put(struct vrdma_rq *rq, u32 producer, const struct ib_recv_wr *wr)
{
	struct vrdma_recv_wqe *wqe = vrdma_ring_slot(rq->ring, producer);
	struct vrdma_wqe_sge *sge = (struct vrdma_wqe_sge *)(wqe + 1);
	int i;

	/* Pairs with the release after the slot was read. */
	if (producer - smp_load_acquire(&rq->ring->hdr->consumer) >= rq->wr)
		return -ENOMEM;
	if (wr->num_sge < 0 || wr->num_sge > rq->max_sge)
		return -EINVAL;

	wqe->wr_id = wr->wr_id;
	wqe->num_sge = wr->num_sge;
	for (i = 0; i < wr->num_sge; i++) {
		sge[i].addr = wr->sg_list[i].addr;
		sge[i].length = wr->sg_list[i].length;
		sge[i].lkey = wr->sg_list[i].lkey;
	}
	return 0;
}

int vrdma_rq_post(struct vrdma_rq *rq, const struct ib_recv_wr *wr,
		  const struct ib_recv_wr **bad_wr)
{
	struct vrdma_ring_hdr *hdr = rq->ring->hdr;
	unsigned long flags;
	u32 producer;
	int ret = 0;

	spin_lock_irqsave(&rq->post_lock, flags);
	producer = hdr->producer;
	for (; wr; wr = wr->next) {
		ret = vrdma_rq_put(rq, producer, wr);
		if (ret)
			break;
		producer++;
	}
	/* Pairs with the acquire in vrdma_rq_count(). */
	smp_store_release(&hdr->producer, producer);
	spin_unlock_irqrestore(&rq->post_lock, flags);
	smp_mb();	/* what the caller looks at next, to see whether to wake somebody */

	if (ret)
		*bad_wr = wr;
	return ret;
}

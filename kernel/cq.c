// SPDX-License-Identifier: GPL-2.0
/* Completion queues. */
#include "cq.h"

#include <linux/bottom_half.h>
#include <linux/timekeeping.h>
#include <rdma/uverbs_ioctl.h>

#include "bell.h"
#include "limits.h"
#include "ring.h"
#include "vdev.h"

#define VRDMA_CQ_COPY	64U	/* entries resize moves with the lock held: 4 KiB */

/* What came of adding a completion, to be told once the lock is dropped. */
enum vrdma_cq_news {
	VRDMA_CQ_SILENT,
	VRDMA_CQ_EVENT,
	VRDMA_CQ_OVERFLOWED,
};

static void vrdma_cq_tell_overflow(struct vrdma_cq *cq)
{
	struct ib_event event = {
		.device = cq->ibcq.device,
		.element.cq = &cq->ibcq,
		.event = IB_EVENT_CQ_ERR,
	};

	if (cq->ibcq.event_handler)
		cq->ibcq.event_handler(&event, cq->ibcq.cq_context);
}

/* Kernel CQs: consumers expect softirq or process context and none of our locks. */
static void vrdma_cq_notify(struct work_struct *work)
{
	struct vrdma_cq *cq = container_of(work, struct vrdma_cq, notify_work);

	local_bh_disable();
	if (READ_ONCE(cq->overflow) && !cq->overflow_told) {
		cq->overflow_told = true;
		vrdma_cq_tell_overflow(cq);
	}
	if (cq->ibcq.comp_handler)
		cq->ibcq.comp_handler(&cq->ibcq, cq->ibcq.cq_context);
	local_bh_enable();
}

void vrdma_cq_flush(struct vrdma_cq *cq)
{
	if (!cq->user)
		flush_work(&cq->notify_work);
}

static int vrdma_cq_check(struct ib_device *ibdev, const struct ib_cq_init_attr *attr,
			  struct ib_udata *udata)
{
	if (attr->flags & ~IB_UVERBS_CQ_FLAGS_TIMESTAMP_COMPLETION)
		return -EOPNOTSUPP;
	if (!attr->cqe || attr->cqe > VRDMA_MAX_CQE)
		return -EINVAL;
	if (attr->comp_vector >= ibdev->num_comp_vectors)
		return -EINVAL;
	if (udata && udata->outlen < sizeof(struct vrdma_create_cq_resp))
		return -EINVAL;
	return 0;
}

/**
 * vrdma_create_cq - make a completion queue
 * @ibcq: zeroed by ib_core
 * @attr: of the consumer
 * @attrs: of the application's call; NULL: a kernel user
 */
int vrdma_create_cq(struct ib_cq *ibcq, const struct ib_cq_init_attr *attr,
		    struct uverbs_attr_bundle *attrs)
{
	struct ib_udata *udata = attrs ? &attrs->driver_udata : NULL;
	struct vrdma_device *dev = to_vdev(ibcq->device);
	struct vrdma_create_cq_resp resp = {};
	struct vrdma_cq *cq = to_vcq(ibcq);
	int ret;

	ret = vrdma_cq_check(ibcq->device, attr, udata);
	if (ret)
		return ret;

	ret = vrdma_device_charge(dev, VRDMA_OBJ_CQ);
	if (ret)
		return ret;

	cq->ring = vrdma_ring_create(vrdma_udata_ucontext(udata), attr->cqe,
				     sizeof(struct vrdma_cqe), &resp.cq);
	if (IS_ERR(cq->ring)) {
		ret = PTR_ERR(cq->ring);
		goto err_discharge;
	}

	cq->user = udata;
	cq->timestamps = attr->flags & IB_UVERBS_CQ_FLAGS_TIMESTAMP_COMPLETION;
	INIT_WORK(&cq->notify_work, vrdma_cq_notify);
	mutex_init(&cq->resize_lock);
	spin_lock_init(&cq->lock);
	ibcq->cqe = vrdma_ring_slots(cq->ring);

	ret = udata ? ib_respond_udata(udata, resp) : 0;
	if (ret)
		goto err_destroy_ring;
	return 0;

err_destroy_ring:
	vrdma_ring_destroy(cq->ring);
err_discharge:
	vrdma_device_discharge(dev, VRDMA_OBJ_CQ);
	return ret;
}

/* ib_core made sure that no QP uses the queue; so nobody posts to it. */
int vrdma_destroy_cq(struct ib_cq *ibcq, struct ib_udata *udata)
{
	struct vrdma_cq *cq = to_vcq(ibcq);

	cancel_work_sync(&cq->notify_work);
	vrdma_ring_destroy(cq->ring);
	mutex_destroy(&cq->resize_lock);
	vrdma_device_discharge(to_vdev(ibcq->device), VRDMA_OBJ_CQ);
	return 0;
}

/*
 * Is there room for one more?  The consumer's word is read when the queue looks
 * full, once; a garbage value, too, is more than the ring can hold.
 */
static bool vrdma_cq_has_room(struct vrdma_cq *cq)
{
	u32 slots = vrdma_ring_slots(cq->ring);

	if (cq->producer - cq->consumer < slots)
		return true;
	if (!cq->user)
		return false;
	/* Pairs with the release after the application has read the slots. */
	cq->consumer = smp_load_acquire(&cq->ring->hdr->consumer);
	return cq->producer - cq->consumer < slots;
}

static void vrdma_cq_fill(struct vrdma_cq *cq, const struct vrdma_cqe *cqe)
{
	struct vrdma_cqe *slot = vrdma_ring_slot(cq->ring, cq->producer);

	*slot = *cqe;
	slot->timestamp = cq->timestamps ? ktime_get_ns() : 0;
	if (cq->user)
		slot->kernel = 0;
	/* Pairs with the acquire of who polls. */
	smp_store_release(&cq->ring->hdr->producer, ++cq->producer);
}

/*
 * Is an event asked for?  Only the application writes the arm words, so that
 * arming is never undone by us; we remember what we have answered.  While an
 * event is not yet taken from its channel no further one is sent (memory of the
 * kernel backs each): whoever takes it polls afterwards, and finds this
 * completion, which was published before.  A count of taken ones that is ahead
 * of ours comes from before a resize, or is a lie and harms only the liar.
 */
static bool vrdma_cq_fires(struct vrdma_cq *cq, bool solicited)
{
	struct vrdma_ring_hdr *hdr = cq->ring->hdr;
	u32 any, sol;

	smp_mb();	/* completion before arm words; pairs with the fence after arming */
	any = READ_ONCE(hdr->arm_any);
	sol = READ_ONCE(hdr->arm_solicited);
	if (any == cq->fired_any && (!solicited || sol == cq->fired_solicited))
		return false;

	cq->fired_any = any;
	cq->fired_solicited = sol;
	if (cq->user && (s32)(cq->events - READ_ONCE(hdr->events_seen)) > 0)
		return false;
	cq->events++;
	return true;
}

static enum vrdma_cq_news vrdma_cq_add(struct vrdma_cq *cq, const struct vrdma_cqe *cqe,
				       bool solicited)
{
	lockdep_assert_held(&cq->lock);
	if (!vrdma_cq_has_room(cq)) {
		WRITE_ONCE(cq->overflow, true);
		return VRDMA_CQ_OVERFLOWED;
	}
	vrdma_cq_fill(cq, cqe);
	return vrdma_cq_fires(cq, solicited || cqe->status) ? VRDMA_CQ_EVENT :
							      VRDMA_CQ_SILENT;
}

/* Outside cq->lock; ib_uverbs' handlers are for any context. */
static void vrdma_cq_tell(struct vrdma_cq *cq, enum vrdma_cq_news news)
{
	if (news == VRDMA_CQ_SILENT)
		return;
	if (!cq->user)
		queue_work(vrdma_wq, &cq->notify_work);
	else if (news == VRDMA_CQ_OVERFLOWED)
		vrdma_cq_tell_overflow(cq);
	else
		cq->ibcq.comp_handler(&cq->ibcq, cq->ibcq.cq_context);
}

int vrdma_cq_post(struct vrdma_cq *cq, const struct vrdma_cqe *cqe, bool solicited)
{
	enum vrdma_cq_news news = VRDMA_CQ_SILENT;
	unsigned long flags;
	bool overflow;

	spin_lock_irqsave(&cq->lock, flags);
	if (!cq->overflow)
		news = vrdma_cq_add(cq, cqe, solicited);
	overflow = cq->overflow;
	spin_unlock_irqrestore(&cq->lock, flags);

	vrdma_cq_tell(cq, news);
	if (!overflow)
		return 0;
	vrdma_stat_inc(to_vdev(cq->ibcq.device), cq_overflow);
	return -EOVERFLOW;
}

/* The numbers of statuses and opcodes are those of the kernel. */
static void vrdma_cqe_to_wc(const struct vrdma_cqe *cqe, struct ib_wc *wc)
{
	*wc = (struct ib_wc) {
		.wr_id = cqe->wr_id,
		.status = cqe->status,
		.opcode = cqe->opcode,
		.vendor_err = cqe->vendor_err,
		.byte_len = cqe->byte_len,
		.qp = (struct ib_qp *)(uintptr_t)cqe->kernel,
		.src_qp = cqe->src_qp,
		.pkey_index = cqe->pkey_index,
		.sl = cqe->sl,
		.port_num = 1,
	};
	if (cqe->wc_flags & VRDMA_WC_WITH_IMM) {
		wc->wc_flags |= IB_WC_WITH_IMM;
		wc->ex.imm_data = cqe->imm_data;
	}
	if (cqe->wc_flags & VRDMA_WC_WITH_INV) {
		wc->wc_flags |= IB_WC_WITH_INVALIDATE;
		wc->ex.invalidate_rkey = cqe->invalidated_rkey;
	}
	if (cqe->wc_flags & VRDMA_WC_GRH) {
		wc->wc_flags |= IB_WC_GRH | IB_WC_WITH_NETWORK_HDR_TYPE;
		wc->network_hdr_type = cqe->network_hdr_type;
	}
}

/* Kernel CQs. */
int vrdma_poll_cq(struct ib_cq *ibcq, int num, struct ib_wc *wc)
{
	struct vrdma_cq *cq = to_vcq(ibcq);
	unsigned long flags;
	int n;

	spin_lock_irqsave(&cq->lock, flags);
	for (n = 0; n < num && cq->consumer != cq->producer; n++)
		vrdma_cqe_to_wc(vrdma_ring_slot(cq->ring, cq->consumer++), &wc[n]);
	spin_unlock_irqrestore(&cq->lock, flags);
	return n;
}

/* Kernel CQs: arming is what an application does, under our lock. */
int vrdma_req_notify_cq(struct ib_cq *ibcq, enum ib_cq_notify_flags flags)
{
	struct vrdma_cq *cq = to_vcq(ibcq);
	unsigned long irq;
	bool waiting;

	spin_lock_irqsave(&cq->lock, irq);
	if ((flags & IB_CQ_SOLICITED_MASK) == IB_CQ_NEXT_COMP)
		cq->ring->hdr->arm_any++;
	else
		cq->ring->hdr->arm_solicited++;
	waiting = cq->consumer != cq->producer;
	spin_unlock_irqrestore(&cq->lock, irq);

	return waiting && (flags & IB_CQ_REPORT_MISSED_EVENTS);
}

/* Copy the entries [@from, @to) to where they belong in @ring. */
static void vrdma_cq_copy(struct vrdma_cq *cq, struct vrdma_ring *ring, u32 from, u32 to)
{
	for (; from != to; from++)
		memcpy(vrdma_ring_slot(ring, from), vrdma_ring_slot(cq->ring, from),
		       sizeof(struct vrdma_cqe));
}

/*
 * Let @ring, which has all entries in [@from, producer), take over.  The
 * application keeps its hands off both rings until the call has returned.
 */
static void vrdma_cq_switch(struct vrdma_cq *cq, struct vrdma_ring *ring, u32 from)
{
	struct vrdma_ring_hdr *old = cq->ring->hdr;
	struct vrdma_ring_hdr *hdr = ring->hdr;

	lockdep_assert_held(&cq->lock);
	hdr->producer = cq->producer;
	hdr->consumer = from;
	hdr->arm_any = READ_ONCE(old->arm_any);
	hdr->arm_solicited = READ_ONCE(old->arm_solicited);
	hdr->events_seen = READ_ONCE(old->events_seen);
	cq->consumer = from;
	cq->ring = ring;
	cq->ibcq.cqe = vrdma_ring_slots(ring);
}

/*
 * Move what is not yet polled to @ring: the bulk without the lock, then what
 * came meanwhile.  Ends, as more than @ring holds is an error.
 *
 * Return: 0 or -EINVAL.
 */
static int vrdma_cq_move(struct vrdma_cq *cq, struct vrdma_ring *ring)
{
	u32 slots = min(vrdma_ring_slots(ring), vrdma_ring_slots(cq->ring));
	u32 from, next, to;

	lockdep_assert_held(&cq->resize_lock);
	/* Pairs with the release after the application has read the slots. */
	from = smp_load_acquire(&cq->ring->hdr->consumer);
	next = from;
	for (;;) {
		spin_lock_irq(&cq->lock);
		to = cq->producer;
		if (cq->overflow || to - from > slots)
			break;
		if (to - next <= VRDMA_CQ_COPY) {
			vrdma_cq_copy(cq, ring, next, to);
			vrdma_cq_switch(cq, ring, from);
			spin_unlock_irq(&cq->lock);
			return 0;
		}
		spin_unlock_irq(&cq->lock);
		vrdma_cq_copy(cq, ring, next, to);
		next = to;
		cond_resched();
	}
	spin_unlock_irq(&cq->lock);
	return -EINVAL;
}

/**
 * vrdma_resize_cq - give an application's queue another ring
 * @ibcq: the queue
 * @cqe: at least so many entries
 * @udata: of the application's call
 *
 * Return: -EINVAL when @cqe is out of range or the entries that wait do not fit,
 * -EOPNOTSUPP for kernel users, who never ask.
 */
int vrdma_resize_cq(struct ib_cq *ibcq, unsigned int cqe, struct ib_udata *udata)
{
	struct vrdma_resize_cq_resp resp = {};
	struct vrdma_cq *cq = to_vcq(ibcq);
	struct vrdma_ring *ring, *old;
	int ret;

	if (!udata)
		return -EOPNOTSUPP;
	if (!cqe || cqe > VRDMA_MAX_CQE || udata->outlen < sizeof(resp))
		return -EINVAL;

	ring = vrdma_ring_create(vrdma_udata_ucontext(udata), cqe, sizeof(struct vrdma_cqe),
				 &resp.cq);
	if (IS_ERR(ring))
		return PTR_ERR(ring);

	/* Before the switch: the application must not lose both rings. */
	ret = ib_respond_udata(udata, resp);
	if (ret)
		goto out_destroy_ring;

	mutex_lock(&cq->resize_lock);
	old = cq->ring;
	ret = vrdma_cq_move(cq, ring);
	mutex_unlock(&cq->resize_lock);
	if (!ret)
		ring = old;
out_destroy_ring:
	vrdma_ring_destroy(ring);
	return ret;
}

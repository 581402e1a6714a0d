// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Polling a completion queue, in both styles of the API. */
#include "cq.h"

#include <errno.h>
#include <time.h>

/* The consumer word is ours: nobody else writes it. */
static inline uint32_t cq_consumer(const struct vrdma_cq *cq)
{
	return __atomic_load_n(&cq->ring.hdr->consumer, __ATOMIC_RELAXED);
}

/* Pairs with the kernel's release: the slots before it are filled. */
static inline uint32_t cq_producer(const struct vrdma_cq *cq)
{
	return __atomic_load_n(&cq->ring.hdr->producer, __ATOMIC_ACQUIRE);
}

/* We have read the slots before @consumer: the kernel may fill them again. */
static inline void cq_release(struct vrdma_cq *cq, uint32_t consumer)
{
	__atomic_store_n(&cq->ring.hdr->consumer, consumer, __ATOMIC_RELEASE);
}

/* The kernel gave the queue up, its device having gone. */
static inline bool cq_is_dead(const struct vrdma_cq *cq)
{
	return __atomic_load_n(&cq->ring.hdr->flags, __ATOMIC_RELAXED) & VRDMA_RING_DEAD;
}

static inline void cqe_to_wc(const struct vrdma_cqe *cqe, struct ibv_wc *wc)
{
	wc->wr_id = cqe->wr_id;
	wc->status = cqe->status;
	wc->opcode = cqe->opcode;
	wc->vendor_err = cqe->vendor_err;
	wc->byte_len = cqe->byte_len;
	wc->imm_data = cqe->imm_data;	/* or invalidated_rkey */
	wc->qp_num = cqe->qp_num;
	wc->src_qp = cqe->src_qp;
	wc->wc_flags = cqe->wc_flags;
	wc->pkey_index = cqe->pkey_index;
	wc->slid = 0;
	wc->sl = cqe->sl;
	wc->dlid_path_bits = 0;
}

int vrdma_poll_cq(struct ibv_cq *ibcq, int entries, struct ibv_wc *wc)
{
	struct vrdma_cq *cq = to_vcq(ibcq);
	uint32_t consumer, producer;
	int polled = 0;

	pthread_spin_lock(&cq->lock);
	consumer = cq_consumer(cq);
	producer = cq_producer(cq);
	while (polled < entries && consumer != producer)
		cqe_to_wc(vrdma_ring_slot(&cq->ring, consumer++), &wc[polled++]);
	if (polled)
		cq_release(cq, consumer);
	else if (cq_is_dead(cq))
		polled = -EIO;	/* the device is gone: nothing will ever come */
	pthread_spin_unlock(&cq->lock);
	return polled;
}

/*
 * Drop the completions of a queue pair that has been reset, so that none of its former life
 * is met in the next one: so do HCAs' providers (an rxe leaves them). The kernel adds none
 * of it any more; what others add comes behind.
 */
void vrdma_cq_forget(struct ibv_cq *ibcq, uint32_t qp_num)
{
	struct vrdma_cq *cq = to_vcq(ibcq);
	uint32_t consumer, from, to;
	struct vrdma_cqe *cqe;

	pthread_spin_lock(&cq->lock);
	consumer = cq_consumer(cq);
	to = cq_producer(cq);
	for (from = to; from != consumer; ) {
		cqe = vrdma_ring_slot(&cq->ring, --from);
		if (cqe->qp_num != qp_num && --to != from)
			*(struct vrdma_cqe *)vrdma_ring_slot(&cq->ring, to) = *cqe;
	}
	cq_release(cq, to);
	pthread_spin_unlock(&cq->lock);
}

static inline struct vrdma_cq *ex_to_vcq(struct ibv_cq_ex *cq)
{
	return container_of(cq, struct vrdma_cq, vcq.cq_ex);
}

static int poll_next(struct ibv_cq_ex *current)
{
	struct vrdma_cq *cq = ex_to_vcq(current);

	if (cq->next == cq_producer(cq))
		return ENOENT;
	cq->cqe = vrdma_ring_slot(&cq->ring, cq->next++);
	current->wr_id = cq->cqe->wr_id;
	current->status = cq->cqe->status;
	return 0;
}

static int poll_start(struct ibv_cq_ex *current, struct ibv_poll_cq_attr *attr)
{
	struct vrdma_cq *cq = ex_to_vcq(current);
	int err;

	if (attr->comp_mask)
		return EINVAL;
	pthread_spin_lock(&cq->lock);
	cq->next = cq_consumer(cq);
	err = poll_next(current);
	if (err && cq_is_dead(cq))
		err = EIO;
	if (err)
		pthread_spin_unlock(&cq->lock);
	return err;
}

static void poll_end(struct ibv_cq_ex *current)
{
	struct vrdma_cq *cq = ex_to_vcq(current);

	cq_release(cq, cq->next);
	pthread_spin_unlock(&cq->lock);
}

static enum ibv_wc_opcode read_opcode(struct ibv_cq_ex *cq)
{
	return ex_to_vcq(cq)->cqe->opcode;
}

static uint32_t read_vendor_err(struct ibv_cq_ex *cq)
{
	return ex_to_vcq(cq)->cqe->vendor_err;
}

static uint32_t read_byte_len(struct ibv_cq_ex *cq)
{
	return ex_to_vcq(cq)->cqe->byte_len;
}

static __be32 read_imm_data(struct ibv_cq_ex *cq)
{
	return ex_to_vcq(cq)->cqe->imm_data;
}

static uint32_t read_qp_num(struct ibv_cq_ex *cq)
{
	return ex_to_vcq(cq)->cqe->qp_num;
}

static uint32_t read_src_qp(struct ibv_cq_ex *cq)
{
	return ex_to_vcq(cq)->cqe->src_qp;
}

static unsigned int read_wc_flags(struct ibv_cq_ex *cq)
{
	return ex_to_vcq(cq)->cqe->wc_flags;
}

static uint8_t read_sl(struct ibv_cq_ex *cq)
{
	return ex_to_vcq(cq)->cqe->sl;
}

/* Ethernet has no LIDs. */
static uint32_t read_slid(struct ibv_cq_ex *cq)
{
	return 0;
}

static uint8_t read_dlid_path_bits(struct ibv_cq_ex *cq)
{
	return 0;
}

static uint64_t read_completion_ts(struct ibv_cq_ex *cq)
{
	return ex_to_vcq(cq)->cqe->timestamp;
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now = {};

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* The same moment by the other clock, as far as they differ now; neither is a system call. */
static uint64_t read_completion_wallclock_ns(struct ibv_cq_ex *cq)
{
	return ex_to_vcq(cq)->cqe->timestamp + clock_ns(CLOCK_REALTIME) -
	       clock_ns(CLOCK_MONOTONIC);
}

/* Reading costs nothing: what was not asked for may be read all the same. */
void vrdma_cq_set_poll_ops(struct ibv_cq_ex *cq, uint64_t wc_flags)
{
	cq->start_poll = poll_start;
	cq->next_poll = poll_next;
	cq->end_poll = poll_end;
	cq->read_opcode = read_opcode;
	cq->read_vendor_err = read_vendor_err;
	cq->read_byte_len = read_byte_len;
	cq->read_imm_data = read_imm_data;
	cq->read_qp_num = read_qp_num;
	cq->read_src_qp = read_src_qp;
	cq->read_wc_flags = read_wc_flags;
	cq->read_slid = read_slid;
	cq->read_sl = read_sl;
	cq->read_dlid_path_bits = read_dlid_path_bits;
	if (wc_flags & IBV_WC_EX_WITH_COMPLETION_TIMESTAMP)
		cq->read_completion_ts = read_completion_ts;
	if (wc_flags & IBV_WC_EX_WITH_COMPLETION_TIMESTAMP_WALLCLOCK)
		cq->read_completion_wallclock_ns = read_completion_wallclock_ns;
}

// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Receive queues, of QPs and of SRQs. */
#include "rq.h"

#include <errno.h>

#include "sge.h"

int vrdma_rq_init(struct vrdma_rq *rq, struct ibv_context *context,
		  const struct vrdma_ring_info *info, uint32_t wr, uint32_t max_sge)
{
	int err;

	err = vrdma_ring_map(&rq->ring, context, info);
	if (err)
		return err;
	if (wr < rq->ring.room)
		rq->ring.room = wr;
	rq->max_sge = max_sge;
	pthread_spin_init(&rq->lock, PTHREAD_PROCESS_PRIVATE);
	return 0;
}

void vrdma_rq_exit(struct vrdma_rq *rq)
{
	vrdma_ring_unmap(&rq->ring);
	pthread_spin_destroy(&rq->lock);
}

static int post_one(struct vrdma_rq *rq, uint32_t producer, const struct ibv_recv_wr *wr)
{
	struct vrdma_recv_wqe *wqe;

	if ((uint32_t)wr->num_sge > rq->max_sge)
		return EINVAL;
	if (vrdma_ring_full(&rq->ring, producer))
		return ENOMEM;
	wqe = vrdma_ring_slot(&rq->ring, producer);
	*wqe = (struct vrdma_recv_wqe){
		.wr_id = wr->wr_id,
		.num_sge = wr->num_sge,
	};
	vrdma_sge_copy(wqe + 1, wr->sg_list, wr->num_sge);
	return 0;
}

/* The kernel is called with no lock held: it may work for others first. */
int vrdma_rq_post(struct vrdma_rq *rq, struct ibv_recv_wr *wr, struct ibv_recv_wr **bad_wr)
{
	struct ibv_recv_wr *first = wr;
	uint32_t producer, flags = 0;
	int err = 0;

	pthread_spin_lock(&rq->lock);
	producer = vrdma_ring_producer(&rq->ring);
	if (vrdma_ring_dead(&rq->ring))
		err = EIO;
	while (wr && !err) {
		err = post_one(rq, producer, wr);
		if (err)
			break;
		producer++;
		wr = wr->next;
	}
	if (producer != vrdma_ring_producer(&rq->ring))
		flags = vrdma_ring_publish(&rq->ring, producer);
	pthread_spin_unlock(&rq->lock);

	if (err)
		*bad_wr = wr;
	if (flags & VRDMA_RING_NEED_KICK && vrdma_bell_ring(&rq->bell)) {
		*bad_wr = first;
		err = EIO;
	}
	return err;
}

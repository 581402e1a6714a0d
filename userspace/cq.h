/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef VRDMA_CQ_H
#define VRDMA_CQ_H

#include <pthread.h>

#include <infiniband/driver.h>

#include "ring.h"

/**
 * struct vrdma_cq - a completion queue
 * @vcq: what libibverbs knows of it
 * @ring: completions; we are its consumer
 * @next: extended polling: index of the completion after @cqe
 * @cqe: extended polling: the one the application looks at
 * @lock: protects all of the above; held from start_poll to end_poll
 */
struct vrdma_cq {
	struct verbs_cq vcq;
	struct vrdma_ring ring;
	uint32_t next;
	const struct vrdma_cqe *cqe;
	pthread_spinlock_t lock;
};

static inline struct vrdma_cq *to_vcq(struct ibv_cq *ibcq)
{
	return container_of(ibcq, struct vrdma_cq, vcq.cq);
}

struct ibv_cq *vrdma_create_cq(struct ibv_context *context, int cqe,
			       struct ibv_comp_channel *channel, int comp_vector);
struct ibv_cq_ex *vrdma_create_cq_ex(struct ibv_context *context,
				     struct ibv_cq_init_attr_ex *attr);
int vrdma_resize_cq(struct ibv_cq *ibcq, int cqe);
int vrdma_destroy_cq(struct ibv_cq *ibcq);
int vrdma_req_notify_cq(struct ibv_cq *ibcq, int solicited_only);
void vrdma_cq_event(struct ibv_cq *ibcq);

/* poll.c */
int vrdma_poll_cq(struct ibv_cq *ibcq, int entries, struct ibv_wc *wc);
void vrdma_cq_forget(struct ibv_cq *ibcq, uint32_t qp_num);

/* What vrdma_cq_set_poll_ops() can serve. */
#define VRDMA_WC_EX_FLAGS \
	((uint64_t)IBV_WC_STANDARD_FLAGS | IBV_WC_EX_WITH_COMPLETION_TIMESTAMP | \
	 IBV_WC_EX_WITH_COMPLETION_TIMESTAMP_WALLCLOCK)

void vrdma_cq_set_poll_ops(struct ibv_cq_ex *cq, uint64_t wc_flags);

#endif /* VRDMA_CQ_H */

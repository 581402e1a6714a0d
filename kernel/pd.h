/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_PD_H
#define _VRDMA_PD_H

#include <rdma/ib_verbs.h>

/**
 * struct vrdma_pd - a protection domain: keys and queues meet only within one
 * @ibpd: must be first
 */
struct vrdma_pd {
	struct ib_pd ibpd;
};

int vrdma_alloc_pd(struct ib_pd *ibpd, struct ib_udata *udata);
int vrdma_dealloc_pd(struct ib_pd *ibpd, struct ib_udata *udata);

#endif /* _VRDMA_PD_H */

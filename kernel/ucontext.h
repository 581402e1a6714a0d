/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_UCONTEXT_H
#define _VRDMA_UCONTEXT_H

#include <rdma/uverbs_ioctl.h>

/* What we add to the uverbs ioctls: the doorbell file, and our part of the query of a context. */
extern const struct uapi_definition vrdma_uapi[];

/* Verbs. */
int vrdma_alloc_ucontext(struct ib_ucontext *ibuctx, struct ib_udata *udata);
void vrdma_dealloc_ucontext(struct ib_ucontext *ibuctx);
int vrdma_query_ucontext(struct ib_ucontext *ibuctx, struct uverbs_attr_bundle *attrs);
void vrdma_disassociate_ucontext(struct ib_ucontext *ibuctx);

#endif /* _VRDMA_UCONTEXT_H */

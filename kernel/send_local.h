/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_SEND_LOCAL_H
#define _VRDMA_SEND_LOCAL_H

#include "path.h"

struct vrdma_qp;

/*
 * As the owner of the send queue, with nothing on its way: execute the head, which changes
 * a key.  DONE; FAILED; or LATER: an HCA is still at the memory, look again soon.
 */
enum vrdma_verdict vrdma_send_local(struct vrdma_qp *qp, struct vrdma_outcome *out);

#endif /* _VRDMA_SEND_LOCAL_H */

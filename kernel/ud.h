/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_UD_H
#define _VRDMA_UD_H

#include <rdma/ib_verbs.h>

struct vrdma_device;
struct vrdma_lane;
struct vrdma_msg_datagram;
struct vrdma_qp;
struct vrdma_send_wqe;
struct vrdma_op;

int vrdma_ud_create(struct vrdma_device *dev);
void vrdma_ud_stop(struct vrdma_device *dev);
void vrdma_ud_destroy(struct vrdma_device *dev);

/* Bytes that it may take to send: a copy for each member of a group. */
u32 vrdma_ud_cost(const struct vrdma_send_wqe *wqe, const struct vrdma_op *op);
enum ib_wc_status vrdma_ud_send(struct vrdma_qp *qp, const struct vrdma_send_wqe *wqe,
				struct vrdma_op *op);
void vrdma_ud_hear(struct vrdma_lane *lane, const struct vrdma_msg_datagram *d,
		   void *payload, u32 length);

#endif /* _VRDMA_UD_H */

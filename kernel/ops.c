// SPDX-License-Identifier: GPL-2.0
/* The one table that says which function serves which verb. */
#include <linux/module.h>
#include <rdma/ib_verbs.h>
#include <rdma/uverbs_ioctl.h>
#include <rdma/vrdma-abi.h>

#include "ah.h"
#include "bell.h"
#include "cq.h"
#include "device.h"
#include "fast.h"
#include "group.h"
#include "mr.h"
#include "mw.h"
#include "pd.h"
#include "port.h"
#include "qp.h"
#include "ring.h"
#include "send.h"
#include "srq.h"
#include "stats.h"
#include "ucontext.h"

#ifdef VRDMA_OUT_OF_TREE
#include "compat/ops.h"
#endif

const struct ib_device_ops vrdma_device_ops = {
	.owner = THIS_MODULE,
	.driver_id = (enum rdma_driver_id)VRDMA_DRIVER_ID,
	.uverbs_abi_ver = VRDMA_UVERBS_ABI_VERSION,

	.query_device = vrdma_query_device,
	.query_port = vrdma_query_port,
	.query_pkey = vrdma_query_pkey,
	.get_link_layer = vrdma_get_link_layer,
	.get_port_immutable = vrdma_get_port_immutable,
	.alloc_hw_port_stats = vrdma_alloc_hw_port_stats,
	.get_hw_stats = vrdma_get_hw_stats,
	.enable_driver = vrdma_enable_driver,
	.dealloc_driver = vrdma_dealloc_driver,

	.alloc_ucontext = vrdma_alloc_ucontext,
	.dealloc_ucontext = vrdma_dealloc_ucontext,
	.query_ucontext = vrdma_query_ucontext,
	.disassociate_ucontext = vrdma_disassociate_ucontext,
	.mmap = vrdma_ring_mmap,
	.mmap_free = vrdma_ring_mmap_free,

	.alloc_pd = vrdma_alloc_pd,
	.dealloc_pd = vrdma_dealloc_pd,

	.get_dma_mr = vrdma_get_dma_mr,
	.reg_user_mr = vrdma_reg_user_mr,
	.rereg_user_mr = vrdma_rereg_user_mr,
	.dereg_mr = vrdma_dereg_mr,
	.alloc_mr = vrdma_alloc_mr,
	.map_mr_sg = vrdma_map_mr_sg,
	.alloc_mw = vrdma_alloc_mw,
	.dealloc_mw = vrdma_dealloc_mw,

	.create_ah = vrdma_create_ah,
	.create_user_ah = vrdma_create_ah,
	.modify_ah = vrdma_modify_ah,
	.query_ah = vrdma_query_ah,
	.destroy_ah = vrdma_destroy_ah,

	.create_cq = vrdma_create_cq,
	.destroy_cq = vrdma_destroy_cq,
	.resize_user_cq = vrdma_resize_cq,
	.poll_cq = vrdma_poll_cq,
	.req_notify_cq = vrdma_req_notify_cq,

	.create_srq = vrdma_create_srq,
	.modify_srq = vrdma_modify_srq,
	.query_srq = vrdma_query_srq,
	.destroy_srq = vrdma_destroy_srq,
	.post_srq_recv = vrdma_post_srq_recv,

	.create_qp = vrdma_create_qp,
	.modify_qp = vrdma_modify_qp,
	.query_qp = vrdma_query_qp,
	.destroy_qp = vrdma_destroy_qp,
	.post_send = vrdma_post_send,
	.post_recv = vrdma_post_recv,

	.attach_mcast = vrdma_attach_mcast,
	.detach_mcast = vrdma_detach_mcast,

	INIT_RDMA_OBJ_SIZE(ib_ah, vrdma_ah, ibah),
	INIT_RDMA_OBJ_SIZE(ib_cq, vrdma_cq, ibcq),
	INIT_RDMA_OBJ_SIZE(ib_mw, vrdma_mw, ibmw),
	INIT_RDMA_OBJ_SIZE(ib_pd, vrdma_pd, ibpd),
	INIT_RDMA_OBJ_SIZE(ib_qp, vrdma_qp, ibqp),
	INIT_RDMA_OBJ_SIZE(ib_srq, vrdma_srq, ibsrq),
	INIT_RDMA_OBJ_SIZE(ib_ucontext, vrdma_ucontext, ibuctx),
};

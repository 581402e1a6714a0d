/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* Our answers behind the core's: struct vrdma_cmd_<verb>_resp. */
#ifndef VRDMA_ABI_H
#define VRDMA_ABI_H

#include <infiniband/driver.h>
#include <infiniband/kern-abi.h>
#include <kernel-abi/vrdma-abi.h>
#include <rdma/vrdma-abi.h>

DECLARE_DRV_CMD(vrdma_cmd_get_context, IB_USER_VERBS_CMD_GET_CONTEXT,
		empty, vrdma_alloc_ucontext_resp);
DECLARE_DRV_CMD(vrdma_cmd_alloc_pd, IB_USER_VERBS_CMD_ALLOC_PD,
		empty, empty);
DECLARE_DRV_CMD(vrdma_cmd_create_cq, IB_USER_VERBS_CMD_CREATE_CQ,
		empty, vrdma_create_cq_resp);
DECLARE_DRV_CMD(vrdma_cmd_create_cq_ex, IB_USER_VERBS_EX_CMD_CREATE_CQ,
		empty, vrdma_create_cq_resp);
DECLARE_DRV_CMD(vrdma_cmd_resize_cq, IB_USER_VERBS_CMD_RESIZE_CQ,
		empty, vrdma_resize_cq_resp);
DECLARE_DRV_CMD(vrdma_cmd_create_srq, IB_USER_VERBS_CMD_CREATE_SRQ,
		empty, vrdma_create_srq_resp);
DECLARE_DRV_CMD(vrdma_cmd_modify_srq, IB_USER_VERBS_CMD_MODIFY_SRQ,
		vrdma_modify_srq_cmd, empty);
DECLARE_DRV_CMD(vrdma_cmd_create_qp, IB_USER_VERBS_CMD_CREATE_QP,
		empty, vrdma_create_qp_resp);
DECLARE_DRV_CMD(vrdma_cmd_create_qp_ex, IB_USER_VERBS_EX_CMD_CREATE_QP,
		empty, vrdma_create_qp_resp);
DECLARE_DRV_CMD(vrdma_cmd_create_ah, IB_USER_VERBS_CMD_CREATE_AH,
		empty, vrdma_create_ah_resp);

#endif /* VRDMA_ABI_H */

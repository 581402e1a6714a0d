// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The provider: which devices are ours, opening one, the table of verbs. */
#include "vrdma.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <infiniband/cmd_ioctl.h>

#include "abi.h"
#include "ah.h"
#include "bell.h"
#include "cq.h"
#include "mr.h"
#include "mw.h"
#include "pd.h"
#include "qp.h"
#include "srq.h"

static int vrdma_query_device_ex(struct ibv_context *context,
				 const struct ibv_query_device_ex_input *input,
				 struct ibv_device_attr_ex *attr, size_t attr_size)
{
	struct ib_uverbs_ex_query_device_resp resp;
	size_t resp_size = sizeof(resp);
	uint64_t version;
	int err;

	err = ibv_cmd_query_device_any(context, input, attr, attr_size, &resp, &resp_size);
	if (err)
		return err;
	version = resp.base.fw_ver;
	snprintf(attr->orig_attr.fw_ver, sizeof(attr->orig_attr.fw_ver), "%u.%u.%u",
		 (unsigned int)(version >> 32 & 0xffff),
		 (unsigned int)(version >> 16 & 0xffff), (unsigned int)(version & 0xffff));
	return 0;
}

static int vrdma_query_port(struct ibv_context *context, uint8_t port,
			    struct ibv_port_attr *attr)
{
	struct ibv_query_port cmd;

	return ibv_cmd_query_port(context, port, attr, &cmd, sizeof(cmd));
}

/* The clock of the completions' timestamps. */
static int vrdma_query_rt_values(struct ibv_context *context, struct ibv_values_ex *values)
{
	uint32_t answered = 0;

	if (values->comp_mask & IBV_VALUES_MASK_RAW_CLOCK) {
		if (clock_gettime(CLOCK_MONOTONIC, &values->raw_clock))
			return errno;
		answered |= IBV_VALUES_MASK_RAW_CLOCK;
	}
	values->comp_mask = answered;
	return 0;
}

static void vrdma_free_context(struct ibv_context *context)
{
	struct vrdma_context *ctx = to_vctx(context);

	close(ctx->bell_fd);
	verbs_uninit_context(&ctx->vctx);
	free(ctx);
}

static const struct verbs_context_ops vrdma_context_ops = {
	.alloc_mw = vrdma_alloc_mw,
	.alloc_parent_domain = vrdma_alloc_parent_domain,
	.alloc_pd = vrdma_alloc_pd,
	.alloc_td = vrdma_alloc_td,
	.attach_mcast = ibv_cmd_attach_mcast,
	.bind_mw = vrdma_bind_mw,
	.cq_event = vrdma_cq_event,
	.create_ah = vrdma_create_ah,
	.create_cq = vrdma_create_cq,
	.create_cq_ex = vrdma_create_cq_ex,
	.create_qp = vrdma_create_qp,
	.create_qp_ex = vrdma_create_qp_ex,
	.create_srq = vrdma_create_srq,
	.dealloc_mw = vrdma_dealloc_mw,
	.dealloc_pd = vrdma_dealloc_pd,
	.dealloc_td = vrdma_dealloc_td,
	.dereg_mr = vrdma_dereg_mr,
	.destroy_ah = vrdma_destroy_ah,
	.destroy_cq = vrdma_destroy_cq,
	.destroy_qp = vrdma_destroy_qp,
	.destroy_srq = vrdma_destroy_srq,
	.detach_mcast = ibv_cmd_detach_mcast,
	.free_context = vrdma_free_context,
	.import_mr = vrdma_import_mr,
	.import_pd = vrdma_import_pd,
	.modify_qp = vrdma_modify_qp,
	.modify_srq = vrdma_modify_srq,
	.poll_cq = vrdma_poll_cq,
	.post_recv = vrdma_post_recv,
	.post_send = vrdma_post_send,
	.post_srq_recv = vrdma_post_srq_recv,
	.query_device_ex = vrdma_query_device_ex,
	.query_port = vrdma_query_port,
	.query_qp = vrdma_query_qp,
	.query_rt_values = vrdma_query_rt_values,
	.query_srq = vrdma_query_srq,
	.reg_mr = vrdma_reg_mr,
	.req_notify_cq = vrdma_req_notify_cq,
	.rereg_mr = vrdma_rereg_mr,
	.resize_cq = vrdma_resize_cq,
	.unimport_mr = vrdma_unimport_mr,
	.unimport_pd = vrdma_unimport_pd,
};

/* Of what the kernel has answered, make @ctx ready to use. */
static int context_start(struct vrdma_context *ctx, const struct vrdma_alloc_ucontext_resp *resp)
{
	int err;

	err = vrdma_bell_open(&ctx->vctx.context, &ctx->bell_fd);
	if (err)
		return err;
	ctx->features = resp->comp_mask;
	verbs_set_ops(&ctx->vctx, &vrdma_context_ops);
	return 0;
}

static struct verbs_context *context_discard(struct vrdma_context *ctx, int err)
{
	verbs_uninit_context(&ctx->vctx);
	free(ctx);
	errno = err;
	return NULL;
}

static struct verbs_context *vrdma_alloc_context(struct ibv_device *ibdev, int cmd_fd,
						 void *private_data)
{
	struct vrdma_cmd_get_context_resp resp = {};
	struct ibv_get_context cmd = {};
	struct vrdma_context *ctx;
	int err;

	ctx = verbs_init_and_alloc_context(ibdev, cmd_fd, ctx, vctx, VRDMA_DRIVER_ID);
	if (!ctx)
		return NULL;
	err = ibv_cmd_get_context(&ctx->vctx, &cmd, sizeof(cmd), &resp.ibv_resp, sizeof(resp));
	if (!err)
		err = context_start(ctx, &resp.drv_payload);
	return err ? context_discard(ctx, err) : &ctx->vctx;
}

/* Another process has opened the device: the same context, with a doorbell file of ours. */
static struct verbs_context *vrdma_import_context(struct ibv_device *ibdev, int cmd_fd)
{
	DECLARE_COMMAND_BUFFER_LINK(answer, UVERBS_OBJECT_DEVICE, UVERBS_METHOD_QUERY_CONTEXT, 1,
				    NULL);
	struct vrdma_alloc_ucontext_resp resp = {};
	struct vrdma_context *ctx;
	int err;

	ctx = verbs_init_and_alloc_context(ibdev, cmd_fd, ctx, vctx, VRDMA_DRIVER_ID);
	if (!ctx)
		return NULL;
	fill_attr_out_ptr(answer, VRDMA_ATTR_QUERY_CONTEXT_RESP, &resp);
	err = ibv_cmd_query_context(&ctx->vctx.context, answer);
	if (!err)
		err = context_start(ctx, &resp);
	return err ? context_discard(ctx, err) : &ctx->vctx;
}

static struct verbs_device *vrdma_alloc_device(struct verbs_sysfs_dev *sysfs_dev)
{
	return calloc(1, sizeof(struct verbs_device));
}

static void vrdma_uninit_device(struct verbs_device *device)
{
	free(device);
}

static const struct verbs_match_ent vrdma_match_table[] = {
	VERBS_DRIVER_ID(VRDMA_DRIVER_ID),
	{},
};

static const struct verbs_device_ops vrdma_device_ops = {
	.name = "vrdma",
	.match_min_abi_version = VRDMA_UVERBS_ABI_VERSION,
	.match_max_abi_version = VRDMA_UVERBS_ABI_VERSION,
	.match_table = vrdma_match_table,
	.alloc_device = vrdma_alloc_device,
	.uninit_device = vrdma_uninit_device,
	.alloc_context = vrdma_alloc_context,
	.import_context = vrdma_import_context,
};

PROVIDER_DRIVER(vrdma, vrdma_device_ops);

// SPDX-License-Identifier: GPL-2.0
/* A process' opening of a device, with its doorbell file. */
#include "ucontext.h"

#include <linux/fs.h>
#include <linux/module.h>
#include <rdma/uverbs_ioctl.h>
#include <rdma/uverbs_types.h>
#include <rdma/vrdma-abi.h>

#define UVERBS_MODULE_NAME vrdma
#include <rdma/uverbs_named_ioctl.h>

#include "bell.h"
#include "limits.h"
#include "netns.h"
#include "vdev.h"

static struct vrdma_ucontext *to_vuctx(struct ib_ucontext *ibuctx)
{
	return container_of(ibuctx, struct vrdma_ucontext, ibuctx);
}

static const struct vrdma_alloc_ucontext_resp vrdma_ucontext_resp = {
	.comp_mask = VRDMA_CONTEXT_FLUSH,
	.max_inline = VRDMA_MAX_INLINE,
};

/**
 * vrdma_alloc_ucontext - a process opens a device
 * @ibuctx: of the process
 * @udata: answered with struct vrdma_alloc_ucontext_resp
 *
 * In shared mode ib_core lets everybody open everything; we do not.  The module
 * stays while a context exists (rule R2).
 */
int vrdma_alloc_ucontext(struct ib_ucontext *ibuctx, struct ib_udata *udata)
{
	struct vrdma_alloc_ucontext_resp resp = vrdma_ucontext_resp;
	struct vrdma_device *dev = to_vdev(ibuctx->device);
	struct vrdma_ucontext *uctx = to_vuctx(ibuctx);
	int ret;

	if (!vrdma_netns_is_mine(dev))
		return -EPERM;
	ret = vrdma_device_charge(dev, VRDMA_OBJ_CONTEXT);
	if (ret)
		return ret;
	ret = -ENODEV;
	if (!try_module_get(THIS_MODULE)) /* put in vrdma_dealloc_ucontext() */
		goto err_discharge;
	ret = -ENOMEM;
	uctx->bell = vrdma_bell_create();
	if (!uctx->bell)
		goto err_module_put;
	ret = ib_respond_udata(udata, resp);
	if (ret)
		goto err_bell_destroy;
	return 0;

err_bell_destroy:
	vrdma_bell_destroy(uctx->bell);
err_module_put:
	module_put(THIS_MODULE);
err_discharge:
	vrdma_device_discharge(dev, VRDMA_OBJ_CONTEXT);
	return ret;
}

/**
 * vrdma_dealloc_ucontext - a process closes a device, or loses it
 * @ibuctx: has no objects any more, and its doorbell files know it no more
 *
 * ib_core holds what unregistering the device waits for, so that module exit
 * cannot overtake the end of this function.
 */
void vrdma_dealloc_ucontext(struct ib_ucontext *ibuctx)
{
	vrdma_bell_destroy(to_vuctx(ibuctx)->bell);
	vrdma_device_discharge(to_vdev(ibuctx->device), VRDMA_OBJ_CONTEXT);
	module_put(THIS_MODULE);
}

/**
 * vrdma_query_ucontext - a process was handed an open device by another
 * @ibuctx: what that has opened
 * @attrs: answered with struct vrdma_alloc_ucontext_resp
 */
int vrdma_query_ucontext(struct ib_ucontext *ibuctx, struct uverbs_attr_bundle *attrs)
{
	return uverbs_copy_to_struct_or_zero(attrs, VRDMA_ATTR_QUERY_CONTEXT_RESP,
					     &vrdma_ucontext_resp,
					     sizeof(vrdma_ucontext_resp));
}

/*
 * That it exists lets a device end while processes have it open.  Ring mappings
 * stay: their pages belong to the page tables by then.
 */
void vrdma_disassociate_ucontext(struct ib_ucontext *ibuctx)
{
}

/**
 * struct vrdma_doorbell - a doorbell file
 * @uobj: must be first; lives as long as the file
 * @bell: where calls go; NULL once the context or the device is gone
 */
struct vrdma_doorbell {
	struct ib_uobject uobj;
	struct vrdma_bell __rcu *bell;
};

static struct vrdma_doorbell *to_vdoorbell(struct ib_uobject *uobj)
{
	return container_of(uobj, struct vrdma_doorbell, uobj);
}

/* The argument is a number in compat calls, too. */
static long vrdma_doorbell_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return vrdma_bell_ring(&to_vdoorbell(file->private_data)->bell, cmd, arg);
}

static const struct file_operations vrdma_doorbell_fops = {
	.owner = THIS_MODULE,
	.release = uverbs_uobject_fd_release,
	.unlocked_ioctl = vrdma_doorbell_ioctl,
	.compat_ioctl = vrdma_doorbell_ioctl,
	.llseek = noop_llseek,
};

/* The file was closed for the last time, or its context ends before it does. */
static void vrdma_doorbell_destroy(struct ib_uobject *uobj, enum rdma_remove_reason why)
{
	rcu_assign_pointer(to_vdoorbell(uobj)->bell, NULL);
}

static int UVERBS_HANDLER(VRDMA_METHOD_DOORBELL_ALLOC)(struct uverbs_attr_bundle *attrs)
{
	struct ib_uobject *uobj =
		uverbs_attr_get_uobject(attrs, VRDMA_ATTR_DOORBELL_ALLOC_FD);

	rcu_assign_pointer(to_vdoorbell(uobj)->bell, to_vuctx(uobj->context)->bell);
	return 0;
}

DECLARE_UVERBS_NAMED_METHOD(VRDMA_METHOD_DOORBELL_ALLOC,
			    UVERBS_ATTR_FD(VRDMA_ATTR_DOORBELL_ALLOC_FD,
					   VRDMA_OBJECT_DOORBELL,
					   UVERBS_ACCESS_NEW, UA_MANDATORY));

DECLARE_UVERBS_NAMED_OBJECT(VRDMA_OBJECT_DOORBELL,
			    UVERBS_TYPE_ALLOC_FD(sizeof(struct vrdma_doorbell),
						 vrdma_doorbell_destroy,
						 &vrdma_doorbell_fops,
						 "[vrdma]", O_RDWR),
			    &UVERBS_METHOD(VRDMA_METHOD_DOORBELL_ALLOC));

#define VRDMA_QUERY_CONTEXT_RESP \
	UVERBS_ATTR_STRUCT(struct vrdma_alloc_ucontext_resp, max_inline)

ADD_UVERBS_ATTRIBUTES_SIMPLE(vrdma_query_context, UVERBS_OBJECT_DEVICE,
			     UVERBS_METHOD_QUERY_CONTEXT,
			     UVERBS_ATTR_PTR_OUT(VRDMA_ATTR_QUERY_CONTEXT_RESP,
						 VRDMA_QUERY_CONTEXT_RESP, UA_MANDATORY));

const struct uapi_definition vrdma_uapi[] = {
	UAPI_DEF_CHAIN_OBJ_TREE(UVERBS_OBJECT_DEVICE, &vrdma_query_context),
	UAPI_DEF_CHAIN_OBJ_TREE_NAMED(VRDMA_OBJECT_DOORBELL),
	{},
};

// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The doorbell file. */
#include "bell.h"

#include <errno.h>
#include <sys/ioctl.h>

#include <infiniband/driver.h>
#include <rdma/vrdma-abi.h>

int vrdma_bell_open(struct ibv_context *context, int *fd)
{
	DECLARE_COMMAND_BUFFER(cmd, VRDMA_OBJECT_DOORBELL, VRDMA_METHOD_DOORBELL_ALLOC, 1);
	struct ib_uverbs_attr *attr;
	int err;

	attr = fill_attr_out_fd(cmd, VRDMA_ATTR_DOORBELL_ALLOC_FD, 0);
	err = execute_ioctl(context, cmd);
	if (err)
		return err;
	*fd = read_attr_fd(VRDMA_ATTR_DOORBELL_ALLOC_FD, attr);
	return 0;
}

int vrdma_bell_ring(const struct vrdma_bell *bell)
{
	return ioctl(bell->fd, bell->cmd, (unsigned long)bell->number) ? errno : 0;
}

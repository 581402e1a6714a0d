/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_COMPAT_RDMA_UVERBS_IOCTL_H
#define _VRDMA_COMPAT_RDMA_UVERBS_IOCTL_H

#include_next <rdma/uverbs_ioctl.h>

#ifndef HAVE_IB_RESPOND_UDATA
#define ib_respond_udata(udata, resp)					\
	ib_copy_to_udata(udata, &(resp), min(sizeof(resp), (udata)->outlen))
#endif

#endif /* _VRDMA_COMPAT_RDMA_UVERBS_IOCTL_H */

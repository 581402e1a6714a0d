/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_COMPAT_RDMA_UVERBS_IOCTL_H
#define _VRDMA_COMPAT_RDMA_UVERBS_IOCTL_H

#include_next <rdma/uverbs_ioctl.h>

#ifndef HAVE_IB_RESPOND_UDATA
#define ib_respond_udata(udata, resp) ({					\
	struct ib_udata *_udata = (udata);				\
	typeof(resp) *_resp = &(resp);					\
									\
	ib_copy_to_udata(_udata, _resp, min(sizeof(*_resp), _udata->outlen)); \
})
#endif

#endif /* _VRDMA_COMPAT_RDMA_UVERBS_IOCTL_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bend verbs entry points, written with mainline signatures, to those of the
 * kernel being built for.  Included by ops.c and by nothing else.
 */
#ifndef _VRDMA_COMPAT_OPS_H
#define _VRDMA_COMPAT_OPS_H

#ifndef HAVE_CREATE_CQ_ATTRS
static int compat_create_cq(struct ib_cq *cq, const struct ib_cq_init_attr *attr,
			    struct ib_udata *udata)
{
	return vrdma_create_cq(cq, attr,
			       udata ? rdma_udata_to_uverbs_attr_bundle(udata) : NULL);
}

#define vrdma_create_cq compat_create_cq
#endif

#ifndef HAVE_REG_USER_MR_DMAH
static struct ib_mr *compat_reg_user_mr(struct ib_pd *pd, u64 start, u64 length,
					u64 iova, int access,
					struct ib_udata *udata)
{
	return vrdma_reg_user_mr(pd, start, length, iova, access, NULL, udata);
}

#define vrdma_reg_user_mr compat_reg_user_mr
#endif

#ifndef HAVE_RESIZE_USER_CQ
static int compat_resize_cq(struct ib_cq *cq, int cqe, struct ib_udata *udata)
{
	if (!udata || cqe < 1)
		return -EINVAL;
	return vrdma_resize_cq(cq, cqe, udata);
}

#define vrdma_resize_cq compat_resize_cq
#define resize_user_cq resize_cq
#endif

#endif /* _VRDMA_COMPAT_OPS_H */

/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of formats share; they also compile on the host. */
#ifndef _VRDMA_FORMAT_H
#define _VRDMA_FORMAT_H

#ifdef __KERNEL__
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/nospec.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <rdma/ib_verbs.h>
#else
#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Nothing to be guessed here. */
static inline unsigned long array_index_nospec(unsigned long index, unsigned long size)
{
	return index < size ? index : 0;
}

static inline void barrier(void)
{
	__asm__ __volatile__("" : : : "memory");
}

/* Only the kernel's headers have enum ib_wc_status. */
enum ib_wc_status {
	IB_WC_REM_INV_REQ_ERR = 9,
	IB_WC_REM_ACCESS_ERR = 10,
	IB_WC_REM_OP_ERR = 11,
};
#endif
#include <asm/byteorder.h>

/* Who uses @copy after this reads nothing of @data again: its writer may be hostile. */
static inline void vrdma_wire_copy(void *copy, const void *data, unsigned long len)
{
	memcpy(copy, data, len);
	barrier();
}

static inline bool vrdma_wire_zero(const void *data, unsigned long len)
{
	const __u8 *byte = data;
	__u8 all = 0;

	while (len--)
		all |= *byte++;
	return !all;
}

/* Is this address a multicast group's, IPv4 as ::ffff:a.b.c.d? */
static inline bool vrdma_wire_is_group(const __u8 *gid)
{
	if (gid[0] == 0xff)
		return true;
	return vrdma_wire_zero(gid, 10) && gid[10] == 0xff && gid[11] == 0xff &&
	       (gid[12] & 0xf0) == 0xe0;
}

#endif /* _VRDMA_FORMAT_H */

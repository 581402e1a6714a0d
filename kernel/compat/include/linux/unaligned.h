/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_COMPAT_LINUX_UNALIGNED_H
#define _VRDMA_COMPAT_LINUX_UNALIGNED_H

/* Before 5f60d5f6bbc1 ("move asm/unaligned.h to linux/unaligned.h", 6.12). */
#ifdef HAVE_LINUX_UNALIGNED
#include_next <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

#endif /* _VRDMA_COMPAT_LINUX_UNALIGNED_H */

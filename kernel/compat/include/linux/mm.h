/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_COMPAT_LINUX_MM_H
#define _VRDMA_COMPAT_LINUX_MM_H

#include_next <linux/mm.h>

/* Before 1c71222e5f23 ("mm: replace vma->vm_flags direct modifications", 6.3). */
#ifndef HAVE_VM_FLAGS_CLEAR
static inline void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags &= ~flags;
}
#endif

#endif /* _VRDMA_COMPAT_LINUX_MM_H */

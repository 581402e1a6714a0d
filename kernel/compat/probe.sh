#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Ask the compiler, not the version number, what this kernel's API looks like.
# CC and FLAGS are those of the kernel's build; prints probed.h.
set -e

compiles() {
	printf '%s\n' "$@" | eval "$CC $FLAGS" \
		-DMODULE -DKBUILD_MODNAME='\"probe\"' -DKBUILD_BASENAME='\"probe\"' \
		-Wno-error -Werror=incompatible-pointer-types -Werror=implicit-int \
		-Werror=implicit-function-declaration \
		-fsyntax-only -x c - 2>/dev/null
}

probe() {
	name=$1
	shift
	if compiles "$@"
	then echo "#define HAVE_$name 1"
	else echo "/* HAVE_$name is not set */"
	fi
}

# Controls: without them a bad flag reads as "this kernel has nothing", or all.
compiles '#include <rdma/ib_verbs.h>' 'struct ib_device *probe_dev;' ||
	{ echo 'probe.sh: <rdma/ib_verbs.h> does not compile' >&2; exit 1; }
! compiles '#include <rdma/ib_verbs.h>' 'struct ib_device_ops o = { .no_such = 0 };' ||
	{ echo 'probe.sh: every probe passes' >&2; exit 1; }
! compiles '#include <rdma/ib_verbs.h>' \
	'int f(void); struct ib_device_ops o = { .poll_cq = f };' ||
	{ echo 'probe.sh: signatures are not compared' >&2; exit 1; }

probe IB_ALLOC_DEVICE_WITH_NET '#include <rdma/ib_verbs.h>' \
	'struct d { struct ib_device b; };' \
	'void *f(struct net *n);' \
	'void *f(struct net *n) { return ib_alloc_device_with_net(d, b, n); }'
probe IB_MARK_NAME_ASSIGNED_BY_USER '#include <rdma/ib_verbs.h>' \
	'void f(struct ib_device *d);' \
	'void f(struct ib_device *d) { ib_mark_name_assigned_by_user(d); }'
probe IB_RESPOND_UDATA '#include <rdma/uverbs_ioctl.h>' \
	'int f(struct ib_udata *u);' \
	'int f(struct ib_udata *u) { int r = 0; return ib_respond_udata(u, r); }'
probe CREATE_CQ_ATTRS '#include <rdma/ib_verbs.h>' \
	'int f(struct ib_cq *c, const struct ib_cq_init_attr *a,' \
	'      struct uverbs_attr_bundle *b);' \
	'struct ib_device_ops o = { .create_cq = f };'
probe REG_USER_MR_DMAH '#include <rdma/ib_verbs.h>' \
	'struct ib_mr *f(struct ib_pd *p, u64 s, u64 l, u64 v, int a,' \
	'                struct ib_dmah *d, struct ib_udata *u);' \
	'struct ib_device_ops o = { .reg_user_mr = f };'
probe RESIZE_USER_CQ '#include <rdma/ib_verbs.h>' \
	'int f(struct ib_cq *c, unsigned int n, struct ib_udata *u);' \
	'struct ib_device_ops o = { .resize_user_cq = f };'
probe TIMER_CONTAINER_OF '#include <linux/timer.h>' \
	'struct s { struct timer_list t; };' \
	'struct s *f(struct timer_list *t);' \
	'struct s *f(struct timer_list *t)' \
	'{ struct s *s = timer_container_of(s, t, t); return s; }'
probe TIMER_DELETE_SYNC '#include <linux/timer.h>' \
	'int f(struct timer_list *t);' \
	'int f(struct timer_list *t) { return timer_delete_sync(t); }'
probe TIMER_SHUTDOWN_SYNC '#include <linux/timer.h>' \
	'int f(struct timer_list *t);' \
	'int f(struct timer_list *t) { return timer_shutdown_sync(t); }'
probe VM_FLAGS_CLEAR '#include <linux/mm.h>' \
	'void f(struct vm_area_struct *v);' \
	'void f(struct vm_area_struct *v) { vm_flags_clear(v, VM_MAYEXEC); }'
probe IB_FLUSH '#include <rdma/ib_verbs.h>' \
	'int i = IB_ACCESS_FLUSH_GLOBAL | IB_ACCESS_FLUSH_PERSISTENT;' \
	'u64 c = IB_DEVICE_FLUSH_GLOBAL | IB_DEVICE_ATOMIC_WRITE;' \
	'enum ib_wc_opcode w[] = { IB_WC_FLUSH, IB_WC_ATOMIC_WRITE };'
probe LINUX_UNALIGNED '#include <linux/unaligned.h>'

/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR Linux-OpenIB) */
/*
 * What the vrdma kernel module and its user space provider say to each other.
 *
 * Every queue is a ring of fixed-size slots in memory that both sides map:
 * a header of VRDMA_RING_DATA bytes, then the slots.  Indices run freely
 * through 32 bits; slot number = index & (slots - 1).  The kernel reads a word
 * written by the application once, checks it and uses only its copy.
 */
#ifndef VRDMA_ABI_USER_H
#define VRDMA_ABI_USER_H

#include <linux/ioctl.h>
#include <linux/types.h>
#include <rdma/ib_user_ioctl_cmds.h>

/* Raise only when an older provider could no longer work. */
#define VRDMA_UVERBS_ABI_VERSION	1

/* Private driver id ("vrdm"), until one is assigned in ib_user_ioctl_verbs.h. */
#define VRDMA_DRIVER_ID			0x7672646d

#define VRDMA_CACHE_LINE		64
#define VRDMA_RING_DATA			512	/* offset of slot 0 */

/* struct vrdma_ring_hdr::flags, written by the kernel only */
#define VRDMA_RING_NEED_DOORBELL	(1U << 0) /* SQ: ring after publishing */
#define VRDMA_RING_NEED_KICK		(1U << 1) /* RQ, SRQ: kick after publishing */
#define VRDMA_RING_DEAD			(1U << 2) /* the device is gone */

/*
 * struct vrdma_ring_hdr - what stands before the slots of a ring
 * @producer: index of the next slot to fill; its writer stores it with release
 *            after the slots.  SQ, RQ, SRQ: application.  CQ: kernel.
 * @consumer: index of the next slot to read.  SQ, RQ, SRQ: kernel.  CQ: application.
 * @flags: VRDMA_RING_*.  After publishing @producer the application runs a full
 *         fence and reads it: that pairs with the kernel's set, fence, look again.
 * @arm_any: CQ: the application adds one to ask for an event at the next
 *           completion, then fences and polls once more.
 * @arm_solicited: CQ: same, for the next solicited or failed completion.
 * @events_seen: CQ: completion events the application has taken from its channel.
 *               While one is not yet taken, the kernel sends no further one.
 *
 * Each group of words that one side writes has a cache line of its own.
 */
struct vrdma_ring_hdr {
	__u32 producer;
	__u32 pad0[15];
	__u32 consumer;
	__u32 pad1[15];
	__u32 flags;
	__u32 pad2[15];
	__u32 arm_any;
	__u32 arm_solicited;
	__u32 events_seen;
	__u32 pad3[13];
	__u32 pad4[64];
};

/* One piece of local memory. */
struct vrdma_wqe_sge {
	__aligned_u64 addr;
	__u32 length;
	__u32 lkey;
};

/*
 * struct vrdma_send_wqe::opcode: the numbers of enum ib_uverbs_wr_opcode, which has these two
 * since Linux 6.2.  The kernel says VRDMA_CONTEXT_FLUSH if it knows them.
 */
#define VRDMA_WR_FLUSH			14
#define VRDMA_WR_ATOMIC_WRITE		15

/* What a FLUSH is for: the numbers of enum ib_placement_type. */
#define VRDMA_FLUSH_GLOBAL		(1U << 0) /* what was written is there for everybody */
#define VRDMA_FLUSH_PERSISTENT		(1U << 1) /* and after the power was away */

/* And of what: the numbers of enum ib_selectivity_level. */
#define VRDMA_FLUSH_RANGE		0
#define VRDMA_FLUSH_MR			1	/* all that the key leads to */

/* struct vrdma_send_wqe::flags: the numbers of enum ibv_send_flags. */
#define VRDMA_SEND_FENCE		(1U << 0)
#define VRDMA_SEND_SIGNALED		(1U << 1)
#define VRDMA_SEND_SOLICITED		(1U << 2)
#define VRDMA_SEND_INLINE		(1U << 3)
#define VRDMA_SEND_FLAGS		0xfU

/*
 * struct vrdma_send_wqe - a slot of a send queue; input only
 * @wr_id: returned in the completion
 * @opcode: enum ib_uverbs_wr_opcode
 * @flags: VRDMA_SEND_*
 * @num_sge: entries behind the header; 0 with VRDMA_SEND_INLINE
 * @inline_len: bytes of payload behind the header, with VRDMA_SEND_INLINE
 * @imm_data: immediate data, big endian as on the wire
 * @invalidate_rkey: rkey of LOCAL_INV and SEND_WITH_INV
 *
 * The header is followed by @num_sge struct vrdma_wqe_sge or by @inline_len bytes; but what
 * ATOMIC_WRITE writes with VRDMA_SEND_INLINE are the bytes of @atomic.compare_add.
 */
struct vrdma_send_wqe {
	__aligned_u64 wr_id;
	__u32 opcode;
	__u32 flags;
	__u32 num_sge;
	__u32 inline_len;
	union {
		__be32 imm_data;
		__u32 invalidate_rkey;
	};
	__u32 reserved;
	union {
		struct {
			__aligned_u64 remote_addr;
			__u32 rkey;
			__u32 reserved;
		} rdma;
		struct {
			__aligned_u64 remote_addr;
			__aligned_u64 compare_add;
			__aligned_u64 swap;
			__u32 rkey;
			__u32 reserved;
		} atomic;
		struct {
			__aligned_u64 remote_addr;
			__u32 length;	/* of the range */
			__u32 rkey;
			__u32 type;	/* VRDMA_FLUSH_GLOBAL, _PERSISTENT */
			__u32 level;	/* VRDMA_FLUSH_RANGE or _MR */
		} flush;
		struct {
			__u32 ah;	/* struct vrdma_create_ah_resp::ah */
			__u32 remote_qpn;
			__u32 remote_qkey;
			__u32 reserved;
		} ud;
		struct {		/* BIND_MW */
			__aligned_u64 addr;
			__aligned_u64 length;	/* 0: to nothing; type 1 */
			__u32 mr_lkey;
			__u32 mw_rkey;	/* that it has; of type 2 only bits 8 to 31 count */
			__u32 rkey;	/* that it gets; the same bits 8 to 31 */
			__u32 access;	/* enum ib_uverbs_access_flags */
		} bind;
		__u8 space[32];
	};
};

/*
 * struct vrdma_recv_wqe - a slot of a receive queue; input only
 * @num_sge: struct vrdma_wqe_sge entries behind the header
 */
struct vrdma_recv_wqe {
	__aligned_u64 wr_id;
	__u32 num_sge;
	__u32 reserved;
};

/* struct vrdma_cqe::wc_flags: the numbers of enum ibv_wc_flags. */
#define VRDMA_WC_GRH			(1U << 0)
#define VRDMA_WC_WITH_IMM		(1U << 1)
#define VRDMA_WC_WITH_INV		(1U << 3)

/*
 * struct vrdma_cqe - a slot of a completion queue; output only
 * @status: enum ibv_wc_status
 * @opcode: enum ibv_wc_opcode; valid also when @status is an error
 * @wc_flags: VRDMA_WC_*
 * @timestamp: of CLOCK_MONOTONIC, nanoseconds
 * @kernel: for the kernel's own completion queues; 0 in one that is mapped
 */
struct vrdma_cqe {
	__aligned_u64 wr_id;
	__u32 status;
	__u32 opcode;
	__u32 vendor_err;
	__u32 byte_len;
	union {
		__be32 imm_data;
		__u32 invalidated_rkey;
	};
	__u32 qp_num;
	__u32 src_qp;
	__u32 wc_flags;
	__u16 pkey_index;
	__u8 network_hdr_type;	/* enum rdma_network_type of the kernel */
	__u8 sl;
	__u32 reserved;
	__aligned_u64 timestamp;
	__aligned_u64 kernel;
};

/* Where to map a ring and what it holds. */
struct vrdma_ring_info {
	__aligned_u64 offset;	/* for mmap(2) of the context's command file */
	__u32 size;		/* bytes to map, whole pages; 0: no such ring */
	__u32 slots;		/* power of two */
	__u32 stride;		/* bytes per slot, power of two */
	__u32 reserved;
};

/* struct vrdma_alloc_ucontext_resp::comp_mask */
#define VRDMA_CONTEXT_FLUSH		(1U << 0) /* FLUSH and ATOMIC_WRITE */

struct vrdma_alloc_ucontext_resp {
	__u32 comp_mask;	/* VRDMA_CONTEXT_* */
	__u32 max_inline;
};

struct vrdma_create_cq_resp {
	struct vrdma_ring_info cq;
	__u32 comp_mask;
	__u32 reserved;
};

struct vrdma_resize_cq_resp {
	struct vrdma_ring_info cq;
};

struct vrdma_create_srq_resp {
	struct vrdma_ring_info rq;
	__u32 srqn;		/* argument of VRDMA_IOC_KICK_SRQ */
	__u32 comp_mask;
};

/*
 * The core's command that changes an SRQ has no answer.
 * @ring: where a struct vrdma_ring_info goes, when the size changes
 */
struct vrdma_modify_srq_cmd {
	__aligned_u64 ring;
};

struct vrdma_create_qp_resp {
	struct vrdma_ring_info sq;
	struct vrdma_ring_info rq;	/* size 0 with an SRQ */
	__u32 comp_mask;
	__u32 reserved;
};

struct vrdma_create_ah_resp {
	__u32 ah;
	__u32 reserved;
};

/*
 * The doorbell file: one per context, made by VRDMA_METHOD_DOORBELL_ALLOC.  Its
 * ioctls take a number, not a pointer.  They return 0, or fail with EINVAL (no
 * such object in this context) or EIO (the device is gone).
 */
enum vrdma_objects {
	VRDMA_OBJECT_DOORBELL = (1U << UVERBS_ID_NS_SHIFT),
};

enum vrdma_doorbell_methods {
	VRDMA_METHOD_DOORBELL_ALLOC = (1U << UVERBS_ID_NS_SHIFT),
};

enum vrdma_doorbell_alloc_attrs {
	VRDMA_ATTR_DOORBELL_ALLOC_FD = (1U << UVERBS_ID_NS_SHIFT),
};

/* Who was handed an open device asks again what opening it was answered with. */
enum vrdma_query_context_attrs {
	VRDMA_ATTR_QUERY_CONTEXT_RESP = (1U << UVERBS_ID_NS_SHIFT),
};

#define VRDMA_IOC_MAGIC			0xbd
#define VRDMA_IOC_SEND			_IO(VRDMA_IOC_MAGIC, 0)	/* QPN */
#define VRDMA_IOC_KICK_QP		_IO(VRDMA_IOC_MAGIC, 1)	/* QPN */
#define VRDMA_IOC_KICK_SRQ		_IO(VRDMA_IOC_MAGIC, 2)	/* SRQ number */

#endif /* VRDMA_ABI_USER_H */

/* SPDX-License-Identifier: GPL-2.0 */
/* The interface above both paths: an operation goes to the owner of its memory. */
#ifndef _VRDMA_PATH_H
#define _VRDMA_PATH_H

#include <rdma/ib_verbs.h>
#include <rdma/vrdma-abi.h>

#include "cursor.h"

struct vrdma_binding;

/**
 * struct vrdma_op - one operation, as the owner of the memory executes it
 * @wr_id: of the work request
 * @opcode: enum ib_uverbs_wr_opcode
 * @flags: VRDMA_SEND_*
 * @imm_data: of opcodes with immediate
 * @length: bytes of payload
 * @rkey: remote key; READ, WRITE, atomics
 * @remote_addr: where it points to
 * @compare_add: atomics
 * @swap: compare and swap
 * @original: atomics: what the word held
 * @mem: the requester's memory: source of SEND and WRITE, sink of READ and atomics
 * @begun: the owner has accepted it and holds what it needs
 */
struct vrdma_op {
	u64 wr_id;
	u32 opcode;
	u32 flags;
	__be32 imm_data;
	u32 length;
	u32 rkey;
	u64 remote_addr;
	u64 compare_add;
	u64 swap;
	u64 original;
	struct vrdma_cursor mem;
	bool begun;
};

/* What became of an attempt to carry an operation on. */
enum vrdma_verdict {
	VRDMA_DONE,	/* executed: complete it with success */
	VRDMA_MORE,	/* the budget is used up: come again */
	VRDMA_RNR,	/* no receive; a wake follows when one is posted */
	VRDMA_LOST,	/* the owner does not answer */
	VRDMA_FAILED,	/* complete it with vrdma_outcome::status */
};

/**
 * struct vrdma_outcome - details of a verdict
 * @status: FAILED: what the requester sees
 * @rnr_timer: RNR: the owner's min_rnr_timer
 */
struct vrdma_outcome {
	enum ib_wc_status status;
	u8 rnr_timer;
};

/**
 * struct vrdma_budget - what one context may do before it gives way
 * @bytes: to copy
 * @wqes: to retire
 */
struct vrdma_budget {
	s64 bytes;
	s32 wqes;
};

/**
 * struct vrdma_path_ops - how the messages of a binding travel
 * @advance: carry the operation at the head on.  Process context or worker,
 *	     no locks held; may be called again after every verdict but DONE and
 *	     FAILED.
 */
struct vrdma_path_ops {
	enum vrdma_verdict (*advance)(struct vrdma_binding *binding, struct vrdma_op *op,
				      struct vrdma_budget *budget,
				      struct vrdma_outcome *out);
};

extern const struct vrdma_path_ops vrdma_local_path;

#endif /* _VRDMA_PATH_H */

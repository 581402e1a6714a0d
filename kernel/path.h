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
 * @rkey: remote key; READ, WRITE, FLUSH, atomics; SEND_WITH_INV: to invalidate
 * @remote_addr: where it points to
 * @compare_add: atomics
 * @swap: compare and swap
 * @range: FLUSH: bytes from @remote_addr
 * @placement: FLUSH: VRDMA_FLUSH_GLOBAL, VRDMA_FLUSH_PERSISTENT
 * @level: FLUSH: VRDMA_FLUSH_RANGE or VRDMA_FLUSH_MR
 * @original: atomics: what the word held
 * @mseq: number of the operation in its binding
 * @mem: the requester's memory: source of SEND and WRITE, sink of READ and atomics
 * @begun: the owner has accepted it and holds what it needs
 * @bulk: begun, and the owner's HCA moves its bytes
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
	u32 range;
	u8 placement;
	u8 level;
	u64 original;
	u32 mseq;
	struct vrdma_cursor mem;
	bool begun;
	bool bulk;
};

/* What became of an attempt to carry an operation on. */
enum vrdma_verdict {
	VRDMA_DONE,	/* executed: complete it with success */
	VRDMA_SENT,	/* on its way: settle() tells what becomes of it */
	VRDMA_MORE,	/* the budget is used up: come again */
	VRDMA_BUSY,	/* the path has no room; a wake follows when it has, or an answer */
	VRDMA_LATER,	/* the owner waits for HCAs to leave memory; come again soon */
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

/* What became of the operations that are on their way. */
enum vrdma_news {
	VRDMA_NEWS_NONE,	/* nothing beyond vrdma_settlement::answered */
	VRDMA_NEWS_AGAIN,	/* those not answered are to be sent again */
	VRDMA_NEWS_FAILED,	/* the first that is not answered has failed */
};

/**
 * struct vrdma_settlement - what a path has heard of operations it has sent
 * @answered: the first operation that is not known to be executed; before: to the caller
 * @late: before: what is not answered by now is to be sent again
 * @heard: the far side has spoken of them, since the last time
 * @asked: the far side was asked for a word: it has as long again
 * @news: of @answered and those after it
 * @status: FAILED: what the requester sees
 */
struct vrdma_settlement {
	u32 answered;
	bool late;
	bool heard;
	bool asked;
	enum vrdma_news news;
	enum ib_wc_status status;
};

/**
 * struct vrdma_budget - what one context may do before it gives way
 * @bytes: to copy
 * @wqes: to retire
 * @hurry: it serves others, who do not wait for an HCA
 */
struct vrdma_budget {
	s64 bytes;
	s32 wqes;
	bool hurry;
};

/**
 * struct vrdma_path_ops - how the messages of a binding travel
 * @advance: carry the operation at the head on.  Process context or worker,
 *	     no locks held; may be called again after every verdict but DONE, SENT
 *	     and FAILED.  After SENT the path has what it needs of @op
 * @settle: what has become of operations sent; NULL where advance() knows at once
 *
 * @rest: the send queue does not wait for room now; NULL: it never does
 *
 * All are called by the owner of the send queue only.  Operations are numbered
 * from 1 in the order of advance(); after news AGAIN the first that is not
 * answered comes again.
 */
struct vrdma_path_ops {
	enum vrdma_verdict (*advance)(struct vrdma_binding *binding, struct vrdma_op *op,
				      struct vrdma_budget *budget,
				      struct vrdma_outcome *out);
	void (*settle)(struct vrdma_binding *binding, struct vrdma_settlement *news);
	void (*rest)(struct vrdma_binding *binding);
};

extern const struct vrdma_path_ops vrdma_local_path;
extern const struct vrdma_path_ops vrdma_remote_path;

#endif /* _VRDMA_PATH_H */

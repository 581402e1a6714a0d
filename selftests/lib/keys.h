/* SPDX-License-Identifier: GPL-2.0 */
/* What tests of keys share: use one, bind one, invalidate one. */
#ifndef SELFTESTS_KEYS_H
#define SELFTESTS_KEYS_H

#include "verbs_util.h"

/* @len bytes of ep->buf to or from @addr by @rkey; it must complete with @status. */
int key_use(struct ep *ep, enum ibv_wr_opcode op, uint32_t rkey, uint64_t addr, uint32_t len,
	    enum ibv_wc_status status);

/* Post BIND_MW or LOCAL_INV, signaled; as ep_post(). */
int key_post_bind(struct ep *ep, uint64_t wr_id, struct ibv_mw *mw, uint32_t rkey,
		  const struct ibv_mw_bind_info *info);
int key_post_invalidate(struct ep *ep, uint64_t wr_id, uint32_t rkey);

/* The same, and it must complete with @status.  mw->rkey is the new one then. */
int key_bind(struct ep *ep, struct ibv_mw *mw, const struct ibv_mw_bind_info *info,
	     enum ibv_wc_status status);
int key_invalidate(struct ep *ep, uint32_t rkey, enum ibv_wc_status status);

/* As cq_expect() of the send queue; rxe also calls flushed what has failed at home. */
int key_expect(struct ep *ep, uint64_t wr_id, enum ibv_wc_status status, struct ibv_wc *wc);

/* After an error: through RESET to RTS again, and nothing left in the queues. */
int keys_reconnect(struct pair *p);

/* Post in a thread of its own: the caller of a doorbell may work for it. */
int keys_post_aside(struct ep *ep, const struct ibv_send_wr *wr);
int keys_join_aside(void);

#endif /* SELFTESTS_KEYS_H */

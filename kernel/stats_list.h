/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One line per counter of `rdma statistic`; the name says who was at fault.
 * Included by those who define what VRDMA_STAT(name) is to them.
 */
VRDMA_STAT(tx_local_bytes)	/* moved for our requests, this host */
VRDMA_STAT(tx_local_msgs)
VRDMA_STAT(rx_local_bytes)	/* moved for others' requests, this host */
VRDMA_STAT(rx_local_msgs)
VRDMA_STAT(tx_remote_bytes)	/* moved for our requests, other hosts */
VRDMA_STAT(tx_remote_msgs)
VRDMA_STAT(rx_remote_bytes)	/* moved for requests of other hosts */
VRDMA_STAT(rx_remote_msgs)
VRDMA_STAT(rx_bulk_bytes)	/* of rx_remote_bytes, what our HCA moved by itself */
VRDMA_STAT(rx_remote_again)	/* requests that came twice: a lane broke */
VRDMA_STAT(tx_rnr_nak)	/* we had no receive */
VRDMA_STAT(rx_rnr_nak)	/* the peer had no receive */
VRDMA_STAT(tx_retry_exceeded)	/* the peer did not answer in time */
VRDMA_STAT(tx_bad_wqe)	/* our application's ring is garbage */
VRDMA_STAT(tx_bad_key)	/* our application's lkey, range or right */
VRDMA_STAT(tx_pending)	/* datagrams that waited for a route */
VRDMA_STAT(tx_dropped)	/* datagrams without route or receiver */
VRDMA_STAT(rx_bad_key)	/* the peer's rkey, range or right */
VRDMA_STAT(rx_bad_request)	/* the peer's request does not fit */
VRDMA_STAT(rx_no_receive)	/* UD, UC: dropped, no receive posted */
VRDMA_STAT(rx_bad_qkey)	/* UD: dropped */
VRDMA_STAT(rx_bad_qp)	/* UD: dropped, no such QP or state */
VRDMA_STAT(rx_no_member)	/* multicast: dropped, no QP is attached to the group */
VRDMA_STAT(rx_bind_refused)	/* BIND with a bad token, QP or GID */
VRDMA_STAT(cq_overflow)	/* completions the application left no room for */
VRDMA_STAT(doorbells)
VRDMA_STAT(kicks)
VRDMA_STAT(to_worker)	/* drains handed to the worker */
VRDMA_STAT(resolver_queries)
VRDMA_STAT(resolver_answers)	/* good answers received */
VRDMA_STAT(resolver_misses)	/* queries nobody answered */
VRDMA_STAT(resolver_rx_queries)
VRDMA_STAT(resolver_rx_bad)	/* datagrams dropped as malformed, foreign or stale */
VRDMA_STAT(resolver_rx_limited)	/* dropped by a rate limit */
VRDMA_STAT(resolver_rx_no_group)	/* questions for groups that no QP is attached to */
VRDMA_STAT(resolver_group_full)	/* answers dropped: the group has too many members */
VRDMA_STAT(resolver_group_left)	/* members of groups that answer no more */
VRDMA_STAT(resolver_no_socket)	/* address families without a socket */

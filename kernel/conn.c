// SPDX-License-Identifier: GPL-2.0
/* Connections of lanes, made with rdma_cm. */
#include "conn.h"

#include <linux/jiffies.h>
#include <linux/moduleparam.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <rdma/ib_addr.h>

#include "channel.h"
#include "hca.h"
#include "lane.h"
#include "limits.h"
#include "regqp.h"
#include "repair.h"

/* One more of each for the marker that ib_drain_qp() posts. */
#define VRDMA_CONN_SENDS	(VRDMA_LANE_SENDS + 1 + 1 + VRDMA_LANE_PARTS)
#define VRDMA_CONN_RECVS	(VRDMA_LANE_RECVS + 1)

static unsigned int vrdma_lane_timeout = VRDMA_LANE_ACK_TIMEOUT;
module_param_named(lane_timeout, vrdma_lane_timeout, uint, 0444);
MODULE_PARM_DESC(lane_timeout, "4.096 us * 2^this: how long another host's HCA may not acknowledge, six times");

void vrdma_conn_happened(struct vrdma_conn *conn, enum vrdma_conn_flag flag)
{
	struct vrdma_lane *lane;

	smp_mb__before_atomic(); /* what it is about is seen with the flag */
	set_bit(flag, &conn->flags);
	smp_mb__after_atomic(); /* pairs with queueing the work in vrdma_repair_accept() */
	lane = READ_ONCE(conn->lane);
	if (lane)
		vrdma_repair_kick(lane);
}

void vrdma_conn_break(struct vrdma_conn *conn, const char *why)
{
	cmpxchg(&conn->why, NULL, why);
	vrdma_conn_happened(conn, VRDMA_CONN_BROKEN);
}

/* To what the peer's HCA wants and can. */
static void vrdma_conn_limit_reads(struct vrdma_conn *conn, const struct rdma_conn_param *param)
{
	conn->reads_in = min(conn->reads_in, param->responder_resources);
	conn->reads_out = min(conn->reads_out, param->initiator_depth);
}

/* The reply of who accepts, or a rejection that says who is there instead. */
static void vrdma_conn_answered(struct vrdma_conn *conn, const struct rdma_conn_param *param,
				enum vrdma_conn_flag flag)
{
	struct vrdma_hello hello;

	if (vrdma_hello_parse(&hello, param->private_data, param->private_data_len)) {
		vrdma_conn_break(conn, "bad hello");
		return;
	}
	conn->hello = hello;
	vrdma_conn_limit_reads(conn, param);
	vrdma_conn_happened(conn, flag);
}

/* rdma_cm holds the id's mutex: only the lane's work acts. */
static int vrdma_conn_event(struct rdma_cm_id *id, struct rdma_cm_event *event)
{
	struct vrdma_conn *conn = id->context;

	switch (event->event) {
	case RDMA_CM_EVENT_ADDR_RESOLVED:
		vrdma_conn_happened(conn, VRDMA_CONN_ADDRESS);
		break;
	case RDMA_CM_EVENT_ROUTE_RESOLVED:
		vrdma_conn_happened(conn, VRDMA_CONN_ROUTE);
		break;
	case RDMA_CM_EVENT_ESTABLISHED:
		if (conn->accepts)
			vrdma_conn_happened(conn, VRDMA_CONN_ESTABLISHED);
		else
			vrdma_conn_answered(conn, &event->param.conn, VRDMA_CONN_ESTABLISHED);
		break;
	case RDMA_CM_EVENT_REJECTED:
		if (conn->accepts)
			vrdma_conn_break(conn, rdma_event_msg(event->event));
		else
			vrdma_conn_answered(conn, &event->param.conn, VRDMA_CONN_REFUSED);
		break;
	case RDMA_CM_EVENT_TIMEWAIT_EXIT:
		break;
	default:
		vrdma_conn_break(conn, rdma_event_msg(event->event));
	}
	return 0;
}

/* Any context, also under locks of the driver. */
static void vrdma_conn_qp_event(struct ib_event *event, void *context)
{
	struct vrdma_conn *conn = context;

	if (event->event == IB_EVENT_COMM_EST)
		rdma_notify(conn->id, IB_EVENT_COMM_EST);
	else if (event->event != IB_EVENT_SQ_DRAINED)
		vrdma_conn_break(conn, ib_event_msg(event->event));
}

static struct vrdma_conn *vrdma_conn_alloc(struct vrdma_hca *hca)
{
	struct vrdma_conn *conn;

	conn = kzalloc(sizeof(*conn), GFP_KERNEL);
	if (!conn)
		return NULL;
	conn->hca = hca;
	conn->reads_in = min_t(int, VRDMA_LANE_READS, hca->ibdev->attrs.max_qp_rd_atom);
	conn->reads_out = min_t(int, VRDMA_LANE_READS, hca->ibdev->attrs.max_qp_init_rd_atom);
	INIT_LIST_HEAD(&conn->node);
	get_random_bytes(&conn->cookie, sizeof(conn->cookie));
	init_completion(&conn->opened);
	return conn;
}

/* Privileged ports tell a peer that a kernel, or root, speaks; lanes may share one. */
static int vrdma_conn_bind(struct vrdma_conn *conn, const union ib_gid *from)
{
	unsigned int port = get_random_u32() % VRDMA_PORTS;
	struct sockaddr_storage addr;
	unsigned int tries;
	int ret = -EADDRINUSE;

	rdma_set_reuseaddr(conn->id, 1);
	for (tries = 0; tries < VRDMA_PORTS && ret; tries++) {
		port = (port + 1) % VRDMA_PORTS;
		if (VRDMA_PORT_FIRST + port == VRDMA_CHANNEL_PORT)
			continue;
		vrdma_hca_sockaddr(&addr, from, VRDMA_PORT_FIRST + port);
		ret = rdma_bind_addr(conn->id, (struct sockaddr *)&addr);
		if (ret && ret != -EADDRINUSE && ret != -EADDRNOTAVAIL)
			break;
	}
	return ret;
}

static unsigned int vrdma_conn_timeout(void)
{
	return clamp(vrdma_lane_timeout, 1U, (unsigned int)VRDMA_LANE_MAX_TIMEOUT);
}

static int vrdma_conn_set_timeout(struct vrdma_conn *conn)
{
	return rdma_set_ack_timeout(conn->id, vrdma_conn_timeout());
}

/* No less than it takes to see that a peer is dead: who may stand still may be slow. */
unsigned long vrdma_conn_patience(void)
{
	u64 dead = (4096ULL << vrdma_conn_timeout()) * (VRDMA_LANE_RETRIES + 1);

	return max(msecs_to_jiffies(VRDMA_BULK_END_MS), nsecs_to_jiffies(dead));
}

/* Some other device may have the same address. */
static int vrdma_conn_dial(struct vrdma_conn *conn, const union ib_gid *from)
{
	struct sockaddr_storage addr;
	int ret;

	ret = vrdma_conn_bind(conn, from);
	if (ret)
		return ret;
	if (conn->id->device != conn->hca->ibdev)
		return -ENODEV;
	ret = vrdma_conn_set_timeout(conn);
	if (ret)
		return ret;
	vrdma_hca_sockaddr(&addr, &conn->addr, VRDMA_CHANNEL_PORT);
	return rdma_resolve_addr(conn->id, NULL, (struct sockaddr *)&addr,
				 VRDMA_LANE_CONNECT_MS);
}

/**
 * vrdma_conn_open - begin to connect
 * @lane: for which; its work calls
 * @hca: its reference goes to the connection
 * @from: address of @hca
 * @to: address of the peer
 *
 * Return: the connection, or NULL, @hca put.
 */
struct vrdma_conn *vrdma_conn_open(struct vrdma_lane *lane, struct vrdma_hca *hca,
				   const union ib_gid *from, const union ib_gid *to)
{
	struct vrdma_conn *conn;
	struct rdma_cm_id *id;

	conn = vrdma_conn_alloc(hca);
	if (!conn)
		goto err_put_hca;
	conn->lane = lane;
	conn->addr = *to;
	id = rdma_create_id(&init_net, vrdma_conn_event, conn, RDMA_PS_TCP, IB_QPT_RC);
	if (IS_ERR(id))
		goto err_free;
	conn->id = id;
	if (vrdma_conn_dial(conn, from))
		goto err_destroy_id;
	return conn;

err_destroy_id:
	rdma_destroy_id(id);
err_free:
	kfree(conn);
err_put_hca:
	vrdma_hca_put(hca);
	return NULL;
}

static enum dma_data_direction vrdma_conn_direction(unsigned int buf)
{
	return buf < VRDMA_LANE_RECVS ? DMA_FROM_DEVICE : DMA_TO_DEVICE;
}

static void vrdma_conn_unmap(struct vrdma_conn *conn, unsigned int bufs)
{
	while (bufs--)
		ib_dma_unmap_single(conn->hca->ibdev, conn->lane->bufs[bufs].dma,
				    VRDMA_MSG_MAX, vrdma_conn_direction(bufs));
}

/* Held buffers are mapped, too: who holds one only writes to its memory. */
static int vrdma_conn_map(struct vrdma_conn *conn)
{
	struct ib_device *ibdev = conn->hca->ibdev;
	struct vrdma_lane_buf *buf;
	unsigned int i;

	for (i = 0; i < VRDMA_LANE_BUFS; i++) {
		buf = &conn->lane->bufs[i];
		buf->dma = ib_dma_map_single(ibdev, buf->data, VRDMA_MSG_MAX,
					     vrdma_conn_direction(i));
		if (ib_dma_mapping_error(ibdev, buf->dma)) {
			vrdma_conn_unmap(conn, i);
			return -ENOMEM;
		}
	}
	return 0;
}

int vrdma_conn_post_recv(struct vrdma_conn *conn, unsigned int buf)
{
	struct vrdma_lane_buf *memory = &conn->lane->bufs[buf];
	struct ib_sge sge = {
		.addr = memory->dma,
		.length = VRDMA_MSG_MAX,
		.lkey = conn->regqp->pd->local_dma_lkey,
	};
	struct ib_recv_wr wr = {
		.wr_cqe = &memory->cqe,
		.sg_list = &sge,
		.num_sge = 1,
	};

	ib_dma_sync_single_for_device(conn->hca->ibdev, memory->dma, VRDMA_MSG_MAX,
				      DMA_FROM_DEVICE);
	return ib_post_recv(conn->id->qp, &wr, NULL);
}

static int vrdma_conn_create_qp(struct vrdma_conn *conn)
{
	struct ib_qp_init_attr attr = {
		.event_handler = vrdma_conn_qp_event,
		.qp_context = conn,
		.send_cq = conn->cq,
		.recv_cq = conn->cq,
		.cap = {
			.max_send_wr = VRDMA_CONN_SENDS,
			.max_recv_wr = VRDMA_CONN_RECVS,
			.max_send_sge = max(conn->sges, 1U),
			.max_recv_sge = 1,
		},
		.sq_sig_type = IB_SIGNAL_REQ_WR,
		.qp_type = IB_QPT_RC,
	};

	return rdma_create_qp(conn->id, conn->regqp->pd, &attr);
}

/*
 * iWARP puts what it READs where a key with remote rights says; a window of our own for
 * that is not made.  Two entries are the least that a move and its tail need.
 */
static unsigned int vrdma_conn_sges(const struct vrdma_conn *conn)
{
	const struct ib_device_attr *attrs = &conn->hca->ibdev->attrs;
	unsigned int sges = min3(attrs->max_send_sge, attrs->max_sge_rd,
				 (int)VRDMA_PIECE_PAGES + 1);

	if (rdma_protocol_iwarp(conn->hca->ibdev, conn->id->port_num) || sges < 2)
		return 0;
	return sges;
}

/* Queue pair and posted receives.  What it made before it failed, _teardown() undoes. */
static int vrdma_conn_setup(struct vrdma_conn *conn)
{
	struct vrdma_channel *channel = conn->lane->channel;
	struct ib_device *ibdev = conn->hca->ibdev;
	struct vrdma_regqp *regqp;
	struct ib_cq *cq;
	unsigned int i;
	int ret;

	ret = vrdma_lane_alloc(conn->lane);
	if (ret)
		return ret;
	conn->sges = vrdma_conn_sges(conn);
	regqp = vrdma_regqp_get(&channel->regqp, conn->hca, conn->id,
				conn->sges ? channel->nr_lanes * VRDMA_LANE_WINDOWS : 0);
	if (IS_ERR(regqp))
		return PTR_ERR(regqp);
	conn->regqp = regqp;
	/*
	 * Callbacks may sleep in it; sends and receives take turns.  Not the unbound one:
	 * its workers wait for a time slice of programs that poll.
	 */
	cq = ib_alloc_cq(ibdev, conn->lane, VRDMA_CONN_SENDS + VRDMA_CONN_RECVS,
			 conn->lane->index % ibdev->num_comp_vectors,
			 IB_POLL_WORKQUEUE);
	if (IS_ERR(cq))
		return PTR_ERR(cq);
	ret = vrdma_conn_map(conn);
	if (ret) {
		ib_free_cq(cq);
		return ret;
	}
	conn->cq = cq;
	ret = vrdma_conn_create_qp(conn);
	for (i = 0; i < VRDMA_LANE_RECVS && !ret; i++)
		ret = vrdma_conn_post_recv(conn, i);
	return ret;
}

/*
 * The queue pair goes as it is, not by way of the error state: an rxe that is put into
 * error while the last packet of a message arrives runs into a NULL pointer (6.12; its
 * do_complete() looks at that packet again).  Nothing is posted any more, for who posts
 * looks at BROKEN under the lane's lock.  iWARP disconnects by its queue pair.
 */
static void vrdma_conn_teardown(struct vrdma_conn *conn)
{
	bool had_qp = conn->id->qp;

	if (had_qp && rdma_protocol_iwarp(conn->hca->ibdev, conn->id->port_num)) {
		rdma_disconnect(conn->id);
		ib_drain_qp(conn->id->qp);
	}
	if (had_qp) {
		vrdma_bulk_quiesce(conn->lane);		/* the last who posts has done so */
		rdma_destroy_qp(conn->id);
		rdma_disconnect(conn->id);
	}
	if (conn->cq) {
		ib_free_cq(conn->cq);
		vrdma_conn_unmap(conn, VRDMA_LANE_BUFS);
		vrdma_lane_reclaim(conn->lane);
		vrdma_bulk_reclaim(conn->lane);
	}
	if (conn->regqp)
		vrdma_regqp_put(&conn->lane->channel->regqp, conn->regqp);
}

int vrdma_conn_route(struct vrdma_conn *conn)
{
	int ret;

	if (conn->id->device != conn->hca->ibdev)
		return -ENODEV;
	ret = vrdma_conn_setup(conn);
	if (ret)
		return ret;
	return rdma_resolve_route(conn->id, VRDMA_LANE_CONNECT_MS);
}

static void vrdma_conn_param(struct vrdma_conn *conn, struct rdma_conn_param *param,
			     struct vrdma_hello *hello, void *data)
{
	hello->cookie = conn->cookie;
	hello->credit = VRDMA_LANE_DEPTH;
	vrdma_hello_build(data, hello);
	*param = (struct rdma_conn_param) {
		.private_data = data,
		.private_data_len = VRDMA_HELLO_BYTES,
		.responder_resources = conn->reads_in,
		.initiator_depth = conn->reads_out,
		.retry_count = VRDMA_LANE_RETRIES,
		.rnr_retry_count = 7,	/* for ever; credits see that there is no need */
	};
}

/**
 * vrdma_conn_connect - ask the peer
 * @conn: its route is resolved
 * @hello: who we are and what we want; cookie and credit are filled in
 */
int vrdma_conn_connect(struct vrdma_conn *conn, struct vrdma_hello *hello)
{
	struct rdma_conn_param param;
	u8 data[VRDMA_HELLO_BYTES];

	vrdma_conn_param(conn, &param, hello, data);
	return rdma_connect(conn->id, &param);
}

/**
 * vrdma_conn_from_request - take over the id of a request
 * @id: rdma_cm delivers the request right now
 * @hca: its reference goes to the connection if there is one
 * @param: what the peer's HCA wants and can
 * @hello: what the peer said
 *
 * Return: the connection, or NULL.
 */
struct vrdma_conn *vrdma_conn_from_request(struct rdma_cm_id *id, struct vrdma_hca *hca,
					   const struct rdma_conn_param *param,
					   const struct vrdma_hello *hello)
{
	struct vrdma_conn *conn;

	conn = vrdma_conn_alloc(hca);
	if (!conn)
		return NULL;
	vrdma_conn_limit_reads(conn, param);
	conn->id = id;
	conn->hello = *hello;
	conn->accepts = true;
	rdma_ip2gid((struct sockaddr *)&id->route.addr.dst_addr, &conn->addr);
	id->context = conn;
	id->event_handler = vrdma_conn_event;
	return conn;
}

/**
 * vrdma_conn_accept - agree to a request
 * @conn: from vrdma_conn_from_request(), of @lane
 * @lane: has no other connection
 * @hello: who we are; cookie and credit are filled in
 */
int vrdma_conn_accept(struct vrdma_conn *conn, struct vrdma_lane *lane,
		      struct vrdma_hello *hello)
{
	struct rdma_conn_param param;
	u8 data[VRDMA_HELLO_BYTES];
	int ret;

	ret = vrdma_conn_set_timeout(conn);
	if (ret)
		return ret;
	ret = vrdma_conn_setup(conn);
	if (ret)
		return ret;
	vrdma_conn_param(conn, &param, hello, data);
	rdma_lock_handler(conn->id);
	ret = rdma_accept(conn->id, &param);
	rdma_unlock_handler(conn->id);
	return ret;
}

/**
 * vrdma_conn_close - end a connection
 * @conn: in any state; freed
 *
 * Process context, nothing held that a receiver waits for.
 */
void vrdma_conn_close(struct vrdma_conn *conn)
{
	set_bit(VRDMA_CONN_BROKEN, &conn->flags);
	complete_all(&conn->opened);
	vrdma_conn_teardown(conn);
	rdma_destroy_id(conn->id);
	vrdma_hca_put(conn->hca);
	kfree(conn);
}

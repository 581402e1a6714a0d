// SPDX-License-Identifier: GPL-2.0
/* Listeners, and what they check of a request before any other part sees it. */
#include "listen.h"

#include <linux/slab.h>
#include <rdma/ib_addr.h>
#include <rdma/ib_cm.h>
#include <rdma/rdma_cm.h>

#include "channel.h"
#include "conn.h"
#include "hca.h"
#include "hello.h"
#include "limits.h"
#include "resolver.h"

/**
 * struct vrdma_listener - one address
 * @node: in the HCA's list
 * @hca: whose
 * @gid: the address
 * @id: listens there; bound to the address, so it can belong to @hca alone
 */
struct vrdma_listener {
	struct list_head node;
	struct vrdma_hca *hca;
	union ib_gid gid;
	struct rdma_cm_id *id;
};

static u16 vrdma_listen_port(const struct sockaddr_storage *addr)
{
	return ntohs(addr->ss_family == AF_INET ? ((const struct sockaddr_in *)addr)->sin_port :
						  ((const struct sockaddr_in6 *)addr)->sin6_port);
}

/*
 * The source address is one that the request names; the queue pair will speak to
 * that of the path.
 */
static bool vrdma_listen_peer_ok(const struct rdma_cm_id *id)
{
	const struct sockaddr_storage *src = &id->route.addr.dst_addr;
	union ib_gid gid;

	if (src->ss_family != AF_INET && src->ss_family != AF_INET6)
		return false;
	if (vrdma_listen_port(src) >= PROT_SOCK)
		return false;
	if (!rdma_protocol_roce(id->device, id->port_num))
		return true;
	rdma_ip2gid((struct sockaddr *)src, &gid);
	return id->route.path_rec && !memcmp(&id->route.path_rec->dgid, &gid, sizeof(gid));
}

/* Tell who is here instead of the host that was asked for: it has restarted. */
static void vrdma_listen_reject(struct rdma_cm_id *id, const struct vrdma_hello *asked)
{
	struct vrdma_hello hello = {
		.lane = asked->lane,
		.lanes = asked->lanes,
		.epoch = asked->epoch,
		.credit = asked->credit,
	};
	u8 data[VRDMA_HELLO_BYTES];

	memcpy(hello.from, vrdma_host_id, sizeof(hello.from));
	memcpy(hello.to, asked->from, sizeof(hello.to));
	vrdma_hello_build(data, &hello);
	rdma_reject(id, data, sizeof(data), IB_CM_REJ_CONSUMER_DEFINED);
}

/* Take over a good request; otherwise rdma_cm rejects it and destroys the id. */
static int vrdma_listen_request(struct vrdma_listener *listener, struct rdma_cm_id *id,
				const struct rdma_conn_param *param)
{
	struct vrdma_hca *hca = listener->hca;
	struct vrdma_hello hello;
	struct vrdma_conn *conn;
	union ib_gid from;

	if (id->device != hca->ibdev || !vrdma_listen_peer_ok(id) ||
	    vrdma_hello_parse(&hello, param->private_data, param->private_data_len))
		return -EINVAL;
	if (memcmp(hello.to, vrdma_host_id, sizeof(hello.to))) {
		vrdma_listen_reject(id, &hello);
		return -EINVAL;
	}
	rdma_ip2gid((struct sockaddr *)&id->route.addr.dst_addr, &from);
	if (!vrdma_channel_wants(&hello, &from) || !vrdma_hca_get(hca))
		return -EINVAL;
	conn = vrdma_conn_from_request(id, hca, param, &hello);
	if (!conn) {
		vrdma_hca_put(hca);
		return -ENOMEM;
	}
	vrdma_channel_request(conn);
	return 0;
}

static int vrdma_listen_event(struct rdma_cm_id *id, struct rdma_cm_event *event)
{
	struct vrdma_listener *listener = id->context;
	int ret;

	if (event->event != RDMA_CM_EVENT_CONNECT_REQUEST)
		return 0;
	ret = vrdma_listen_request(listener, id, &event->param.conn);
	if (ret)
		atomic_inc(&listener->hca->refused);
	return ret;
}

static int vrdma_listen_at(struct vrdma_listener *listener)
{
	struct sockaddr_storage addr;
	struct rdma_cm_id *id;
	int ret;

	id = rdma_create_id(&init_net, vrdma_listen_event, listener, RDMA_PS_TCP, IB_QPT_RC);
	if (IS_ERR(id))
		return PTR_ERR(id);
	vrdma_hca_sockaddr(&addr, &listener->gid, VRDMA_CHANNEL_PORT);
	ret = rdma_bind_addr(id, (struct sockaddr *)&addr);
	if (!ret && id->device != listener->hca->ibdev)
		ret = -EADDRINUSE;	/* another device's, for now */
	if (!ret)
		ret = rdma_listen(id, VRDMA_MAX_REQUESTS);
	if (ret) {
		rdma_destroy_id(id);
		return ret;
	}
	listener->id = id;
	return 0;
}

static bool vrdma_listen_start(struct vrdma_hca *hca, const union ib_gid *gid)
{
	struct vrdma_listener *listener;

	listener = kzalloc(sizeof(*listener), GFP_KERNEL);
	if (!listener)
		return false;
	listener->hca = hca;
	listener->gid = *gid;
	if (vrdma_listen_at(listener)) {
		kfree(listener);
		return false;
	}
	list_add(&listener->node, &hca->listeners);
	return true;
}

static void vrdma_listen_end(struct vrdma_listener *listener)
{
	list_del(&listener->node);
	rdma_destroy_id(listener->id);
	kfree(listener);
}

static bool vrdma_listen_has(const struct vrdma_hca *hca, const union ib_gid *gid)
{
	struct vrdma_listener *listener;

	list_for_each_entry(listener, &hca->listeners, node)
		if (!memcmp(&listener->gid, gid, sizeof(*gid)))
			return true;
	return false;
}

static bool vrdma_listen_wanted(const struct vrdma_hca *hca, const union ib_gid *gid)
{
	unsigned int i;

	for (i = 0; i < hca->addresses.nr; i++)
		if (!memcmp(&hca->addresses.at[i].gid, gid, sizeof(*gid)))
			return true;
	return false;
}

bool vrdma_listen_update(struct vrdma_hca *hca)
{
	struct vrdma_listener *listener, *next;
	bool all = true;
	unsigned int i;

	list_for_each_entry_safe(listener, next, &hca->listeners, node)
		if (!vrdma_listen_wanted(hca, &listener->gid))
			vrdma_listen_end(listener);
	for (i = 0; i < hca->addresses.nr; i++)
		if (!vrdma_listen_has(hca, &hca->addresses.at[i].gid))
			all &= vrdma_listen_start(hca, &hca->addresses.at[i].gid);
	return all;
}

void vrdma_listen_stop(struct vrdma_hca *hca)
{
	struct vrdma_listener *listener, *next;

	list_for_each_entry_safe(listener, next, &hca->listeners, node)
		vrdma_listen_end(listener);
}

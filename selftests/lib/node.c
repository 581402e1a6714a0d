// SPDX-License-Identifier: GPL-2.0
/*
 * Opening a device of another network namespace.  In exclusive mode a device is
 * seen and opened only from inside its namespace; opened, it can be used from
 * anywhere, so that one process can hold both ends of a connection.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "verbs_util.h"

/* libibverbs looks devices up in /sys, which shows the namespace it was mounted in. */
static int node_remount_sys(void)
{
	static bool unshared;

	if (!unshared) {
		if (unshare(CLONE_NEWNS) || mount("", "/", NULL, MS_REC | MS_SLAVE, NULL))
			return -1;
		unshared = true;
	}
	umount2("/sys", MNT_DETACH);
	return mount("sysfs", "/sys", "sysfs", 0, NULL);
}

static int node_enter(int net)
{
	if (setns(net, CLONE_NEWNET)) {
		ktap_msg("setns: %s", strerror(errno));
		return -1;
	}
	if (node_remount_sys()) {
		ktap_msg("mount /sys: %s", strerror(errno));
		return -1;
	}
	return 0;
}

static struct ibv_context *node_open_device(const char *name)
{
	struct ibv_context *ctx = NULL;
	struct ibv_device **list;
	int count, i;

	list = ibv_get_device_list(&count);
	for (i = 0; list && i < count; i++) {
		if (strcmp(ibv_get_device_name(list[i]), name))
			continue;
		ctx = ibv_open_device(list[i]);
		if (!ctx)
			ktap_msg("open %s: %s", name, strerror(errno));
	}
	if (list)
		ibv_free_device_list(list);
	return ctx;
}

/* Without a choice: the IPv4 RoCE v2 GID if there is one, else the last valid. */
static int node_choose_gid(struct node *node, int index)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct ibv_gid_entry entry;
	int best = -1, i;

	for (i = 0; i < node->port.gid_tbl_len; i++) {
		if (ibv_query_gid_ex(node->ctx, 1, i, &entry, 0))
			continue;
		if (entry.gid_type != IBV_GID_TYPE_ROCE_V2)
			continue;
		if (index >= 0 && i != index)
			continue;
		best = i;
		node->gid = entry.gid;
		if (!memcmp(entry.gid.raw, mapped, sizeof(mapped)))
			break;
	}
	node->gid_index = best;
	return best < 0 ? -1 : 0;
}

static int node_fill(struct node *node, int gid_index)
{
	node->ctx = node_open_device(node->name);
	EXPECT(node->ctx, "no device %s", node->name);
	EXPECT_EQ(ibv_query_port(node->ctx, 1, &node->port), 0);
	EXPECT_EQ(ibv_query_device(node->ctx, &node->attr), 0);
	EXPECT(!node_choose_gid(node, gid_index), "%s has no GID", node->name);
	node->pd = ibv_alloc_pd(node->ctx);
	EXPECT(node->pd, "alloc_pd: %s", strerror(errno));
	return KTAP_PASS;
}

/* Run @fill with @arg inside the namespace of a side, whose device @node then names. */
static int node_within(struct node *node, int side, int (*fill)(struct node *node, int arg),
		       int arg)
{
	int home, net, result = KTAP_FAIL;
	char path[128], *at;

	snprintf(node->name, sizeof(node->name), "%s", opt.dev[side]);
	at = strchr(node->name, '@');
	if (!at)
		return fill(node, arg);

	*at = 0;
	snprintf(path, sizeof(path), "/run/netns/%s", at + 1);
	net = open(path, O_RDONLY | O_CLOEXEC);
	EXPECT(net >= 0, "%s: %s", path, strerror(errno));
	home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	EXPECT(home >= 0, "own namespace: %s", strerror(errno));
	if (!node_enter(net))
		result = fill(node, arg);
	close(net);
	if (node_enter(home))
		result = KTAP_FAIL;
	close(home);
	return result;
}

int node_open(struct node *node, int side)
{
	memset(node, 0, sizeof(*node));
	return node_within(node, side, node_fill, opt.gid[side]);
}

static int node_fill_import(struct node *node, int cmd_fd)
{
	node->ctx = ibv_import_device(dup(cmd_fd));
	EXPECT(node->ctx, "import_device: %s", strerror(errno));
	return KTAP_PASS;
}

int node_import(struct node *node, int side, uint32_t pd_handle)
{
	TRY(node_within(node, side, node_fill_import, node->ctx->cmd_fd));
	node->pd = ibv_import_pd(node->ctx, pd_handle);
	EXPECT(node->pd, "import_pd: %s", strerror(errno));
	return KTAP_PASS;
}

bool node_is_rxe(const struct node *node)
{
	return !strncmp(node->name, "rxe", 3);
}

FILE *node_begin_link(int side, const char *state)
{
	const char *netns = strchr(opt.dev[side], '@');
	char command[128];

	snprintf(command, sizeof(command), "ip -n %s link set eth0 %s", netns ? netns + 1 : "",
		 state);
	return popen(command, "r");
}

int node_set_link(int side, const char *state)
{
	FILE *link = node_begin_link(side, state);

	EXPECT(link && !pclose(link), "the link of %s is not %s", opt.dev[side], state);
	return KTAP_PASS;
}

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_AUDIENCE_H
#define _VRDMA_AUDIENCE_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <rdma/ib_verbs.h>

#include "bucket.h"
#include "limits.h"

struct vrdma_device;
struct vrdma_dgram;
struct vrdma_resolve;
struct vrdma_resolver;

/**
 * struct vrdma_audiences - who listens to the groups that a device sends to
 * @list: of struct vrdma_audience, last used first
 * @count: of @list
 * @questions: bounds what one device asks of groups
 * @stopped: nothing is asked any more
 * @work: asks, and ends rounds of questions
 * @lock: protects all of it and the audiences; taken alone
 */
struct vrdma_audiences {
	struct list_head list;
	unsigned int count;
	struct vrdma_bucket questions;
	bool stopped;
	struct delayed_work work;
	spinlock_t lock;	/* all of the above; process context */
};

/**
 * struct vrdma_member - who listens to a group
 * @gid: its own address, from which it answered
 * @token: admits what its device's own network delivers of the asker's to that group
 */
struct vrdma_member {
	union ib_gid gid;
	u64 token;
};

/**
 * struct vrdma_members - who listened to a group when it was last asked
 * @nr: how many
 * @fresh: it has only just been asked for the first time; routes to some may be unknown
 * @member: the first @nr
 */
struct vrdma_members {
	unsigned int nr;
	bool fresh;
	struct vrdma_member member[VRDMA_MAX_MEMBERS];
};

/*
 * Who listens to @group, by what the network of @sgid carries @ttl - 1 routers far.
 * -EAGAIN: that is being asked.  Process context.
 */
int vrdma_audience_get(struct vrdma_device *dev, const union ib_gid *sgid,
		       const union ib_gid *group, u8 ttl, struct vrdma_members *members);

/* Parts of a resolver's life. */
void vrdma_audiences_init(struct vrdma_resolver *res);
void vrdma_audiences_stop(struct vrdma_resolver *res);
void vrdma_audiences_destroy(struct vrdma_resolver *res);

/* Take an answer; false: nobody asked.  Its addresses have been compared. */
bool vrdma_audiences_answer(struct vrdma_resolver *res, const struct vrdma_dgram *dgram,
			    const struct vrdma_resolve *msg);

#endif /* _VRDMA_AUDIENCE_H */

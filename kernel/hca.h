/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The physical RDMA devices below us, of any driver.  Only this, connections and
 * lanes call verbs on them.
 */
#ifndef _VRDMA_HCA_H
#define _VRDMA_HCA_H

#include <linux/completion.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/workqueue.h>
#include <rdma/ib_verbs.h>

#include "wire.h"

struct net_device;
struct seq_file;

#define VRDMA_HCA_ADDRESSES	VRDMA_WIRE_HCAS

/**
 * struct vrdma_hca_address - where an HCA can be reached, and what it reaches
 * @gid: the address
 * @prefix: network that is connected to it
 * @bits: of @prefix, as of an IPv6 address
 * @told: answers of the resolver name it; we call from no other, for who is called must
 *	  know the address from an answer
 */
struct vrdma_hca_address {
	union ib_gid gid;
	union ib_gid prefix;
	u8 bits;
	bool told;
};

/**
 * struct vrdma_hca_addresses - those of an HCA
 * @at: of each network it is connected to at least one, if there is room
 * @nr: how many
 * @left_out: for which there was no room
 */
struct vrdma_hca_addresses {
	struct vrdma_hca_address at[VRDMA_HCA_ADDRESSES];
	unsigned int nr;
	unsigned int left_out;
};

/**
 * struct vrdma_hca - a device that lanes run on
 * @ibdev: valid while referenced
 * @node: in the list of all until it is removed
 * @refs: users; none is had once it is dead, each lets go soon after
 * @unused: the last has
 * @dead: being removed
 * @events: tells of addresses that come and go
 * @work: reads the addresses, listens at them
 * @listeners: by address; @work's alone
 * @refused: connection requests
 * @addresses: at most as many as an answer of the resolver holds
 *
 * @node, @dead and the addresses are protected by a lock of hca.c.
 */
struct vrdma_hca {
	struct ib_device *ibdev;
	struct list_head node;
	refcount_t refs;
	struct completion unused;
	bool dead;
	struct ib_event_handler events;
	struct delayed_work work;
	struct list_head listeners;
	atomic_t refused;
	struct vrdma_hca_addresses addresses;
};

/*
 * What an answer names, VRDMA_WIRE_HCAS at most: one address of each network of each HCA, as
 * far as there is room, then others.  Process context.  Returns how many.
 */
unsigned int vrdma_hca_told(union ib_gid *gids);

/*
 * The HCA, with a reference, from which @to is on a connected network, and its
 * address there; @only: no other one; NULL: none.  Process context.
 */
struct vrdma_hca *vrdma_hca_get_to(const struct vrdma_hca *only, const union ib_gid *to,
				   union ib_gid *from);
/* One more reference of an HCA that cannot go away now; false: it is being removed. */
bool vrdma_hca_get(struct vrdma_hca *hca);
void vrdma_hca_put(struct vrdma_hca *hca);

/*
 * Something about @ndev has changed: its addresses, its state, what it lies above, or that
 * it carries a device of ours.  Not all of that changes GIDs, which HCAs tell of.  Any context.
 */
void vrdma_hca_netdev_changed(const struct net_device *ndev);

/* @gid and @port as rdma_cm wants them. */
void vrdma_hca_sockaddr(struct sockaddr_storage *addr, const union ib_gid *gid, u16 port);

/* Prints @gid with a blank before it. */
void vrdma_gid_show(struct seq_file *file, const union ib_gid *gid);

/* Work with HCAs that may sleep in rdma_cm: WQ_UNBOUND. */
extern struct workqueue_struct *vrdma_hca_wq;

int vrdma_hca_init(void);
void vrdma_hca_exit(void);

#endif /* _VRDMA_HCA_H */

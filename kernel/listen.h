/* SPDX-License-Identifier: GPL-2.0 */
/* Listeners: where peers ask for connections, one per address of an HCA. */
#ifndef _VRDMA_LISTEN_H
#define _VRDMA_LISTEN_H

#include <linux/types.h>

struct vrdma_hca;

/* Listen at the addresses that @hca has now; false: not at all of them, try again. */
bool vrdma_listen_update(struct vrdma_hca *hca);
/* No request of @hca comes from now on. */
void vrdma_listen_stop(struct vrdma_hca *hca);

#endif /* _VRDMA_LISTEN_H */

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VRDMA_NETNS_H
#define _VRDMA_NETNS_H

#include <linux/types.h>

struct ib_device;
struct vrdma_device;

/* Pairs: the module's, a device's. */
int vrdma_netns_register(void);
void vrdma_netns_unregister(void);

int vrdma_netns_add(struct vrdma_device *dev);
void vrdma_netns_remove(struct vrdma_device *dev);

/* Kill every device of the host, without waiting. */
void vrdma_netns_kill_all(void);

/* Is the calling task in the device's namespace? */
bool vrdma_netns_is_mine(const struct vrdma_device *dev);

#endif /* _VRDMA_NETNS_H */

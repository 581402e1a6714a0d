/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef VRDMA_BELL_H
#define VRDMA_BELL_H

#include <stdint.h>

struct ibv_context;

/**
 * struct vrdma_bell - how to call the kernel to a queue
 * @fd: the context's doorbell file
 * @number: of the QP or SRQ
 * @cmd: VRDMA_IOC_*
 */
struct vrdma_bell {
	int fd;
	uint32_t number;
	unsigned long cmd;
};

/* Make the context's doorbell file. Return: 0 or an errno. */
int vrdma_bell_open(struct ibv_context *context, int *fd);

/* Return: 0, or EIO once the device is gone. */
int vrdma_bell_ring(const struct vrdma_bell *bell);

#endif /* VRDMA_BELL_H */

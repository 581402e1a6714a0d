// SPDX-License-Identifier: GPL-2.0
/* Overrides ioctl() and mmap() of the C library; see rings.h. */
#include "rings.h"

#include <rdma/rdma_user_ioctl_cmds.h>
#include <rdma/ib_user_ioctl_cmds.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#define MAPPINGS	64	/* remembered: the last so many */

static struct {
	uint64_t offset;
	void *memory;
} mappings[MAPPINGS];
static unsigned int mapped;
static int doorbell = -1;
static struct vrdma_create_qp_resp last_qp;
static struct vrdma_create_cq_resp last_cq;
static struct vrdma_create_srq_resp last_srq;

static void learn_response(const struct ib_uverbs_ioctl_hdr *hdr, const struct ib_uverbs_attr *attr)
{
	const void *from = (const void *)(uintptr_t)attr->data;
	void *to = NULL;
	size_t size = 0;

	switch (hdr->object_id) {
	case UVERBS_OBJECT_QP:
		to = &last_qp;
		size = sizeof(last_qp);
		break;
	case UVERBS_OBJECT_CQ:
		to = &last_cq;
		size = sizeof(last_cq);
		break;
	case UVERBS_OBJECT_SRQ:
		to = &last_srq;
		size = sizeof(last_srq);
		break;
	}
	if (to && attr->len >= size)
		memcpy(to, from, size);
}

static void learn(const struct ib_uverbs_ioctl_hdr *hdr)
{
	const struct ib_uverbs_attr *attr;
	int i;

	for (i = 0; i < hdr->num_attrs; i++) {
		attr = &hdr->attrs[i];
		if (hdr->object_id == VRDMA_OBJECT_DOORBELL &&
		    attr->attr_id == VRDMA_ATTR_DOORBELL_ALLOC_FD)
			doorbell = attr->data;
		else if (attr->attr_id == UVERBS_ATTR_UHW_OUT)
			learn_response(hdr, attr);
	}
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;
	int ret;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	ret = syscall(SYS_ioctl, fd, request, arg);
	if (!ret && request == RDMA_VERBS_IOCTL)
		learn(arg);
	return ret;
}

void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
{
	void *memory = (void *)syscall(SYS_mmap, addr, length, prot, flags, fd, offset);

	if (fd >= 0 && memory != (void *)-1) {
		mappings[mapped % MAPPINGS].offset = offset;
		mappings[mapped % MAPPINGS].memory = memory;
		mapped++;
	}
	return memory;
}

void *mmap64(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
	__attribute__((alias("mmap")));

static void find_ring(struct ring *ring, const struct vrdma_ring_info *info)
{
	unsigned int i;

	memset(ring, 0, sizeof(*ring));
	ring->info = *info;
	for (i = mapped; info->size && i > 0 && i + MAPPINGS > mapped; i--) {
		if (mappings[(i - 1) % MAPPINGS].offset != info->offset)
			continue;
		ring->hdr = mappings[(i - 1) % MAPPINGS].memory;
		return;
	}
}

void rings_of_qp(struct ring *sq, struct ring *rq)
{
	find_ring(sq, &last_qp.sq);
	find_ring(rq, &last_qp.rq);
}

void ring_of_cq(struct ring *cq)
{
	find_ring(cq, &last_cq.cq);
}

void ring_of_srq(struct ring *srq, uint32_t *srqn)
{
	find_ring(srq, &last_srq.rq);
	*srqn = last_srq.srqn;
}

int rings_doorbell(void)
{
	return doorbell;
}

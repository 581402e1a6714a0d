// SPDX-License-Identifier: GPL-2.0
/* Waiting for completions and events, always with a limit. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <time.h>

#include "verbs_util.h"

uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ULL + now.tv_nsec / 1000;
}

uint64_t now_ms(void)
{
	return now_us() / 1000;
}

int cq_wait(struct ibv_cq *cq, struct ibv_wc *wc, int want, int ms)
{
	uint64_t end = now_ms() + ms;
	unsigned int spins = 0;
	int have = 0, got;

	while (have < want) {
		got = ibv_poll_cq(cq, want - have, wc + have);
		if (got < 0)
			break;
		have += got;
		if (got)
			continue;
		if (now_ms() >= end)
			break;
		if (++spins > 64)	/* two processors only */
			sched_yield();
	}
	return have;
}

int cq_expect(struct ibv_cq *cq, uint64_t wr_id, enum ibv_wc_status status,
	      struct ibv_wc *wc)
{
	struct ibv_wc own;

	if (!wc)
		wc = &own;
	EXPECT(cq_wait(cq, wc, 1, WAIT_MS) == 1, "no completion of wr_id %llu (%s) in time",
	       (unsigned long long)wr_id, ibv_wc_status_str(status));
	EXPECT(wc->wr_id == wr_id && wc->status == status,
	       "wr_id %llu %s, want wr_id %llu %s", (unsigned long long)wc->wr_id,
	       ibv_wc_status_str(wc->status), (unsigned long long)wr_id,
	       ibv_wc_status_str(status));
	return KTAP_PASS;
}

int cq_expect_none(struct ibv_cq *cq, int ms)
{
	struct ibv_wc wc;

	EXPECT(!cq_wait(cq, &wc, 1, ms), "wr_id %llu %s", (unsigned long long)wc.wr_id,
	       ibv_wc_status_str(wc.status));
	return KTAP_PASS;
}

static bool fd_wait(int fd, int ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, ms) == 1;
}

bool event_wait(struct ibv_context *ctx, struct ibv_async_event *event, int ms)
{
	if (!fd_wait(ctx->async_fd, ms) || ibv_get_async_event(ctx, event))
		return false;
	ibv_ack_async_event(event);
	return true;
}

/* Events that come with addresses and link state, at any time. */
static bool event_is_of_port(const struct ibv_async_event *event)
{
	switch (event->event_type) {
	case IBV_EVENT_PORT_ACTIVE:
	case IBV_EVENT_PORT_ERR:
	case IBV_EVENT_GID_CHANGE:
	case IBV_EVENT_CLIENT_REREGISTER:
	case IBV_EVENT_SM_CHANGE:
	case IBV_EVENT_LID_CHANGE:
	case IBV_EVENT_PKEY_CHANGE:
		return true;
	default:
		return false;
	}
}

int event_expect(struct ibv_context *ctx, enum ibv_event_type type, void *object)
{
	struct ibv_async_event event;

	do {
		EXPECT(event_wait(ctx, &event, WAIT_MS), "no %s in time",
		       ibv_event_type_str(type));
	} while (event_is_of_port(&event) || (event.event_type == IBV_EVENT_COMM_EST &&
					      type != IBV_EVENT_COMM_EST));
	EXPECT(event.event_type == type, "%s, want %s",
	       ibv_event_type_str(event.event_type), ibv_event_type_str(type));
	EXPECT(event.element.qp == object, "%s for another object", ibv_event_type_str(type));
	return KTAP_PASS;
}

int event_expect_none(struct ibv_context *ctx, int ms)
{
	uint64_t end = now_ms() + ms;
	struct ibv_async_event event;

	while (now_ms() < end && event_wait(ctx, &event, end - now_ms()))
		EXPECT(event_is_of_port(&event) || event.event_type == IBV_EVENT_COMM_EST,
		       "%s", ibv_event_type_str(event.event_type));
	return KTAP_PASS;
}

bool channel_wait(struct ibv_comp_channel *channel, struct ibv_cq **cq, int ms)
{
	void *context;

	if (!fd_wait(channel->fd, ms) || ibv_get_cq_event(channel, cq, &context))
		return false;
	ibv_ack_cq_events(*cq, 1);
	return true;
}

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The programs of rdmacm-utils connect through rdma_cm and move data, checked where they can.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/programs.sh
. "$LIB/programs.sh"

# polled OPTION...: the server polls. A client must not: rstream ends with status 16, POLLHUP,
# when it polls after the server's end, even if data wait to be read; over rxe as well. The
# server's last step is to send.
polled() { pair cm:7471 rstream -T a "$@" -- rstream -T b "$@" -s "$IP1" && streamed; }

ktap_print_header
two_containers veth-bridge
results \
	"rping|rping_pair -C $(by_budget 5 50)" \
	"+rping of 64 KiB|rping_pair -S 65535 -C $(by_budget 3 20)" \
	"rping with its own QP|rping_pair -q -C 5" \
	"+ucmatose|on_port 7471 ucmatose" \
	"+udaddy|on_port 7174 udaddy" \
	"+rdma_server and rdma_client|server_and_client" \
	"rstream|stream -S 64 -C $(by_budget 100 1000) -I 1" \
	"rstream of 1 MiB|stream -S 1048576 -C $(by_budget 5 50) -I 1" \
	"rstream blocking, checked|stream -T b -T v -S 16384 -C 100 -I 1" \
	"+rstream without blocking, checked|stream -T n -T v -S 16384 -C 100 -I 1" \
	"rstream that polls, checked|polled -T v -S 16384 -C 100 -I 1" \
	"+rstream that sleeps in poll, checked|polled -T b -T v -S 16384 -C 100 -I 1"
ktap_finished

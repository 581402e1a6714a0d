#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A READ that takes long is not begun again.
set -eu

ROUTE=channel
# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"

long_read() {
	"${LIB%/*}/long_read" -d "$DEV1@$NS1" -D "$DEV2@$NS2" -g "$GID" -b "$BUDGET" \
		>"$WORK/long_read" 2>&1 || {
		show "$WORK/long_read"
		return 1
	}
	show "$WORK/long_read"
}

# once: no request has come to its owner a second time.
once() {
	in2 rdma statistic show link "$DEV2/1" >"$WORK/statistic"
	has_line 'rx_remote_again 0( |$)' "$WORK/statistic" && return 0
	show "$WORK/statistic"
	return 1
}

ktap_print_header
two_containers veth-bridge
ktap_set_plan 2
ktap_test_result "a READ of several seconds" long_read
ktap_test_result "asked for once" once
ktap_finished

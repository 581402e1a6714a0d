#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# rdma link delete of either side or both, in the middle of traffic: the programs end with
# errors, nothing hangs, and new devices work.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/traffic.sh
. "$LIB/traffic.sh"

delete1() { in1 rdma link delete "$DEV1"; }
delete2() { in2 rdma link delete "$DEV2"; }

delete_both() {
	local pid

	in1 rdma link delete "$DEV1" &
	pid=$!
	in2 rdma link delete "$DEV2"
	wait "$pid"
}

ktap_print_header
two_containers veth-bridge
ROUNDS=$(by_budget 1 2)
ktap_set_plan 3
ktap_test_result "the servers' side" repeat "$ROUNDS" through 1 programs_notice delete1
ktap_test_result "the clients' side" repeat "$ROUNDS" through 2 programs_notice delete2
ktap_test_result "both at once" repeat "$ROUNDS" through "1 2" programs_notice delete_both
ktap_finished

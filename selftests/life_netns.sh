#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# ip netns delete while the processes in the namespaces are killed, in the middle of traffic:
# the namespaces end in bounded time, and new ones work.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/traffic.sh
. "$LIB/traffic.sh"

delete1() {
	kill -KILL "${SERVERS[@]}"
	ip netns delete "$NS1"
}

delete2() {
	kill -KILL "${CLIENTS[@]}"
	ip netns delete "$NS2"
}

delete_both() {
	kill -KILL "${SERVERS[@]}" "${CLIENTS[@]}"
	ip netns delete "$NS1"
	ip netns delete "$NS2"
}

ktap_print_header
two_containers veth-bridge
ROUNDS=$(by_budget 1 2)
ktap_set_plan 3
ktap_test_result "the servers' side" repeat "$ROUNDS" through 1 end_traffic delete1
ktap_test_result "the clients' side" repeat "$ROUNDS" through 2 end_traffic delete2
ktap_test_result "both at once" repeat "$ROUNDS" through "1 2" end_traffic delete_both
ktap_finished

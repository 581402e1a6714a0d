#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# ip link delete of the netdev of either side or both, in the middle of traffic: the devices
# go with their netdevs, the programs end with errors, and new devices work.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/traffic.sh
. "$LIB/traffic.sh"

delete1() { ip -n "$NS1" link delete eth0; }
delete2() { ip -n "$NS2" link delete eth0; }

delete_both() {
	local pid

	delete1 &
	pid=$!
	delete2
	wait "$pid"
}

ktap_print_header
two_containers veth-bridge
ROUNDS=$(by_budget 1 2)
ktap_set_plan 3
ktap_test_result "the servers' side" repeat "$ROUNDS" through 1 end_traffic delete1
ktap_test_result "the clients' side" repeat "$ROUNDS" through 2 end_traffic delete2
ktap_test_result "both at once" repeat "$ROUNDS" through "1 2" end_traffic delete_both
ktap_finished

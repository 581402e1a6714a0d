#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# GIDs follow the addresses of the netdev, the port its state.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck disable=SC2034 # for vrdma.sh
LANES=own

has_gid() { gid_index "$NS1" "$DEV1" "$1" >/dev/null; }
state() { in1 rdma link show "$DEV1/1" | grep -q "state $1"; }

# after SECONDS-LIMIT CONDITION -- COMMAND...: COMMAND makes CONDITION true.
after() {
	local -a condition=()

	while [ "$1" != -- ]; do
		condition+=("$1")
		shift
	done
	shift
	"$@" && wait_until 10 "${condition[@]}"
}

ktap_print_header
two_containers veth-bridge
ktap_set_plan 7
ktap_test_result "an address comes" after has_gid 10.7.1.1 -- ip -n "$NS1" address add 10.7.1.1/24 dev eth0
ktap_test_result "an address goes" after not has_gid 10.7.1.1 -- ip -n "$NS1" address delete 10.7.1.1/24 dev eth0
ktap_test_result "the first address stays where it was" test "$(gid_index "$NS1" "$DEV1" "$IP1")" = "$GID"
ktap_test_result "netdev down" after state DOWN -- ip -n "$NS1" link set eth0 down
ktap_test_result "netdev up" after state ACTIVE -- ip -n "$NS1" link set eth0 up
ktap_test_result "carrier lost" after state DOWN -- ip link set vrport1 down
ktap_test_result "carrier back" after state ACTIVE -- ip link set vrport1 up
ktap_finished

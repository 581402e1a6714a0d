#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What rdma link add refuses, with the errno docs/operating.md lists, and that it leaves
# nothing behind.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck disable=SC2034 # for vrdma.sh
LANES=own

# refuses ERROR NAME NETDEV
refuses() {
	if in1 rdma link add "$2" type vrdma netdev "$3" >"$WORK/out" 2>&1; then
		echo "# $2 on $3 was made"
		in1 rdma link delete "$2"
		return 1
	fi
	grep -q "$1" "$WORK/out" || {
		echo "# not '$1':"
		show "$WORK/out"
		return 1
	}
}

own_netdev_of_hca() {
	local loaded=

	[ -d /sys/module/rdma_rxe ] || loaded=1
	modprobe rdma_rxe 2>/dev/null || return "$KSFT_SKIP"
	ip link add vrsub9 type dummy
	ip link set vrsub9 up
	rdma link add vrxe9 type rxe netdev vrsub9
	! rdma link add vr9 type vrdma netdev vrsub9 >"$WORK/out" 2>&1 &&
		grep -q 'Device or resource busy' "$WORK/out"
	local status=$?
	[ "$status" = 0 ] || show "$WORK/out"
	rdma link delete vrxe9
	ip link delete vrsub9
	[ -z "$loaded" ] || modprobe -r rdma_rxe 2>/dev/null || true
	return "$status"
}

still_one() { [ "$(in1 rdma dev show | grep -c .)" = 1 ]; }

again() {
	in1 rdma link delete "$DEV1" && wait_until 10 not node_is_there "$DEV1" &&
		add_device 1 "$NS1" "$DEV1" && wait_until 10 device_is_there "$DEV1" "$NS1"
}

ktap_print_header
two_containers veth-bridge
ip -n "$NS1" link add spare type dummy
ip -n "$NS1" link set spare up
ktap_set_plan 9
ktap_test_result "no such netdev" refuses 'No such device\|Invalid' vr9 nothere
ktap_test_result "second device on one netdev" refuses 'File exists' vr9 eth0
ktap_test_result "loopback" refuses 'not supported' vr9 lo
ktap_test_result "name in use" refuses 'File exists' "$DEV2" spare
ktap_test_result "name too long" refuses 'Invalid argument\|Numerical result' \
	"$(printf 'v%.0s' {1..80})" spare
ktap_test_result "name with a pattern" refuses 'Invalid argument' vr%d spare
ktap_test_result "netdev of an HCA" own_netdev_of_hca
ktap_test_result "nothing was left behind" still_one
ktap_test_result "delete and add again" again
ktap_finished

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Whatever ends a device ends it at once while a process has it open with queues and
# memory; the module stays while a process has a device open and goes right after.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck disable=SC2034 # for vrdma.sh
LANES=own

ROUNDS=$(by_budget 1 4)
HOLDER=

# hold: a process opens the first container's device, with one of each object. It is not
# in the container itself: nobody but the device and its queues is left there.
hold() {
	: >"$WORK/holder"
	background "$WORK/holder" "${LIB%/*}/hold" -d "$DEV1@$NS1"
	HOLDER=$!
	wait_until 60 has_line '^held$' "$WORK/holder" || {
		show "$WORK/holder"
		return 1
	}
}

# let_go: the process ends by itself, with objects of a device that may be gone.
let_go() {
	kill -USR1 "$HOLDER"
	wait "$HOLDER"
}

# rounds ACTION: ACTION while the device is held, then everything as before.
rounds() {
	local round

	for ((round = 0; round < ROUNDS; round++)); do
		hold && "$1" || return 1
		kill -0 "$HOLDER" && let_go && restore || return 1
	done
}

# restore: the first container, its interface and its device. The name is free again
# only when the old device is gone.
restore() {
	[ -e "/run/netns/$NS1" ] || ip netns add "$NS1" || return 1
	ip -n "$NS1" link show eth0 >/dev/null 2>&1 || {
		wait_until 10 not port_exists && add_port 1 "$NS1" eth0 &&
			give_address4 1 "$NS1" && give_address6 1 "$NS1" || return 1
	}
	wait_until 10 try_add_device && wait_for_device 1 "$NS1" "$DEV1" "$IP1"
}

try_add_device() { add_device 1 "$NS1" "$DEV1" 2>"$WORK/error"; }

port_exists() { [ -e /sys/class/net/vrport1 ]; }

delete_link() { in1 rdma link delete "$DEV1" && not device_is_there "$DEV1" "$NS1"; }

delete_netdev() {
	ip -n "$NS1" link delete eth0 && wait_until 5 not device_is_there "$DEV1" "$NS1"
}

# The device does not come along.
move_netdev() {
	ip -n "$NS1" link set eth0 netns "$NS2" name moved &&
		wait_until 5 not device_is_there "$DEV1" "$NS1" &&
		not device_is_there "$DEV1" "$NS2" && ip -n "$NS2" link delete moved
}

# The namespace is gone when the interface that was in it is.
delete_namespace() { ip netns delete "$NS1" && wait_until 10 not port_exists; }

# Everything that ends a device, from all sides, the far end's included.
all_at_once() {
	local -a ends=()

	in1 rdma link delete "$DEV1" 2>/dev/null &
	ends+=("$!")
	ip link delete vrport1 &
	ends+=("$!")
	ip netns delete "$NS1" &
	ends+=("$!")
	wait "${ends[@]}" || true
	wait_until 10 not port_exists
}

unload() { rmmod vrdma 2>"$WORK/error"; }

unload_refused() { not unload && grep -q 'in use' "$WORK/error"; }

# The process has lost its device, but its doorbell file is the module's.
refused_while_open() {
	hold && unload_refused && let_go
}

refused_after_end() {
	hold && delete_link && unload_refused && let_go && restore
}

# Devices that nobody has open end with the module.
unloads_right_after() {
	hold || return 1
	kill -KILL "$HOLDER"
	wait "$HOLDER" 2>/dev/null || true
	unload && [ -z "$(in1 rdma dev)" ]
}

loads_again() {
	local round

	for ((round = 0; round < ROUNDS; round++)); do
		restore && unload || return 1
	done
	restore
}

ktap_print_header
two_containers veth-bridge
ktap_set_plan 9
ktap_test_result "rdma link delete" rounds delete_link
ktap_test_result "the netdev is deleted" rounds delete_netdev
ktap_test_result "the netdev moves to another namespace" rounds move_netdev
ktap_test_result "the namespace is deleted" rounds delete_namespace
ktap_test_result "all of them at once" rounds all_at_once
ktap_test_result "rmmod is refused while a process has the device open" refused_while_open
ktap_test_result "rmmod is refused while it has lost it and not closed it" refused_after_end
ktap_test_result "rmmod succeeds right after kill -9, with devices" unloads_right_after
ktap_test_result "devices and module come and go" loads_again
ktap_finished

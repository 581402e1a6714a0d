#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Whatever ends or moves a device may race with anything else that does: all of it ends,
# nothing holds a netdev, and the module goes.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"

CONTAINERS=(race1 race2 race3 race4 race5)
# Where netdevs and devices are moved to.
PARK=racepark

# make_one NAMESPACE: with a device of the same name.
make_one() {
	add_namespace 0 "$1"
	ip -n "$1" link add eth0 type dummy
	ip -n "$1" address add 10.7.0.1/24 dev eth0
	ip -n "$1" link set eth0 up
	ip netns exec "$1" rdma link add "$1" type vrdma netdev eth0
}

delete_link() { ip netns exec "$1" rdma link delete "$1"; }
delete_netdev() { ip -n "$1" link delete eth0; }
delete_namespace() { ip netns delete "$1"; }
move_netdev() { ip -n "$1" link set eth0 netns "$PARK" name "$1"; }
# The core hides the device for a moment.
move_device() { ip netns exec "$1" rdma dev set "$1" netns "$PARK"; }

add_another() {
	ip netns exec "$1" rdma link add raceadd type vrdma netdev eth0 &&
		ip netns exec "$1" rdma link delete raceadd
}

# race COMMAND...: all COMMANDs, "FUNCTION NAMESPACE" each, at once. Who comes second may fail.
race() {
	local command
	local -a pids=()

	for command; do
		# shellcheck disable=SC2086
		$command 2>/dev/null &
		pids+=("$!")
	done
	wait "${pids[@]}" || true
}

# no_device: in any namespace.
no_device() { ! cat /sys/class/infiniband_verbs/*/ibdev 2>/dev/null | grep -q '^race'; }

delete_all() {
	local ns

	for ns in "${CONTAINERS[@]}" "$PARK"; do
		ip netns delete "$ns" 2>/dev/null || true
	done
	NAMESPACES=()
}

# one_round COMMAND...: five containers, the race, and then nothing is left.
one_round() {
	local ns status=0

	add_namespace 0 "$PARK"
	for ns in "${CONTAINERS[@]}"; do
		make_one "$ns" || return 1
	done
	race "$@"
	delete_all
	wait_until 30 no_device || status=1
	dmesg | grep 'unregister_netdevice: waiting' && status=1
	return "$status"
}

pairs() {
	one_round \
		"delete_link race1" "delete_netdev race1" \
		"move_device race2" "delete_netdev race2" "add_another race2" \
		"delete_namespace race3" "delete_netdev race3" \
		"delete_link race4" "delete_namespace race4" \
		"move_netdev race5" "move_device race5"
}

unload() {
	one_round "rmmod vrdma" "delete_link race1" "delete_netdev race2" \
		"delete_namespace race3" "move_device race4" "move_netdev race5" &&
		wait_until 10 unloaded && modprobe vrdma
}

unloaded() { ! grep -q '^vrdma ' /proc/modules || rmmod vrdma 2>/dev/null; }

ktap_print_header
load_modules
make_exclusive
ROUNDS=$(by_budget 2 4)
ktap_set_plan 2
ktap_test_result "ways to end and to move a device, two or three at once" \
	repeat "$ROUNDS" pairs
ktap_test_result "rmmod against each of them" repeat "$ROUNDS" unload
ktap_finished

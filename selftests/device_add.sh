#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# `rdma link add` loads the module and makes a RoCE v2 device with one port, the GIDs of
# its interface, counters, events, and what the core's connection management needs.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck disable=SC2034 # for vrdma.sh
LANES=own

# unloaded: the module is gone, and with it every device.
unloaded() { ! lsmod | grep -q '^vrdma ' || rmmod vrdma 2>/dev/null; }

# loads_by_name: the first `rdma link add` loads the module by its alias.
loads_by_name() {
	wait_until 10 unloaded || return 1
	each_container add_device
	each_container wait_for_device
}

# verbose_says TEXT...: every TEXT is a line of ibv_devinfo -v, blanks apart.
verbose_says() {
	local text

	in1 ibv_devinfo -v -d "$DEV1" | tr -s '\t ' ' ' >"$WORK/devinfo"
	for text; do
		grep -qF -- "$text" "$WORK/devinfo" || {
			echo "# not said: $text"
			return 1
		}
	done
}

describes_itself() {
	verbose_says 'transport: InfiniBand (0)' 'phys_port_cnt: 1' 'link_layer: Ethernet' \
		'state: PORT_ACTIVE (4)' 'active_mtu: 4096 (5)' 'atomic_cap: ATOMIC_HCA (1)' \
		'max_qp: 16384' 'max_sge: 32' 'gid_tbl_len: 32' 'pkey_tbl_len: 1'
}

# Other types than RoCE v2 would show as a second line for one address.
has_gids() {
	in1 ibv_devinfo -v -d "$DEV1" | grep 'GID\[' >"$WORK/gids"
	! grep -v 'RoCE v2$' "$WORK/gids" && grep -qi "::ffff:$IP1, RoCE v2" "$WORK/gids"
}

sends_events() {
	background "$WORK/events" in1 stdbuf -oL ibv_asyncwatch -d "$DEV1"
	wait_until 10 grep -q 'async event FD' "$WORK/events" || return 1
	ip -n "$NS1" link set eth0 down
	wait_until 10 grep -q PORT_ERR "$WORK/events" || return 1
	ip -n "$NS1" link set eth0 up
	wait_until 10 grep -q PORT_ACTIVE "$WORK/events" || return 1
	[ "$(grep -c PORT_ERR "$WORK/events")" = 1 ]
}

has_counters() { in1 rdma statistic show link "$DEV1/1" | grep -q doorbells; }

# The core's own queue for connection management.
has_gsi() { in1 rdma resource show qp link "$DEV1/1" | grep -q 'lqpn 1 type GSI state RTS'; }

ktap_print_header
two_containers veth-bridge
ktap_set_plan 6
ktap_test_result "rdma link add loads the module" loads_by_name
ktap_test_result "ibv_devinfo describes the device" describes_itself
ktap_test_result "its GIDs are RoCE v2 and the interface's addresses" has_gids
ktap_test_result "the port's changes are events, each one once" sends_events
ktap_test_result "rdma statistic shows counters" has_counters
ktap_test_result "the GSI queue pair runs" has_gsi
ktap_finished

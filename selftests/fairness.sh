#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Small messages get their turn on a lane that others fill with large ones: a 64-byte ping-pong
# beside 1 MiB WRITEs, 64 of them under way. docs/performance.md has the figures.
set -eu

ROUTE=channel
# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/programs.sh
. "$LIB/programs.sh"
# shellcheck source=selftests/lib/traffic.sh
. "$LIB/traffic.sh"

ROUNDS=$(by_budget 1 5)
# How many times as long a ping-pong may take as alone. The aim is 3; MOST=3 asks for it.
MOST=${MOST:-60}
ALONE=

# one_lane: between two hosts, so that all share it.
one_lane() {
	[ ! -d /sys/module/vrdma ] || rmmod vrdma
	modprobe vrdma lane_timeout="$LANE_TIMEOUT" lanes=1
}

# The next test shall have as many as it wants.
all_lanes() { wait_until 10 rmmod vrdma; }

# latency: of a ping-pong, in us: perftest's typical one, the middle of some rounds.
latency() {
	local i

	for ((i = 0; i < ROUNDS; i++)); do
		perftest ib_send_lat -s 64 -n 200 >&2 || return 1
		awk '$1 == 64 && NF >= 6 { print $5 }' "$WORK/client"
	done | sort -n | sed -n "$(((ROUNDS + 1) / 2))p"
}

alone() {
	ALONE=$(latency)
	echo "# alone $ALONE us"
	[ -n "$ALONE" ]
}

large_writes() {
	talk 18516 ib_write_bw "-x $GID -p 18516 -F -s 1048576 -t 64 --run_infinitely -D 5" &&
		wait_until 40 is_beside
}

is_beside() { ! listens "${SERVERS[0]}" 18516 && moves "$NS2" "$DEV2"; }

beside() {
	local beside

	beside=$(latency)
	echo "# beside large WRITEs $beside us"
	! any_ended "${SERVERS[@]}" "${CLIENTS[@]}" &&
		awk -v a="$ALONE" -v b="$beside" -v most="$MOST" 'BEGIN {
			printf "# %.1f times as long\n", b / a
			exit !(b > 0 && b <= most * a)
		}'
}

ktap_print_header
one_lane
# shellcheck disable=SC2034 # for vrdma.sh
CLEAN_UP=all_lanes
two_containers veth-bridge
ktap_set_plan 4
ktap_test_result "a ping-pong alone" alone
ktap_test_result "large WRITEs on the same lane" large_writes
ktap_test_result "the ping-pong beside them" beside
ktap_test_result "the WRITEs go on" moves "$NS2" "$DEV2"
end_traffic
ktap_finished

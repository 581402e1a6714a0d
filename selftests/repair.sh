#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Lanes break under traffic, by the hundred, and no application notices: every operation is
# executed once and in order, and no completion says that anything was wrong.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/programs.sh
. "$LIB/programs.sh"

# shellcheck disable=SC2034 # for vrdma.sh
ROUTE=channel LANES=break
# Connections that must break under each kind of traffic.
BREAKS=$(by_budget 30 300)
# Milliseconds between two of them, at most: repair takes about ten.
PAUSE=$((100 * ${SLOW:-1}))

# broken_lanes COMMAND...: true when COMMAND, again and again until lanes have broken often
# enough, is content each time, and all that broke came back.
broken_lanes() {
	local errors repairs breaker status=0

	errors=$(lanes_sum errors)
	repairs=$(lanes_sum repairs)
	break_lanes &
	breaker=$!
	BACKGROUND+=("$breaker")
	until [ "$status" != 0 ] || [ "$(lanes_sum errors)" -ge $((errors + BREAKS)) ]; do
		"$@" || status=$?
	done
	end_process "$breaker"
	forget_background "$breaker"
	wait_until 10 lanes_are_up || status=1
	echo "# broke $(($(lanes_sum errors) - errors)), came back $(($(lanes_sum repairs) - repairs))"
	[ "$(lanes_sum repairs)" -ge $((repairs + BREAKS)) ] || status=1
	[ "$status" = 0 ] || show "$DEBUGFS/channels"
	return "$status"
}

# break_lanes: one or all, at either end or both, and none before all are up: what takes
# longer than a lane lives would never be done.
break_lanes() {
	local -a lanes=(all 0 1 2 3) ends=("" opened accepted)
	local pause

	trap - EXIT
	while :; do
		wait_until 10 lanes_are_up || true
		echo "${lanes[RANDOM % 5]} ${ends[RANDOM % 3]}" >"$DEBUGFS/break"
		printf -v pause '0.%03d' "$((1 + RANDOM % PAUSE))"
		read -r -t "$pause" -u "$NAP" || true
	done
}

# checker PROGRAM [OPTION...]: between the two containers.
checker() {
	local program=$1

	shift
	"${LIB%/*}/$program" -d "$DEV1@$NS1" -D "$DEV2@$NS2" -g "$GID" -b small "$@" \
		>"$WORK/$program" 2>&1 && return 0
	show "$WORK/$program"
	return 1
}

# whole_lanes COMMAND...: the control.
whole_lanes() {
	local errors repairs

	errors=$(lanes_sum errors)
	repairs=$(lanes_sum repairs)
	"$@" && [ "$(lanes_sum errors) $(lanes_sum repairs)" = "$errors $repairs" ]
}

# repeated: requests came twice, for their answers were lost with a lane.
repeated() {
	local all

	all=$({ in1 rdma statistic show link "$DEV1/1"; in2 rdma statistic show link "$DEV2/1"; } |
		grep -o 'rx_remote_again [0-9]*' | awk '{ sum += $2 } END { print sum + 0 }')
	echo "# $all requests came again"
	[ "$all" -gt 0 ]
}

nothing_is_held() { [ "$(lanes_sum held)" = 0 ]; }

# all_is_back: whoever got a lane's buffer has sent it or given it back.
all_is_back() {
	wait_until 10 nothing_is_held && return 0
	show "$DEBUGFS/channels"
	return 1
}

ktap_print_header
two_containers veth-bridge
ktap_set_plan 10
ktap_test_result "lanes that nobody breaks stay up" whole_lanes checker data
ktap_test_result "every byte of RC, once" broken_lanes checker data -t rc
ktap_test_result "every byte of UC, once" broken_lanes checker data -t uc
ktap_test_result "in order" broken_lanes checker order
ktap_test_result "atomics, once" broken_lanes checker atomic
ktap_test_result "the last byte comes last" broken_lanes checker lastbyte
ktap_test_result "payload that looks like messages" broken_lanes checker lookalike
ktap_test_result "rc_pingpong" broken_lanes pingpong ibv_rc_pingpong -c
ktap_test_result "requests were repeated" repeated
ktap_test_result "no buffer of a lane is lost" all_is_back
ktap_finished

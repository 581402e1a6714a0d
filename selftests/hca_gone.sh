#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The HCA goes under traffic: applications get the statuses that a cut cable gives them,
# can exit and be killed, and what stays within the host never notices. With the HCA made
# again new connections work. Killing programs breaks no lane, and the module unloads.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/programs.sh
. "$LIB/programs.sh"
# shellcheck source=selftests/lib/traffic.sh
. "$LIB/traffic.sh"

# shellcheck disable=SC2034 # for vrdma.sh
ROUTE=channel LANES=break
# The programs of local_pair.
LOCAL=()
ROUNDS=$(by_budget 1 5)
# shellcheck disable=SC2034 # for traffic.sh: this test begins traffic often
LARGE=1048576

remove_hca() { rdma link delete "$HCA"; }

# return_hca: no lane is left of what there was, and new connections work.
return_hca() {
	rdma link add "$HCA" type rxe netdev "$HCA_NETDEV" && wait_until 10 hca_is_known || return 1
	# shellcheck disable=SC2034 # for vrdma.sh
	LANES_TX=0
	connects
}

connects() { pingpong ibv_rc_pingpong -c; }

# statuses: of a program whose way goes when it is ready.
statuses() {
	local pid status=0

	background "$WORK/cut" "${LIB%/*}/cut" -d "$DEV1@$NS1" -D "$DEV2@$NS2" -g "$GID"
	pid=$!
	wait_until 30 says_ready "$pid" && remove_hca || status=1
	wait "$pid" || status=1
	forget_background "$pid"
	show "$WORK/cut"
	return_hca && return "$status"
}

says_ready() { has_line ready "$WORK/cut" || ! kill -0 "$1" 2>/dev/null; }

# local_pair: runs until the end and stays within the host.
local_pair() {
	local status=0

	echo N >"$DEBUGFS/local_off"
	talk 18520 ibv_rc_pingpong "-g $GID -p 18520 -n 100000000 -e" || return 1
	LOCAL=("${SERVERS[-1]}" "${CLIENTS[-1]}")
	moves_locally || status=1
	echo Y >"$DEBUGFS/local_off"
	return "$status"
}

# moves_locally: so many bytes more than now.
moves_locally() {
	local goal

	! any_ended "${LOCAL[@]}" || return 1
	goal=$(($(counter "$NS1" "$DEV1" tx_local_bytes) + 1000000))
	wait_until 40 has_moved_locally "$goal"
}

has_moved_locally() { [ "$(counter "$NS1" "$DEV1" tx_local_bytes)" -ge "$1" ]; }

# gone ENDING: the HCA goes under traffic, ENDING of which is the end.
gone() {
	start_traffic && remove_hca && "$1" && moves_locally && return_hca
}

ends_by_itself() { traffic_ends 30; }

# neighbour: another pair over the channel.
neighbour() {
	local pids

	talk 18521 ibv_rc_pingpong "-g $GID -p 18521 -n 100000000 -e" || return 1
	pids=("${SERVERS[-1]}" "${CLIENTS[-1]}")
	"$@" && ! any_ended "${pids[@]}" && moves "$NS1" "$DEV1" && kill_traffic "${pids[@]}"
}

# killed: programs in the middle of their traffic, either side or both.
killed() {
	local errors

	errors=$(lanes_sum errors)
	start_traffic && kill_traffic "${SERVERS[@]}" && traffic_ends 30 &&
		start_traffic && kill_traffic "${CLIENTS[@]}" && traffic_ends 30 &&
		start_traffic && end_traffic && [ "$(lanes_sum errors)" = "$errors" ]
}

# unloaded: right after the programs were killed, their lanes up.
unloaded() {
	start_traffic && end_traffic && wait_until 20 rmmod vrdma 2>"$WORK/rmmod" && reload && return
	show "$WORK/rmmod"
	return 1
}

reload() {
	load_modules
	wait_until 10 hca_is_known && each_container add_device && each_container wait_for_device &&
		connects
}

ktap_print_header
two_containers veth-bridge
ktap_set_plan 7
ktap_test_result "statuses are those of a cut cable" repeat "$ROUNDS" statuses
ktap_test_result "a pair within the host" local_pair
ktap_test_result "programs end by themselves" repeat "$ROUNDS" gone ends_by_itself
ktap_test_result "programs can be killed" repeat "$ROUNDS" gone end_traffic
ktap_test_result "the pair within the host never noticed" moves_locally
kill_traffic "${LOCAL[@]}"
ktap_test_result "kill -9 disturbs no neighbour" repeat "$ROUNDS" neighbour killed
ktap_test_result "unloading after kill -9" repeat "$ROUNDS" unloaded
ktap_finished

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What happens between two hosts under traffic that checks itself: what lasts for a moment no
# application sees; what lasts longer each requester sees when its own patience is over, and
# afterwards connections can be made again. Traffic within a host never notices.
#
# Packets are lost where they come in, so that no sender is told, and at the first host alone:
# what it asks for is done, and what it hears of that is nothing. (To set the netdev down would
# not do: an rxe whose sends fail at home never receives connection requests again.)
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/programs.sh
. "$LIB/programs.sh"
# shellcheck source=selftests/lib/hosts.sh
. "$LIB/hosts.sh"
# shellcheck source=selftests/lib/outage.sh
. "$LIB/outage.sh"

# 0.27 s, six times: a lane gives up before any requester does.
LANE_PATIENCE=16
EVERYBODY=(requester1 requester2 local1 local2)
LOSE_ALL='iifname eth0 drop'
LOSE_SOME='iifname eth0 numgen random mod 8 0 drop'

lose() { nft "table inet vrcut { chain in { type filter hook input priority -300; $1; }; }"; }
lose_none() { nft delete table inet vrcut; }

# repaired: of all lanes of both hosts, how many broke and came back, in REPAIRS; true when all
# are up.
repaired() {
	local number tx errors bad repairs

	REPAIRS=0
	for number in 1 2; do
		wait_until 20 on "$number" "$LIB/host.sh" lanes_are_up || return 1
		read -r tx errors bad repairs < <(on "$number" "$LIB/host.sh" lanes 2>"$WORK/lanes")
		echo "# host $number: lanes broke $errors times, came back $repairs times, $bad bad of $tx"
		[ "$bad" = 0 ] || return 1
		REPAIRS=$((REPAIRS + repairs))
	done
}

everybody_runs() { start_local 1 2 && start_remote; }

# for_a_moment RULE SECONDS
for_a_moment() {
	local status=0

	lose "$1" || return 1
	during "$2"
	lose_none
	go_on "${EVERYBODY[@]}" || status=1
	repaired && return "$status"
}

# longer_than_lanes: but not than requesters.
longer_than_lanes() { for_a_moment "$LOSE_ALL" 2.5 && [ "$REPAIRS" -gt 0 ]; }

content() { end_well requester1 requester2 && ended owner1 && ended owner2; }

longer_than_requesters() {
	local status=0

	start_remote || return 1
	lose "$LOSE_ALL"
	fail_in_time requester1 requester2 || status=1
	go_on local1 local2 || status=1
	lose_none
	end_outages owner1 owner2
	return "$status"
}

connects_again() {
	local number

	start_remote && content && return 0
	for number in 1 2; do
		echo "# host $number"
		on "$number" cat "$DEBUGFS/channels" "$DEBUGFS/bindings" | show
	done
	return 1
}

ktap_print_header
two_hosts ipv4 "$LANE_PATIENCE"
ktap_set_plan 8
ktap_test_result "traffic between the hosts and within each" everybody_runs
ktap_test_result "packets are lost now and then" for_a_moment "$LOSE_SOME" 2
ktap_test_result "all are lost for a moment" for_a_moment "$LOSE_ALL" 0.7
ktap_test_result "all are lost for longer than lanes wait" longer_than_lanes
ktap_test_result "every round was right" content
ktap_test_result "all are lost for longer than requesters wait" longer_than_requesters
ktap_test_result "both sides connect again" connects_again
ktap_test_result "traffic within the hosts never noticed" end_well local1 local2
ktap_finished

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Between hosts large operations are moved by the HCA and small ones are not; whoever ends
# memory, a queue pair or itself in the middle of a large one is safe afterwards, and breaks
# no lane: others go on.
set -eu

ROUTE=channel
# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/traffic.sh
. "$LIB/traffic.sh"

# What the program moves for each of its two cases, of which the far side owns all.
LARGE_BYTES=$((3 * 8 * 1024 * 1024))
SMALL_BYTES=$((3 * 16 * 1024))

# moved: bytes that the HCA has moved for the second container, and all of its bytes.
moved() { echo "$(counter "$NS2" "$DEV2" rx_bulk_bytes) $(counter "$NS2" "$DEV2" rx_remote_bytes)"; }

# case_of NAME: of the program.
case_of() {
	"${LIB%/*}/bulk" -d "$DEV1@$NS1" -D "$DEV2@$NS2" -g "$GID" -b "$BUDGET" -t "$1" \
		>"$WORK/bulk" 2>&1 && return 0
	show "$WORK/bulk"
	return 1
}

# grows_by NAME BULK ALL: the case of that name moves so many bytes more, by the HCA and in all.
grows_by() {
	local -a before after

	read -r -a before < <(moved)
	case_of "$1" || return 1
	read -r -a after < <(moved)
	echo "# $((after[0] - before[0])) of $((after[1] - before[1])) bytes by the HCA"
	[ "$((after[0] - before[0]))" = "$2" ] && [ "$((after[1] - before[1]))" = "$3" ]
}

small_are_copied() { grows_by small 0 "$SMALL_BYTES"; }
large_are_moved() { grows_by large "$LARGE_BYTES" "$LARGE_BYTES"; }
small_are_moved() {
	bulk_above $((SMALL_BYTES / 3 - 1)) grows_by small "$SMALL_BYTES" "$SMALL_BYTES"
}
none_are_moved() { bulk_above 0 grows_by large 0 "$LARGE_BYTES"; }

# The lanes say so, too: each piece was shown by one side and moved by the other.
lanes_agree() {
	echo "# $(lanes_sum windows) windows, $(lanes_sum moves) moves, $(lanes_sum moved) bytes"
	[ "$(lanes_sum windows)" -ge $((LARGE_BYTES / 131072)) ] &&
		[ "$(lanes_sum moves)" -ge $((LARGE_BYTES / 131072)) ] &&
		[ "$(lanes_sum moved)" -ge "$LARGE_BYTES" ]
}

lanes_whole() { [ "$(lanes_broken)" = "$LANES_BROKEN" ] || { show "$DEBUGFS/channels"; false; }; }

# killed WHO...: large streams whose processes are killed, beside a neighbour who goes on.
killed() {
	local neighbour status=0

	start_traffic || return 1
	background "$WORK/neighbour" "${LIB%/*}/data" -d "$DEV1@$NS1" -D "$DEV2@$NS2" -g "$GID" \
		-b small -t rc -T 5
	neighbour=$!
	read -r -t 1 -u "$NAP" || true
	case $1 in
	servers) kill_traffic "${SERVERS[@]}" && traffic_ends 30 || status=1 ;;
	clients) kill_traffic "${CLIENTS[@]}" && traffic_ends 30 || status=1 ;;
	both) end_traffic || status=1 ;;
	esac
	wait "$neighbour" || status=1
	forget_background "$neighbour"
	[ "$status" = 0 ] || show "$WORK/neighbour"
	return "$status"
}

# start_both_ways: SENDs and WRITEs, so that each side has shown memory to the other.
start_both_ways() {
	SERVERS=() CLIENTS=() IDLE=()
	talk 18518 ib_write_bw "-x $GID -p 18518 -F -b -s 4194304 -t 4 --run_infinitely -D 5" &&
		talk 18519 ib_send_bw "-x $GID -p 18519 -F -b -s 1048576 -t 4 -r 8 -D $((60 * ${SLOW:-1}))" &&
		moves "$NS1" "$DEV1" && moves "$NS2" "$DEV2" &&
		! any_ended "${SERVERS[@]}" "${CLIENTS[@]}" && return 0
	show "$WORK"/stream.1851[89].*
	end_traffic
	return 1
}

# killed_both_ways: all at once, again and again.
killed_both_ways() {
	local round

	for ((round = 0; round < $(by_budget 3 10); round++)); do
		start_both_ways && end_traffic || return 1
	done
}

# Nothing keeps pages of those who are gone.
memory_is_free() { [ "$(awk '$1 == "nr_foll_pin_acquired" { a = $2 } $1 == "nr_foll_pin_released" { r = $2 } END { print a - r }' /proc/vmstat)" = 0 ]; }

ktap_print_header
two_containers veth-bridge
CASES=("end of a target of WRITE" "end of a source of READ" "end of a source of WRITE"
	"end of a target of READ" "requester in error" "owner in error" reset
	"end of one of two sources" "network that comes and goes")
ktap_set_plan $((6 + ${#CASES[@]} + 8))
ktap_test_result "small operations are copied" small_are_copied
ktap_test_result "large operations are moved by the HCA" large_are_moved
ktap_test_result "root says from which size on" small_are_moved
ktap_test_result "or none at all" none_are_moved
ktap_test_result "so say the lanes" lanes_agree
for name in "${CASES[@]}"; do
	ktap_test_result "$name" case_of "$name"
done
ktap_test_result "no lane broke" lanes_whole
for who in servers clients both; do
	ktap_test_result "kill -9 of $who" killed "$who"
done
ktap_test_result "kill -9 of both with both ways under way" killed_both_ways
for who in servers clients; do
	ktap_test_result "kill -9 of $who where all goes in messages" bulk_above 0 killed "$who"
done
ktap_test_result "no lane broke of that" lanes_whole
ktap_test_result "all pages are let go of" wait_until 10 memory_is_free
ktap_finished

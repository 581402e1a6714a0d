#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Small messages get their turn on a lane that others fill with large work: a 64-byte ping-pong
# beside WRITEs of 1 MiB, which HCAs move, and of 64 KiB, which go in messages, 64 of a queue
# pair under way. Nobody polls, or all would wait for processors instead of the lane.
# docs/performance.md has the figures.
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
HOGS=()

# latency: of a ping-pong, in us: perftest's typical one, the middle of some rounds.
latency() {
	local i

	for ((i = 0; i < ROUNDS; i++)); do
		perftest ib_send_lat -e -s 64 -n 200 >&2 || return 1
		awk '$1 == 64 && NF >= 6 { print $5 }' "$WORK/client"
	done | sort -n | sed -n "$(((ROUNDS + 1) / 2))p"
}

alone() {
	ALONE=$(latency)
	echo "# alone $ALONE us"
	[ -n "$ALONE" ]
}

# large_writes NUMBER BYTES: so many programs WRITE so much at a time, instead of those before.
large_writes() {
	local i

	end_writes
	for ((i = 0; i < $1; i++)); do
		LEN=$2 background "$WORK/hog.$i" "${LIB%/*}/hog" -d "$DEV1@$NS1" -D "$DEV2@$NS2" -g "$GID"
		HOGS+=("$!")
	done
	moves "$NS1" "$DEV1" && return 0
	show "$WORK"/hog.*
	return 1
}

end_writes() {
	local pid

	kill_traffic "${HOGS[@]}"
	for pid in "${HOGS[@]}"; do
		forget_background "$pid"
	done
	HOGS=()
}

# beside NUMBER BYTES: the ping-pong, while such WRITEs go on.
beside() {
	local beside small behind

	large_writes "$@" || return 1
	small=$(lanes_sum small) behind=$(lanes_sum behind)
	beside=$(latency)
	echo "# beside $1 times $2 bytes $beside us"
	small=$(($(lanes_sum small) - small)) behind=$(($(lanes_sum behind) - behind))
	echo "# $small small messages, each behind $((behind / small)) bytes"
	! any_ended "${HOGS[@]}" && moves "$NS1" "$DEV1" &&
		awk -v a="$ALONE" -v b="$beside" -v most="$MOST" 'BEGIN {
			printf "# %.1f times as long\n", b / a
			exit !(b > 0 && b <= most * a)
		}'
}

ktap_print_header
one_lane
two_containers veth-bridge
ktap_set_plan 4
ktap_test_result "a ping-pong alone" alone
ktap_test_result "beside WRITEs of 1 MiB" beside 1 1048576
ktap_test_result "beside WRITEs of 1 MiB of eight queue pairs" beside 8 1048576
ktap_test_result "beside WRITEs of 64 KiB of four queue pairs" beside 4 65536
end_writes
ktap_finished

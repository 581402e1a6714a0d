#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Between two hosts large operations are moved by the HCAs, every byte checked; also while
# packets are lost, which breaks no lane: the HCAs repeat what was in them.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/programs.sh
. "$LIB/programs.sh"
# shellcheck source=selftests/lib/hosts.sh
. "$LIB/hosts.sh"

# 0.27 s, six times: one packet in many is repeated long before that.
LANE_PATIENCE=16
LOSE_SOME='iifname eth0 numgen random mod 64 0 counter drop'
REPEATED=completer_retry_err

# large [OPTION...]: 1 MiB at a time.
large() { perftest ib_write_bw -s 1048576 -b "$@" && perftest ib_read_bw -s 1048576 -b "$@"; }

# moved NUMBER: bytes that the HCA of that host has moved.
moved() { on "$1" "$LIB/host.sh" lanes_sum moved; }

large_are_moved() {
	local number
	local -a before=()

	for number in 1 2; do
		before[number]=$(moved "$number")
	done
	large -n 10 || return 1
	for number in 1 2; do
		echo "# host $number: $(($(moved "$number") - before[number])) bytes"
		# Both ways, WRITEs and READs, ten of each and more to get warm.
		[ "$(($(moved "$number") - before[number]))" -ge $((2 * 10 << 20)) ] || return 1
	done
}

# repeated NUMBER: how often that host's HCA sent something again.
repeated() { on "$1" cat "/sys/class/infiniband/$HCA/ports/1/hw_counters/$REPEATED"; }

while_packets_are_lost() {
	local status=0 before

	before=$(($(repeated 1) + $(repeated 2)))
	nft "table inet vrcut { chain in { type filter hook input priority -300; $LOSE_SOME; }; }"
	"$@" || status=1
	nft list table inet vrcut | sed -n 's/.*counter packets \([0-9]*\).*/# \1 packets lost/p'
	nft delete table inet vrcut
	echo "# repeated $(($(repeated 1) + $(repeated 2) - before)) times"
	[ "$(($(repeated 1) + $(repeated 2)))" -gt "$before" ] && return "$status"
}

lanes_whole() { lanes_carried 1 && lanes_carried 2; }

ktap_print_header
two_hosts ipv4 "$LANE_PATIENCE"
ktap_set_plan 7
ktap_test_result "large operations are moved by both HCAs" large_are_moved
ktap_test_result "data checker" data_pair
ktap_test_result "no lane broke" lanes_whole
ktap_test_result "data checker while packets are lost" while_packets_are_lost data_pair
ktap_test_result "large operations while packets are lost" while_packets_are_lost large -n 20
ktap_test_result "no lane broke of that" lanes_whole
ktap_test_result "both hosts can be left" hosts_are_left
ktap_finished

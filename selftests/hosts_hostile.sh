#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Somebody with root on a machine between two hosts gets from them what any third host
# would, and takes nothing from their containers, who notice nothing.
set -eu -o pipefail

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/programs.sh
. "$LIB/programs.sh"
# shellcheck source=selftests/lib/hosts.sh
. "$LIB/hosts.sh"
# shellcheck source=selftests/lib/outage.sh
. "$LIB/outage.sh"

IMPOSTOR=$LIB/../impostor

# stranger: the program, with the second host's HCA; its victim is the first host.
stranger() {
	on 1 "$LIB/host.sh" second_network 1 host && on 2 "$LIB/host.sh" second_network 2 program &&
		on 2 "$LIB/host.sh" stranger || return 1
	background "$WORK/victim" in1 "$IMPOSTOR" -l -d "$DEV1" -g "$GID" -p 18600
	on 2 env VICTIM=10.78.0.1 IMPOSTOR=10.78.0.2 STRANGER=c3 NEIGHBOUR="$NS2" SLOW="${SLOW:-1}" \
		"$IMPOSTOR" -b "$BUDGET" -p 18600 2>&1 | show && return 0
	show "$WORK/victim"
	return 1
}

# lanes_are_whole: between the hosts themselves, on both.
lanes_are_whole() {
	on 1 "$LIB/host.sh" lanes_whole 10.77.0.2 && on 2 "$LIB/host.sh" lanes_whole 10.77.0.1
}

content() { go_on requester1 requester2 && end_well requester1 requester2 && ended owner1 && ended owner2; }

ktap_print_header
two_hosts ipv4
ktap_set_plan 5
ktap_test_result "traffic between the hosts" start_remote
ktap_test_result "a stranger gets nothing" stranger
ktap_test_result "traffic went on, and every round was right" content
ktap_test_result "lanes between the hosts are whole" lanes_are_whole
ktap_test_result "both hosts can be left" hosts_are_left
ktap_finished

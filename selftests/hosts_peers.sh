#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What a host takes of its HCA is a handful of queue pairs per host it speaks to: many
# connections need no more than one, and another peer costs as many again. That peer is the
# host itself, both ends of whose lanes are on its HCA.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/programs.sh
. "$LIB/programs.sh"
# shellcheck source=selftests/lib/hosts.sh
. "$LIB/hosts.sh"

# Four lanes, and one for registrations, which leads nowhere.
QPS=5

# hca_qps NUMBER: RC queue pairs of that host's HCA.
hca_qps() { on "$1" rdma resource show qp link vrhca/1 | grep -c 'type RC' || true; }

# have COUNT...: each host's HCA has so many.
have() {
	local number=0 count status=0

	for count; do
		number=$((number + 1))
		echo "# host $number: $(hca_qps "$number") RC queue pairs"
		[ "$(hca_qps "$number")" = "$count" ] || status=1
	done
	return "$status"
}

one() { pingpong ibv_rc_pingpong -c && have "$QPS" "$QPS"; }
many() { perftest ib_write_bw -q 64 -s 4096 && have "$QPS" "$QPS"; }

# Between its container and its own namespace.
itself() {
	local -a AT2=()

	echo Y >/sys/kernel/debug/vrdma/local_off
	NS2=own DEV2=vrown1 pingpong ibv_rc_pingpong -c && have $((3 * QPS)) "$QPS"
}

# Those between the hosts; the host may have given up those to itself by now.
lanes_whole() {
	on 1 "$LIB/host.sh" lanes_whole 10.77.0.2 && on 2 "$LIB/host.sh" lanes_whole 10.77.0.1
}

ktap_print_header
two_hosts ipv4
ktap_set_plan 5
ktap_test_result "one connection to the other host" one
ktap_test_result "64 connections" many
ktap_test_result "and one from the host to itself" itself
ktap_test_result "no lane broke" lanes_whole
ktap_test_result "both hosts can be left" hosts_are_left
ktap_finished

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 1000 busy connections of 20 containers a side need no more of the HCA than one: the
# queue pairs of its lanes.
set -eu

ROUTE=channel
# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"

COUNT=20
CONNECTIONS=1000
# A channel to oneself has both ends on the one HCA, of four lanes each and of another queue
# pair for registrations.
CHANNEL_QPS=10
PIDS=()

# hca_qps: numbers of the RC queue pairs of the HCA.
hca_qps() { rdma resource show qp link "$HCA/1" | awk '/type RC/ { for (i = 1; i < NF; i++) if ($i == "lqpn") print $(i + 1) }' | sort -n; }

few_hca_qps() {
	hca_qps >"$WORK/qps.now"
	echo "# $(wc -l <"$WORK/qps.now") RC queue pairs on the HCA"
	[ "$(wc -l <"$WORK/qps.now")" -le "$CHANNEL_QPS" ]
}

# make_side SIDE: COUNT containers with a device each.
make_side() {
	local i ns

	for ((i = 1; i <= COUNT; i++)); do
		ns=m$1x$i
		NAMESPACES+=("$ns")
		printf 'netns add %s\n' "$ns"
		printf 'link add vrport%s%s type veth peer name eth0 netns %s\n' "$1" "$i" "$ns"
		printf 'link set vrport%s%s master %s up\n' "$1" "$i" "$BRIDGE"
	done | ip -batch -
	for ((i = 1; i <= COUNT; i++)); do
		ns=m$1x$i
		printf '%s\n' "link set lo up" "link set eth0 up" \
			"address add 10.7.$1.$i/16 dev eth0" | ip -n "$ns" -batch -
		ip netns exec "$ns" rdma link add "vrm$1x$i" type vrdma netdev eth0
	done
}

# start_all: a program per pair of containers; true when all are connected.
start_all() {
	local i

	for ((i = 1; i <= COUNT; i++)); do
		background "$WORK/pair$i" "${LIB%/*}/multiplex" \
			-d "vrm1x$i@m1x$i" -D "vrm2x$i@m2x$i" -b "$BUDGET"
		PIDS[i]=$!
	done
	for ((i = 1; i <= COUNT; i++)); do
		wait_until 120 has_line '^held$' "$WORK/pair$i" || {
			show "$WORK/pair$i"
			return 1
		}
	done
}

all_check() {
	local i failed=0

	kill -USR1 "${PIDS[@]}"
	for ((i = 1; i <= COUNT; i++)); do
		if ! wait "${PIDS[i]}" || ! has_line '^checked$' "$WORK/pair$i"; then
			show "$WORK/pair$i"
			failed=1
		fi
	done
	PIDS=()
	return "$failed"
}

# Connections of a warm channel need nothing new of the HCA.
same_hca_qps() {
	cp "$WORK/qps.now" "$WORK/qps.before"
	start_all && all_check && few_hca_qps && cmp "$WORK/qps.before" "$WORK/qps.now"
}

# all_are_shown: both ends of each connection, and each lane has some.
all_are_shown() {
	local bound lanes

	bound=$(grep -c ' bound ' "$DEBUGFS/bindings")
	lanes=$(grep -o ' lane [0-9]*' "$DEBUGFS/bindings" | sort -u | wc -l)
	echo "# $bound ends on $lanes lanes"
	[ "$bound" = $((2 * CONNECTIONS)) ] && [ "$lanes" = 4 ]
}

none_is_shown() { [ -z "$(<"$DEBUGFS/bindings")" ]; }

lanes_whole() { [ "$(lanes_sum errors)$(lanes_sum bad)" = 00 ]; }

ktap_print_header
load_modules
make_exclusive >&2
ip -batch - <<-END
	link add $BRIDGE type bridge forward_delay 0
	link set $BRIDGE up
END
make_side 1
make_side 2
ktap_set_plan 7
ktap_test_result "1000 connections of $COUNT containers a side" start_all
ktap_test_result "the HCA has the queue pairs of its lanes" few_hca_qps
ktap_test_result "root sees all of them" all_are_shown
ktap_test_result "all of them busy at once, every byte checked" all_check
ktap_test_result "1000 more make none" same_hca_qps
ktap_test_result "none is left when their programs have ended" wait_until 10 none_is_shown
ktap_test_result "no lane broke" lanes_whole
ktap_finished

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# perftest's ib_send_lat and ib_send_bw run over RC: all sizes, rdma_cm, events, many QPs, both ways.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/programs.sh
. "$LIB/programs.sh"

ktap_print_header
two_containers veth-bridge
results \
	"lat|perftest ib_send_lat -s 64" \
	"+lat of all sizes|perftest ib_send_lat -a -n $PERFTEST_ALL_ITERATIONS" \
	"lat over rdma_cm|perftest ib_send_lat -R" \
	"lat with events|perftest ib_send_lat -e" \
	"bw|perftest ib_send_bw -s 65536" \
	"bw of all sizes|perftest ib_send_bw -a -n $PERFTEST_ALL_ITERATIONS" \
	"bw over rdma_cm|perftest ib_send_bw -R" \
	"+bw with events|perftest ib_send_bw -e" \
	"bw on 4 QPs|perftest ib_send_bw -q 4" \
	"bw both ways|perftest ib_send_bw -b" \
	"+bw both ways on 4 QPs, all sizes, over rdma_cm|perftest ib_send_bw -b -q 4 -a -R -n 5"
ktap_finished

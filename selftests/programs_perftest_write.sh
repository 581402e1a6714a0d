#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# perftest's ib_write_lat and ib_write_bw run over RC: all sizes, rdma_cm, many QPs, both ways.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/programs.sh
. "$LIB/programs.sh"

ktap_print_header
two_containers veth-bridge
results \
	"lat|perftest ib_write_lat -s 64" \
	"+lat of all sizes|perftest ib_write_lat -a -n $PERFTEST_ALL_ITERATIONS" \
	"lat over rdma_cm|perftest ib_write_lat -R" \
	"bw|perftest ib_write_bw -s 65536" \
	"bw of all sizes|perftest ib_write_bw -a -n $PERFTEST_ALL_ITERATIONS" \
	"bw over rdma_cm|perftest ib_write_bw -R" \
	"bw on 4 QPs|perftest ib_write_bw -q 4" \
	"+bw both ways|perftest ib_write_bw -b" \
	"+bw both ways on 4 QPs, all sizes, over rdma_cm|perftest ib_write_bw -b -q 4 -a -R -n 5"
ktap_finished

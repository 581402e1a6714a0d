#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# perftest's ib_atomic_lat and ib_atomic_bw run over RC: both operations, rdma_cm, events, many QPs.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/programs.sh
. "$LIB/programs.sh"

ktap_print_header
two_containers veth-bridge
results \
	"lat of fetch and add|perftest ib_atomic_lat -A FETCH_AND_ADD" \
	"lat of compare and swap|perftest ib_atomic_lat -A CMP_AND_SWAP" \
	"+lat over rdma_cm|perftest ib_atomic_lat -R" \
	"lat with events|perftest ib_atomic_lat -e" \
	"bw of fetch and add|perftest ib_atomic_bw -A FETCH_AND_ADD" \
	"+bw of compare and swap|perftest ib_atomic_bw -A CMP_AND_SWAP" \
	"bw over rdma_cm|perftest ib_atomic_bw -R" \
	"+bw with events|perftest ib_atomic_bw -e" \
	"+bw on 4 QPs|perftest ib_atomic_bw -q 4" \
	"bw both ways|perftest ib_atomic_bw -b"
ktap_finished

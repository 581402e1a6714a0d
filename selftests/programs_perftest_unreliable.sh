#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# perftest's ib_send_* over UD and UC, and ib_write_* over UC.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/programs.sh
. "$LIB/programs.sh"

ktap_print_header
two_containers veth-bridge
results \
	"send_lat over UD|perftest ib_send_lat -c UD -s 1024" \
	"send_bw over UD|perftest ib_send_bw -c UD -s 4096" \
	"+send_bw over UD with events|perftest ib_send_bw -c UD -s 1024 -e" \
	"+send_lat over UD, rdma_cm|perftest ib_send_lat -c UD -s 1024 -R" \
	"+send_lat over UC|perftest ib_send_lat -c UC -s 1024" \
	"+send_bw over UC|perftest ib_send_bw -c UC -s 65536" \
	"send_bw over UC with events|perftest ib_send_bw -c UC -s 1024 -e" \
	"+write_lat over UC|perftest ib_write_lat -c UC -s 1024" \
	"+write_bw over UC|perftest ib_write_bw -c UC -s 65536"
ktap_finished

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Programs talk between containers on two hosts whose own network is IPv6 only: the tunnel's
# packets and the lanes.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/programs.sh
. "$LIB/programs.sh"
# shellcheck source=selftests/lib/hosts.sh
. "$LIB/hosts.sh"

ktap_print_header
two_hosts ipv6
results \
	"+rc_pingpong, checked|pingpong ibv_rc_pingpong -c" \
	"+rping|rping_pair -C 5" \
	"ib_write_bw|perftest ib_write_bw -s 65536" \
	"+lanes of the first host carried it|lanes_carried 1" \
	"+lanes of the second host carried it|lanes_carried 2" \
	"+both hosts can be left|hosts_are_left"
ktap_finished

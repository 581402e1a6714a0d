#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# ibv_*_pingpong talk over RC, UC, UD and SRQ, polling and by events, data checked.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/programs.sh
. "$LIB/programs.sh"

ktap_print_header
two_containers veth-bridge
results \
	"rc|pingpong ibv_rc_pingpong" \
	"+rc checked|pingpong ibv_rc_pingpong -c" \
	"rc with events, checked|pingpong ibv_rc_pingpong -e -c" \
	"rc of 1 MiB, checked|pingpong ibv_rc_pingpong -c -s 1048576 -n 20" \
	"uc|pingpong ibv_uc_pingpong" \
	"+uc with events, checked|pingpong ibv_uc_pingpong -e -c" \
	"ud|pingpong ibv_ud_pingpong" \
	"+ud with events, checked|pingpong ibv_ud_pingpong -e -c" \
	"srq|pingpong ibv_srq_pingpong" \
	"+srq checked|pingpong ibv_srq_pingpong -c" \
	"srq with events, checked|pingpong ibv_srq_pingpong -e -c"
ktap_finished

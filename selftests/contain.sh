#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A container that does wrong on the only lane harms itself alone: its connections get the
# statuses they must, no lane breaks, and a neighbour goes on. LEAST in the environment is
# what one must keep of its rate, percent, that wants a quarter of what it can have; 90 unless set.
set -eu

ROUTE=channel
# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/program.sh
. "$LIB/program.sh"

# All share the one lane; the next test shall have as many as it wants.
[ ! -d /sys/module/vrdma ] || rmmod vrdma
modprobe vrdma lane_timeout="$LANE_TIMEOUT" lanes=1
all_lanes() { wait_until 10 rmmod vrdma; }
# shellcheck disable=SC2034 # for vrdma.sh, and for program.sh
CLEAN_UP=all_lanes CHANGES=1
program contain

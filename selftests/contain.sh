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

one_lane
# shellcheck disable=SC2034 # for program.sh
CHANGES=1
program contain

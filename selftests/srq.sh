#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A shared receive queue that changes its size: nothing is lost, and no order.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/program.sh
. "$LIB/program.sh"

program srq

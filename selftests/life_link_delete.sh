#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# rdma link delete of either side or both, in the middle of traffic: the programs end with
# errors, nothing hangs, and new devices work.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/traffic.sh
. "$LIB/traffic.sh"

delete1() { in1 rdma link delete "$DEV1"; }
delete2() { in2 rdma link delete "$DEV2"; }

each_side_goes programs_notice

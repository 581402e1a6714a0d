#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# In shared mode every namespace sees the devices, and only their own can open them.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck disable=SC2034 # for vrdma.sh
LANES=own

sees() { "$@" rdma dev show "$DEV1" >/dev/null; }
opens() { "$@" ibv_devinfo -d "$DEV1" >"$WORK/open" 2>&1; }
refused() { ! opens "$@"; }

ktap_print_header
two_containers shared
ktap_set_plan 5
ktap_test_result "its own container sees it" sees in1
ktap_test_result "the other container sees it" sees in2
ktap_test_result "its own container opens it" opens in1
ktap_test_result "the other container is refused" refused in2
ktap_test_result "the host is refused" refused env
ktap_finished

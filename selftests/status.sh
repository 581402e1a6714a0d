#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Every completion status of the failure table, between two containers.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/program.sh
. "$LIB/program.sh"

program status

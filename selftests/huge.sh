#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Nobody waits for a copy of 1 GiB that is under way.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/program.sh
. "$LIB/program.sh"

program huge

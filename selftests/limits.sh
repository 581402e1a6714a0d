#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Every kind of object and queue has a limit, and what is dropped can be made again.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/program.sh
. "$LIB/program.sh"

program limits

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A send queue that is drained, and goes on.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/program.sh
. "$LIB/program.sh"

program drain

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Timestamps of completions, by both clocks, as extended polling reads them.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/program.sh
. "$LIB/program.sh"

program stamps

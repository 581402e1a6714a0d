#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A queue pair changes its state exactly as the specification has it.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/program.sh
. "$LIB/program.sh"

program states

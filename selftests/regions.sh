#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Memory regions of all kinds of memory, and what may not be one.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/program.sh
. "$LIB/program.sh"

program regions

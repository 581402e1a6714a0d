#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The last byte of a WRITE comes last, and every value once.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/program.sh
. "$LIB/program.sh"

program lastbyte

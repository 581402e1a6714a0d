#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Memory regions that are registered anew, at rest and under traffic.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/program.sh
. "$LIB/program.sh"

program rereg

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A sender waits for a late receiver, and is woken by it.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/program.sh
. "$LIB/program.sh"

program rnr

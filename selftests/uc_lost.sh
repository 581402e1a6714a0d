#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# UC messages that are lost cost nothing but themselves.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/program.sh
. "$LIB/program.sh"

# shellcheck disable=SC2034 # for program.sh
CHANGES=links
program uc_lost

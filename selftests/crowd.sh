#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Hundreds of connections want more of a path than it has room for; nobody is left out.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/program.sh
. "$LIB/program.sh"

program crowd

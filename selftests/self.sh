#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Queue pairs connected to themselves, in a ring, and flooding each other.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/program.sh
. "$LIB/program.sh"

program self

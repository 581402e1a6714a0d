#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A process that writes garbage into its rings harms only its own queue pairs.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/program.sh
. "$LIB/program.sh"

program hostile

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Memory windows: who may do what through one, and until when.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/program.sh
. "$LIB/program.sh"

program windows

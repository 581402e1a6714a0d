#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What one queue pair posts takes effect and completes in order.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/program.sh
. "$LIB/program.sh"

program order

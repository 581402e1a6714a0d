#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Completion events, CQ resize and overflow, the limit event of an SRQ.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/program.sh
. "$LIB/program.sh"

program events

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Parent domains, thread domains, and devices that another process has opened.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/program.sh
. "$LIB/program.sh"

program domains

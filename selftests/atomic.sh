#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Atomics of many queue pairs and of the processor on one word.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/program.sh
. "$LIB/program.sh"

program atomic

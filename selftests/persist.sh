#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# FLUSH and ATOMIC_WRITE: who may, what is there afterwards, and that a word is stored at once.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/program.sh
. "$LIB/program.sh"

program persist

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Every byte of random traffic within one container arrives, once, where it belongs.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/program.sh
. "$LIB/program.sh"

TOPOLOGY=one program data

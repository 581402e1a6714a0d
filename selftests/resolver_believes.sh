#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Which answers a device believes, and what a stranger's word is worth.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/stranger.sh
. "$LIB/stranger.sh"

program_with_stranger resolver_believes

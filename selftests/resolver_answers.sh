#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What a device tells a stranger who asks for its addresses.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck disable=SC2034 # for vrdma.sh
LANES=own
# shellcheck source=selftests/lib/stranger.sh
. "$LIB/stranger.sh"

program_with_stranger resolver_answers

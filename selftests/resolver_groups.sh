#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What strangers can tell who sends to a multicast group, and what they are told.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/stranger.sh
. "$LIB/stranger.sh"

program_with_stranger resolver_groups

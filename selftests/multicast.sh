#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A datagram to a multicast group reaches all that are attached to it in three containers, as
# far as their network carries the group, and nobody else.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/third.sh
. "$LIB/third.sh"

program_with_third multicast

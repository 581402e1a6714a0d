#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# multicast.sh with IPv6 groups.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/third.sh
. "$LIB/third.sh"

export IPV6=1
program_with_third multicast

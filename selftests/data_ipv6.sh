#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Every byte of random traffic between two containers that speak IPv6 only arrives.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/program.sh
. "$LIB/program.sh"

TOPOLOGY=ipv6 program data

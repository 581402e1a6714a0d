#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Programs talk between the IPv6 addresses of containers.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/programs.sh
. "$LIB/programs.sh"

ktap_print_header
two_containers ipv6
short_list
ktap_finished

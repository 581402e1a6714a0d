#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Programs talk between containers on two ipvlan L2 devices, which share one MAC address.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/programs.sh
. "$LIB/programs.sh"

ktap_print_header
two_containers ipvlan
short_list
ktap_finished

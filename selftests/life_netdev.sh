#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# ip link delete of the netdev of either side or both, in the middle of traffic: the devices
# go with their netdevs, the programs end with errors, and new devices work.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/traffic.sh
. "$LIB/traffic.sh"

delete1() { ip -n "$NS1" link delete eth0; }
delete2() { ip -n "$NS2" link delete eth0; }

each_side_goes end_traffic

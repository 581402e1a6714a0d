#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kill -9 of either side or both, in the middle of traffic: the other side notices by
# itself, the kernel lets go of everything, and the devices go on.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/traffic.sh
. "$LIB/traffic.sh"

kill_servers() { start_traffic && kill_traffic "${SERVERS[@]}" && traffic_ends 30; }
kill_clients() { start_traffic && kill_traffic "${CLIENTS[@]}" && traffic_ends 30; }
kill_both() { start_traffic && end_traffic; }

ktap_print_header
two_containers veth-bridge
ROUNDS=$(by_budget 1 2)
ktap_set_plan 4
ktap_test_result "servers" repeat "$ROUNDS" kill_servers
ktap_test_result "clients" repeat "$ROUNDS" kill_clients
ktap_test_result "both at once" repeat "$ROUNDS" kill_both
ktap_test_result "nothing is left open" wait_until 10 nothing_is_open
ktap_finished

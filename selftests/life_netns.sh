#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# ip netns delete while the processes in the namespaces are killed, in the middle of traffic:
# the namespaces end in bounded time, and new ones work.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/traffic.sh
. "$LIB/traffic.sh"

delete1() {
	kill -KILL "${SERVERS[@]}"
	ip netns delete "$NS1"
}

delete2() {
	kill -KILL "${CLIENTS[@]}"
	ip netns delete "$NS2"
}

# All at once: what one sends to a namespace that is gone, TCP repeats for minutes in its own.
delete_both() {
	kill -KILL "${SERVERS[@]}" "${CLIENTS[@]}"
	ip netns delete "$NS1"
	ip netns delete "$NS2"
}

each_side_goes end_traffic

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# mckey of rdmacm-utils: both sides join a group through rdma_cm, and one sends to it.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"

GROUP=239.255.9.1 OTHER=239.255.9.2
MESSAGES=10

# joined: by rdma_cm and by the queue pair that is attached.
joined() {
	[[ $(ip netns exec "$NS1" ip maddress show dev eth0) =~ inet\ +$GROUP\ users\ 2 ]]
}

# Nobody is in the group any more.
left() { [[ $(ip netns exec "$NS1" ip maddress show dev eth0) != *"$GROUP"* ]]; }

receiver_starts() {
	background "$WORK/receiver" in1 timeout "$PAIR_LIMIT" mckey -m "$GROUP" -b "$IP1" -C "$MESSAGES" "$@"
	RECEIVER=$!
	wait_until 30 joined
}

sender() {
	in2 timeout "$PAIR_LIMIT" mckey -m "$1" -s -b "$IP2" -C "$MESSAGES" "${@:2}" >"$WORK/sender" 2>&1
}

receiver_is_content() {
	local status=0

	wait "$RECEIVER" || status=$?
	forget_background "$RECEIVER"
	[ "$status" = 0 ] && has_line 'data transfers complete' "$WORK/receiver"
}

# A sender's mckey says nothing of what came: the receiver ends when all has.
group() {
	receiver_starts "$@" && sender "$GROUP" "$@" && receiver_is_content && wait_until 10 left && return 0
	show "$WORK/receiver" "$WORK/sender"
	end_process "$RECEIVER"
	return 1
}

# still_waits: for all of it.
still_waits() { kill -0 "$RECEIVER" && ! has_line 'data transfers complete' "$WORK/receiver"; }

another_group() {
	receiver_starts && sender "$OTHER" && still_waits || return 1
	end_process "$RECEIVER"
	wait_until 10 left
}

ktap_print_header
need_commands mckey
two_containers veth-bridge
ktap_set_plan 3
ktap_test_result "mckey" group
ktap_test_result "mckey with 1400 bytes" group -S 1400
ktap_test_result "control: another group is not heard" another_group
HARMLESS=1
ktap_finished

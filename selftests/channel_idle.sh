#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A channel that nobody uses any more gives its queue pairs back, one that is used does not,
# and who comes later finds a new one. Who was called and hears no farewell finds out.
set -eu

ROUTE=channel
# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/programs.sh
. "$LIB/programs.sh"

# VRDMA_CHANNEL_IDLE_MS, in seconds.
IDLE=30
SINCE=

hca_qps() { rdma resource show qp link "$HCA/1" | grep -c 'type RC' || true; }
no_channels() { [ -z "$(<"$DEBUGFS/channels")" ]; }
no_hca_qps() { [ "$(hca_qps)" = 0 ]; }

# used: by connections that end at once.
used() {
	perftest ib_write_lat -s 64 -n 10 || return 1
	SINCE=$SECONDS
	echo "# $(hca_qps) RC queue pairs on the HCA"
	! no_hca_qps
}

# held: by a connection on which nothing is said for longer than that.
held() {
	background "$WORK/held" "${LIB%/*}/channel_idle" -d "$DEV1@$NS1" -D "$DEV2@$NS2" -g "$GID" \
		-b "$BUDGET" -T $((IDLE + 8))
	wait "$!" && SINCE=$SECONDS && ! no_hca_qps && return 0
	show "$WORK/held"
	return 1
}

# given_up: by who opened it; who accepted it waits whether it comes back, VRDMA_LANE_GIVE_UP_MS.
given_up() {
	wait_until $((IDLE * 2)) no_hca_qps || return 1
	echo "# after $((SECONDS - SINCE)) s"
	[ $((SECONDS - SINCE)) -ge $((IDLE - 2)) ] && wait_until 20 no_channels
}

# An address that comes and goes, of another network than the one that stays.
FLEETING_IP=203.0.113.3

addresses() { printf 'address %s dev %s\n' "$@" | ip -batch -; }
only_fleeting() { hca_has "$FLEETING_IP" && ! hca_has "$HCA_IP"; }
hca_has() { has_line "^$HCA .*$1" "$DEBUGFS/hcas"; }
none_opened() { ! has_line ' opened ' "$DEBUGFS/channels"; }

# no_farewell: where the channel is, nothing can be said when it ends. Who accepted it finds
# out after twice the time, and then waits again whether it comes back.
no_farewell() {
	local status=0

	addresses "add $FLEETING_IP/24" "$HCA_NETDEV" "delete $HCA_IP/24" "$HCA_NETDEV"
	wait_until 10 only_fleeting && used || status=1
	addresses "delete $FLEETING_IP/24" "$HCA_NETDEV" "add $HCA_IP/24" "$HCA_NETDEV"
	wait_until 10 hca_is_known && [ "$status" = 0 ] || return 1
	wait_until $((IDLE * 2)) none_opened && ! no_channels || return 1
	echo "# after $((SECONDS - SINCE)) s only who accepted is there"
	wait_until $((IDLE * 4)) no_channels && no_hca_qps || return 1
	echo "# after $((SECONDS - SINCE)) s nobody"
}

ktap_print_header
two_containers veth-bridge
ktap_set_plan 5
ktap_test_result "connections make a channel" used
ktap_test_result "a silent one keeps it" held
ktap_test_result "when all are gone it ends" given_up
ktap_test_result "also where no farewell is heard" no_farewell
ktap_test_result "who comes later has one again" used
# shellcheck disable=SC2034 # for vrdma.sh: the new one counts from 0
LANES_TX=0
ktap_finished

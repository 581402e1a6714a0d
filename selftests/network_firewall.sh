#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A firewall rule on the bridge between two containers stops a new RDMA connection with the
# native error and ends an old one in bounded time; without the rule both go on.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/programs.sh
. "$LIB/programs.sh"

# Re-asked every 10 s, three misses: docs/operating.md. The rest is for a slow machine.
OLD_ENDS=60

block() {
	nft add table bridge vrdma_test &&
		nft add chain bridge vrdma_test forward '{ type filter hook forward priority 0; }' &&
		nft add rule bridge vrdma_test forward udp dport 4793 drop
}

unblock() { nft delete table bridge vrdma_test; }

# The rule lets TCP through, by which the programs introduce themselves to each other.
new_fails() {
	! pair tcp:18515 \
		ibv_rc_pingpong -d "$DEV1" -g "$GID" -n 10 -- \
		ibv_rc_pingpong -d "$DEV2" -g "$GID" -n 10 "$IP1" >"$WORK/pair" &&
		grep -q 'transport retry counter exceeded' "$WORK/pair" && return 0
	cat "$WORK/pair"
	return 1
}

old_has_results() { [ "$(grep -cE "^ *65536" "$WORK/old.client")" -ge "$1" ]; }

old_started() {
	background "$WORK/old.server" in1 ib_send_bw -d "$DEV1" -x "$GID" -F -p 18600 --run_infinitely -D 2
	OLD_SERVER=$!
	wait_until 20 listens "$OLD_SERVER" 18600 || return 1
	background "$WORK/old.client" in2 ib_send_bw -d "$DEV2" -x "$GID" -F -p 18600 --run_infinitely -D 2 "$IP1"
	OLD_CLIENT=$!
	# Lines of results keep coming, beyond the time after which routes are asked again.
	wait_until 40 old_has_results 6
}

old_ends() { wait_until "$OLD_ENDS" not kill -0 "$OLD_CLIENT" 2>/dev/null; }

old_said() { grep -qi 'Failed status 12\|retry' "$WORK/old.client" || { show "$WORK/old.client" && false; }; }

ktap_print_header
need_commands nft
two_containers veth-bridge
block 2>/dev/null || skip_all "no nftables on bridges"
unblock
ktap_set_plan 6
ktap_test_result "control: an old connection goes on" old_started
block
ktap_test_result "a new connection fails as natively" new_fails
ktap_test_result "the old connection ends" old_ends
ktap_test_result "with the native error" old_said
end_process "$OLD_SERVER"
unblock
ktap_test_result "control: a new connection without the rule" pingpong ibv_rc_pingpong -c
ktap_test_result "control: rping without the rule" rping_pair -C 3
ktap_finished

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Two tenants with the same addresses on two bridges run at once and never meet: what one
# says to an address reaches the container that has it in its own network.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/programs.sh
. "$LIB/programs.sh"

# second_tenant: c3 and c4, with the addresses of c1 and c2, on a bridge of their own.
second_tenant() {
	local n

	BRIDGE=vrbr1
	ip link add "$BRIDGE" type bridge forward_delay 0
	ip link set "$BRIDGE" up
	for n in 3 4; do
		add_namespace "$n" "c$n"
		add_port "$n" "c$n" eth0
		give_address4 "$((n - 2))" "c$n"
		add_device "$n" "c$n" "vr$n"
		wait_for_device "$n" "c$n" "vr$n" "10.7.0.$((n - 2))"
	done
}

# of_second COMMAND...: what speaks of the two containers means the second tenant's.
of_second() (
	NS1=c3 NS2=c4 DEV1=vr3 DEV2=vr4 WORK=$WORK/second
	mkdir -p "$WORK"
	"$@"
)

at_once() {
	local pid status=0

	of_second "$@" &
	pid=$!
	"$@" || status=1
	wait "$pid" || status=1
	return "$status"
}

# The server is in c1 only; the client of the second tenant asks for its address.
client_of_second() {
	local pid status=0

	background "$WORK/server" in1 timeout 60 rping -s -P -a "$IP1"
	pid=$!
	LISTENS=
	wait_until 20 is_ready "$pid" cm:7174 || status=1
	echo "# control: the client of the first tenant"
	in2 timeout 30 rping -c -a "$IP1" -C 2 >"$WORK/client" 2>&1 || {
		show "$WORK/client"
		status=1
	}
	! ip netns exec c4 timeout 30 rping -c -a "$IP1" -C 2 >"$WORK/client" 2>&1 || status=1
	grep -q 'REJECTED\|UNREACHABLE\|connect error' "$WORK/client" || {
		show "$WORK/client"
		status=1
	}
	end_process "$pid"
	return "$status"
}

ktap_print_header
two_containers veth-bridge
second_tenant
ktap_set_plan 4
ktap_test_result "rc_pingpong of both at once" at_once pingpong ibv_rc_pingpong -c
ktap_test_result "ud_pingpong of both at once" at_once pingpong ibv_ud_pingpong -c -s 1024
ktap_test_result "rping of both at once" at_once rping_pair -C "$(by_budget 5 50)"
ktap_test_result "a server of the other tenant is not there" client_of_second
ktap_finished

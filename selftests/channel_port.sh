#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The port where a host waits for other hosts is open to HCAs only: not to a container, which
# has a device of vrdma's. And no address there gets all that a host has for others.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"

# shellcheck disable=SC2034 # for vrdma.sh
LANES=own
OWN_IP=10.7.0.11
PORT=793
HOST=
OTHER_IP=198.51.100.2
# More hosts than can live at one address, VRDMA_ADDRESS_CHANNELS, and far fewer than there
# may be in all.
ROOM=8 CROWD=24

# knock WHERE... -- WORD...: what knock said is in ANSWER.
knock() {
	local -a where=()

	while [ "$1" != -- ]; do
		where+=("$1")
		shift
	done
	shift
	ANSWER=$("${where[@]}" "$LIB/../knock" "$@")
	echo "# ${where[*]} knock $*: $ANSWER"
}

# own_device: of the host's namespace, as a container has one.
own_device() {
	printf '%s\n' "link add vrport9 type veth peer name vrsub9" \
		"link set vrport9 master $BRIDGE up" "link set vrsub9 up" \
		"address add $OWN_IP/24 dev vrsub9" | ip -batch -
	rdma link add vr9 type vrdma netdev vrsub9
	wait_until 10 own_device_works && wait_until 10 in1 ping -c 1 -W 1 "$OWN_IP" >/dev/null
}

own_device_works() { rdma link show vr9/1 | grep -q ACTIVE && grep -qs "$(gid_of "$OWN_IP")" /sys/class/infiniband/vr9/ports/1/gids/*; }

no_port() { ! { in1 rdma resource show cm_id; rdma resource show cm_id link vr9/1; } | grep "LISTEN.*:$PORT "; }

hcas() { [[ $(<"$DEBUGFS/hcas") =~ ^"$HCA "[^$'\n']*$ ]]; }

from_an_hca() {
	knock env -- "$HCA_IP" 700 "$HCA_IP" || return 1
	HOST=${ANSWER##* }
	[ "$ANSWER" = "rejected on $HCA by $HOST" ] || return 1
	knock env -- "$HCA_IP" 700 "$HCA_IP" "$HOST" && [ "$ANSWER" = "established on $HCA by $HOST" ]
}

# from_a_container: although it knows whom to ask for.
from_a_container() {
	knock in1 -- "$IP1" 700 "$OWN_IP" "$HOST" && [ "$ANSWER" = "rejected on $DEV1" ] &&
		knock in1 -- "$IP1" 700 "$IP2" "$HOST" && [ "$ANSWER" = "rejected on $DEV1" ]
}

one_address() { ip address delete "$OTHER_IP/24" dev "$HCA_NETDEV"; }

# channels_of ADDRESS: that it has opened.
channels_of() { grep -c "accepted $1 " "$DEBUGFS/channels" || true; }

# a_crowd: of hosts at one address, as it says.
a_crowd() {
	local pid there

	: >"$WORK/crowd"
	background "$WORK/crowd" "$LIB/../knock" "$HCA_IP" 800 "$HCA_IP" "$HOST" "$CROWD"
	pid=$!
	wait_until 120 has_line established "$WORK/crowd" || {
		show "$WORK/crowd"
		return 1
	}
	there=$(channels_of "$HCA_IP")
	echo "# $(<"$WORK/crowd"), $there there"
	[ "$there" -gt 0 ] && [ "$there" -le "$ROOM" ] && has_line ' [1-9][0-9]* rejected' "$WORK/crowd" &&
		another_address
	there=$?
	end_process "$pid"
	forget_background "$pid"
	return "$there"
}

another_address() {
	knock env -- "$OTHER_IP" 701 "$HCA_IP" "$HOST" && [ "$ANSWER" = "established on $HCA by $HOST" ]
}

# after_the_crowd: who was refused because of it gets in.
after_the_crowd() {
	wait_until 30 from_an_hca && [ "$(channels_of "$HCA_IP")" -le "$ROOM" ]
}

# a_port_that_is_open: the control: another one, where a program listens.
a_port_that_is_open() {
	pair cm:7174 rping -s -a "$IP1" -V -C 1 -- rping -c -a "$IP1" -V -C 1
}

ktap_print_header
two_containers veth-bridge
make_hca
own_device || ktap_exit_fail_msg "the host has no device"
CLEAN_UP=one_address
ip address add "$OTHER_IP/24" dev "$HCA_NETDEV"
wait_until 10 has_line "$OTHER_IP" "$DEBUGFS/hcas" || ktap_exit_fail_msg "the HCA has no $OTHER_IP"
ktap_set_plan 7
ktap_test_result "another host's HCA is heard" from_an_hca
ktap_test_result "one address does not get all there is" a_crowd
ktap_test_result "who was refused gets in later" after_the_crowd
ktap_test_result "a container's device is not" from_a_container
ktap_test_result "it is on another port" a_port_that_is_open
ktap_test_result "no device of vrdma's listens there" no_port
ktap_test_result "none is an HCA" hcas
ktap_finished

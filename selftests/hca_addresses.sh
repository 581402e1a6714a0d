#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The addresses under which other hosts are told to find an HCA are those that its netdev, and
# what lies above that, have now.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck disable=SC2034 # for vrdma.sh
LANES=own

CLEAN_UP=forget_netdevs
BRIDGE_IP=198.51.102.1 VLAN_IP=198.51.103.1 SECOND_IP=198.51.104.1 OTHER_IP=198.51.105.1

told() { has_line " $1( |$)" "$DEBUGFS/hcas"; }

# appears ADDRESS COMMAND...: and is told then.
appears() {
	"${@:2}" && wait_until 10 told "$1" && return 0
	show "$DEBUGFS/hcas"
	return 1
}

vanishes() {
	told "$1" && "${@:2}" && wait_until 10 not told "$1" && return 0
	show "$DEBUGFS/hcas"
	return 1
}

forget_netdevs() {
	fewer_addresses
	rdma link delete vr9 2>/dev/null || true
	rdma link delete vrsecond 2>/dev/null || true
	ip -force -batch - 2>/dev/null <<-END || true
		link delete vrbr9
		link delete vrvlan9
		link delete vrsecond0
	END
}

bridge() {
	printf '%s\n' "link add vrbr9 up type bridge" "link set $HCA_NETDEV master vrbr9" \
		"address add $BRIDGE_IP/24 dev vrbr9" | ip -batch -
}

vlan() {
	printf '%s\n' "link add link $HCA_NETDEV name vrvlan9 up type vlan id 9" \
		"address add $VLAN_IP/24 dev vrvlan9" | ip -batch -
}

# second_hca: with an address.
second_hca() {
	ip link add vrsecond0 up type dummy && rdma link add vrsecond type rxe netdev vrsecond0 &&
		ip address add "$SECOND_IP/24" dev vrsecond0
}

# more_addresses: than an answer has room for, in one network; and one in another.
more_addresses() {
	local i

	for i in 11 12 13 14 15 16 17 18 19 20; do
		echo "address add ${HCA_IP%.*}.$i/24 dev $HCA_NETDEV"
	done | ip -batch -
	ip address add "$OTHER_IP/24" dev "$HCA_NETDEV"
}

# fewer_addresses: one at a time, or those of the same network go with the first.
fewer_addresses() {
	local i

	for i in "${HCA_IP%.*}".{11..20} "$OTHER_IP"; do
		ip address delete "$i/24" dev "$HCA_NETDEV" 2>/dev/null || true
	done
}

# eight_are_told: of all HCAs, and LEFT are not.
eight_are_told() {
	awk -v left="$1" '{ told += NF - 7; untold += $7 } END { exit !(told == 8 && untold == left) }' \
		"$DEBUGFS/hcas"
}

eight_are_not_needed() {
	told "$HCA_IP" && told "$SECOND_IP" && not told "$OTHER_IP" && has_line "^$HCA .* untold 0 " "$DEBUGFS/hcas"
}

all_networks() { told "$HCA_IP" && told "$OTHER_IP" && told "$SECOND_IP" && eight_are_told 5; }

ktap_print_header
two_containers veth-bridge
make_hca
ktap_set_plan 15
ktap_test_result "a bridge over the HCA's netdev" appears "$BRIDGE_IP" bridge
ktap_test_result "it is down" vanishes "$BRIDGE_IP" ip link set vrbr9 down
ktap_test_result "it is up" appears "$BRIDGE_IP" ip link set vrbr9 up
ktap_test_result "its address goes" vanishes "$BRIDGE_IP" ip address delete "$BRIDGE_IP/24" dev vrbr9
ktap_test_result "its address comes" appears "$BRIDGE_IP" ip address add "$BRIDGE_IP/24" dev vrbr9
ktap_test_result "the netdev leaves it" vanishes "$BRIDGE_IP" ip link set "$HCA_NETDEV" nomaster
ktap_test_result "the HCA's own address is told all the time" told "$HCA_IP"
ktap_test_result "a VLAN over it" appears "$VLAN_IP" vlan
ktap_test_result "a device of vrdma's takes that" vanishes "$VLAN_IP" rdma link add vr9 type vrdma netdev vrvlan9
ktap_test_result "and leaves it" appears "$VLAN_IP" rdma link delete vr9
ktap_test_result "the VLAN goes" vanishes "$VLAN_IP" ip link delete vrvlan9
ktap_test_result "of more than eight the only one of a network" appears "$OTHER_IP" more_addresses
ktap_test_result "and the only one of another HCA" appears "$SECOND_IP" second_hca
ktap_test_result "all others are counted" wait_until 10 all_networks
fewer_addresses
ktap_test_result "when they have gone all are told" wait_until 10 eight_are_not_needed
ktap_finished

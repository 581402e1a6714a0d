# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# A third container on the bridge of the other two, with a device of its own. Sourced after
# vrdma.sh.

NS3=c3 DEV3=vr3

three_containers() {
	two_containers veth-bridge
	add_namespace 3 "$NS3"
	add_port 3 "$NS3" eth0
	give_address4 3 "$NS3"
	give_address6 3 "$NS3"
	add_device 3 "$NS3" "$DEV3"
	wait_for_device 3 "$NS3" "$DEV3" 10.7.0.3
}

# find_rxe: to compare with, in RXE at RXE_IP: the HCA, if it is one, or one that nobody else
# uses. It goes with forget_rxe.
find_rxe() {
	if [ "$ROUTE" = channel ]; then
		[ "$HCA_TYPE" != rxe ] || export RXE=$HCA RXE_IP=$HCA_IP
		return 0
	fi
	modprobe -q rdma_rxe || return 0
	ip -batch - <<-END
		link add vrsub9 mtu 4500 up multicast on type dummy
		address add 198.51.100.9/24 dev vrsub9
	END
	rdma link add vrxe9 type rxe netdev vrsub9
	export RXE=vrxe9 RXE_IP=198.51.100.9
}

forget_rxe() {
	[ ! -e /sys/class/infiniband/vrxe9 ] || rdma link delete vrxe9
	[ ! -e /sys/class/net/vrsub9 ] || ip link delete vrsub9
}

# program_with_third NAME: as program, with the third device in THIRD and perhaps an RXE.
program_with_third() {
	local name=$1 status=0

	# shellcheck disable=SC2034 # for the clean-up
	CLEAN_UP=forget_rxe
	three_containers >&2
	find_rxe >&2
	export THIRD=$DEV3@$NS3
	# shellcheck disable=SC2153
	"${LIB%/*}/$name" -d "$DEV1@$NS1" -D "$DEV2@$NS2" -g "$GID" -b "$BUDGET" || status=$?
	exit "$status"
}

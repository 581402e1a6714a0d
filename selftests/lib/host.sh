#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# host.sh ACTION: one of two hosts, for the tests between hosts (hosts.sh). Their eth0 lead
# to each other. Each has an rxe there as its HCA, a bridge that a vxlan tunnel joins with the
# other's, and there two vrdma devices: a container's, and one of the host's own namespace,
# which has a port on the bridge like a container. The bridge's address would not do: the
# HCA has it, too, for the tunnel joins eth0 and the bridge, and rdma_cm would take the HCA.
#
#   make NUMBER FAMILY [LANE_TIMEOUT]
#                        all of that; the hosts reach each other over ipv4 or ipv6 only
#   gids NUMBER          the GID indexes: the container's for IPv4 and IPv6, its own for IPv4
#   lanes                messages that lanes have sent, how often they broke, bad messages,
#                        repairs
#   lanes_are_up         all of them
#   lanes_sum WORD       of what debugfs says of all lanes behind it
#   lanes_whole ADDRESS  those to the host there: they have sent, and none has broken
#   second_network NUMBER host|program
#                        an address of the HCA, 10.78.0.NUMBER, in another network of the
#                        hosts; for a program that is to be a machine of its own there vrdma
#                        does not take it for the HCA's, for it has a device on that netdev
#   stranger             a container c3 at 10.7.0.3, without a device
#   remove NUMBER        all of that, and vrdma
set -eu

LIB=$(cd "${BASH_SOURCE[0]%/*}" && pwd)

# shellcheck source=selftests/lib/wait.sh
. "$LIB/wait.sh"
# shellcheck source=selftests/lib/containers.sh
. "$LIB/containers.sh"
# shellcheck source=selftests/lib/channel.sh
. "$LIB/channel.sh"

HCA_NETDEV=eth0
TUNNEL=vrtunnel
OWN=own OWN_NETDEV=vrsubown
# Two guests stand still for longer than one: 1.1 s, six times.
LANE_TIMEOUT=18

make() {
	LANE_TIMEOUT=${3:-$LANE_TIMEOUT}
	wait_until 20 try_rdma_mode exclusive
	modprobe -a ib_uverbs rdma_ucm
	load_vrdma
	use_family "$@"
	add_hca
	overlay "$1" | ip -batch -
	inside "$1" "c$1" "vr$1" "10.7.0.$1" hosts | ip -n "c$1" -batch -
	ip netns attach "$OWN" $$
	add_device "$1" "c$1" "vr$1"
	rdma link add "vrown$1" type vrdma netdev "$OWN_NETDEV"
	wait_until 20 gids "$1"
}

# use_family NUMBER FAMILY: eth0 has addresses of no other.
use_family() {
	local old

	HCA_IP=10.77.0.$1 FAR_IP=10.77.0.$((3 - $1)) old=-6
	[ "$2" = ipv4 ] || HCA_IP=fd77::$1 FAR_IP=fd77::$((3 - $1)) old=-4
	ip "$old" address flush dev "$HCA_NETDEV"
	case $2 in
	ipv4) ip address replace "$HCA_IP/24" dev "$HCA_NETDEV" ;;
	ipv6) ip address replace "$HCA_IP/64" dev "$HCA_NETDEV" nodad ;;
	esac
}

# overlay NUMBER: for ip.
overlay() {
	cat <<-END
		link add $BRIDGE type bridge forward_delay 0
		link add $TUNNEL type vxlan id 7 dstport 4789 local $HCA_IP remote $FAR_IP dev $HCA_NETDEV
		link set $TUNNEL master $BRIDGE up
		link set $BRIDGE up
		link add vrportown type veth peer name $OWN_NETDEV
		link set vrportown master $BRIDGE up
		link set $OWN_NETDEV up
		address add 10.7.0.1$1/24 dev $OWN_NETDEV
		netns add c$1
	END
	port_outside "$1" "c$1" eth0
}

gids() {
	gid_index "c$1" "vr$1" "10.7.0.$1" ACTIVE && gid_index "c$1" "vr$1" "fd07::$1" ACTIVE &&
		gid_index "$OWN" "vrown$1" "10.7.0.1$1" ACTIVE
}

lanes() {
	cat "$DEBUGFS/channels" >&2
	echo "$(lanes_sum tx) $(lanes_sum errors) $(lanes_sum bad) $(lanes_sum repairs)"
}

lanes_whole() {
	awk -v address="$1" '
		$1 != "lane" { ours = $3 == address; next }
		ours { lanes++; print "# " $0; for (i = 4; i < NF; i += 2) count[$i] += $(i + 1) }
		END { exit !(lanes && count["tx"] && !(count["errors"] + count["bad"])) }' "$DEBUGFS/channels"
}

second_network() {
	ip link add link "$HCA_NETDEV" name vrsub3 up type vlan id 9
	[ "$2" = host ] || rdma link add vr3 type vrdma netdev vrsub3
	ip address add "10.78.0.$1/24" dev vrsub3
	wait_until 10 hca_has_gid "10.78.0.$1"
	[ "$2" != host ] || wait_until 10 has_line "10.78.0.$1" "$DEBUGFS/hcas"
}

stranger() {
	add_namespace 3 c3
	add_port 3 c3 eth0
	give_address4 3 c3
}

hca_has_gid() { grep -qs "$(gid_of "$1")" "/sys/class/infiniband/$HCA/ports/1/gids/"*; }

# Nothing is asked for that a broken test may have left out.
remove() {
	ip -force -batch - 2>/dev/null <<-END || true
		netns delete c$1
		netns delete c3
		netns delete $OWN
		link delete vrsub3
		link delete $OWN_NETDEV
		link delete $TUNNEL
		link delete $BRIDGE
	END
	modprobe -r vrdma
	[ ! -e "/sys/class/infiniband/$HCA" ] || rdma link delete "$HCA"
}

"$@"

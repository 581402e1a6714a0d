# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Two network namespaces with an interface and a vrdma device each. Sourced by vrdma.sh.
#
# NS1 and NS2 are the namespaces, DEV1 and DEV2 their devices (device names are unique
# over the whole host), IP1 and IP2 the addresses programs are told, GID the index of the
# GID that belongs to them, equal in both.

NS1=c1 NS2=c2
DEV1=vr1 DEV2=vr2
IP1=10.7.0.1 IP2=10.7.0.2
GID=
BRIDGE=vrbr0
# What exists because of us, for the clean-up.
NAMESPACES=()

in1() { ip netns exec "$NS1" "$@"; }
in2() { ip netns exec "$NS2" "$@"; }

# rdma_mode MODE: exclusive or shared; the core changes it only while there is no
# namespace but the first, and forgets deleted ones with a delay.
rdma_mode() {
	modprobe ib_core
	wait_until 20 try_rdma_mode "$1" 2>/dev/null ||
		skip_all "cannot set the rdma system to $1: other network namespaces exist"
}

try_rdma_mode() { rdma system show | grep -q "netns $1" || rdma system set netns "$1"; }

make_exclusive() { rdma_mode exclusive; }

# two_containers TOPOLOGY: veth-bridge, macvlan, ipvlan, vxlan, ipv6
# (veth-bridge, programs told the IPv6 addresses), shared (veth-bridge in the core's shared mode), or one:
# both ends are the same container.
two_containers() {
	local topology=$1

	load_modules
	case $topology in
	shared) rdma_mode shared ;;
	*) make_exclusive ;;
	esac
	case $topology in
	one) NS2=$NS1 DEV2=$DEV1 IP2=$IP1 ;;
	ipv6) IP1=fd07::1 IP2=fd07::2 ;;
	esac
	each_container add_namespace
	case $topology in
	veth-bridge | shared | one | ipv6) join_veth_bridge eth0 ;;
	macvlan) join_sub_device macvlan mode bridge ;;
	ipvlan) join_sub_device ipvlan mode l2 ;;
	vxlan) join_vxlan ;;
	*) ktap_exit_fail_msg "no topology $topology" ;;
	esac
	each_container give_address4
	each_container give_address6
	each_container add_device
	each_container wait_for_device
	GID=$(gid_index "$NS1" "$DEV1" "$IP1")
	[ "$GID" = "$(gid_index "$NS2" "$DEV2" "$IP2")" ] ||
		ktap_exit_fail_msg "the GID indexes of the containers differ"
	wait_until 10 in1 ping -c 1 -W 1 "$IP2" >/dev/null ||
		ktap_exit_fail_msg "IP does not get from $IP1 to $IP2"
}

# each_container FUNCTION: FUNCTION NUMBER NAMESPACE DEVICE ADDRESS, once per container.
each_container() {
	"$1" 1 "$NS1" "$DEV1" "$IP1"
	[ "$NS1" = "$NS2" ] || "$1" 2 "$NS2" "$DEV2" "$IP2"
}

# add_namespace NUMBER NAMESPACE
add_namespace() {
	ip netns add "$2"
	NAMESPACES+=("$2")
	ip -n "$2" link set lo up
}

give_address4() {
	ip -n "$2" address add "10.7.0.$1/24" dev eth0
}

give_address6() {
	ip -n "$2" address add "fd07::$1/64" dev eth0 nodad
}

# join_veth_bridge IFNAME: in each container the end of a veth pair on one bridge.
join_veth_bridge() {
	ip link add "$BRIDGE" type bridge forward_delay 0
	ip link set "$BRIDGE" up
	each_container "add_port_$1"
}

# add_port NUMBER NAMESPACE IFNAME
add_port() {
	ip link add "vrport$1" type veth peer name "$3" netns "$2"
	ip link set "vrport$1" master "$BRIDGE" up
	ip -n "$2" link set "$3" up
}

add_port_eth0() { add_port "$1" "$2" eth0; }
add_port_under0() { add_port "$1" "$2" under0; }

# join_sub_device TYPE OPTION...: in each container a device of TYPE on one parent.
SUB_DEVICE=()
join_sub_device() {
	SUB_DEVICE=("$@")
	ip link add vrparent type veth peer name vrparentend
	ip link set vrparentend up
	ip link set vrparent up
	each_container add_sub_device
}

add_sub_device() {
	ip link add link vrparent name "vrsub$1" type "${SUB_DEVICE[@]}"
	ip link set "vrsub$1" netns "$2" name eth0
	ip -n "$2" link set eth0 up
}

# join_vxlan: in each container a tunnel to the other over veth and bridge.
join_vxlan() {
	join_veth_bridge under0
	each_container add_tunnel
}

add_tunnel() {
	ip -n "$2" address add "192.0.2.$1/24" dev under0
	ip -n "$2" link add eth0 type vxlan id 7 dstport 4789 local "192.0.2.$1" \
		remote "192.0.2.$((3 - $1))" dev under0
	ip -n "$2" link set eth0 up
}

add_device() {
	ip netns exec "$2" rdma link add "$3" type vrdma netdev eth0
}

wait_for_device() {
	wait_until 10 port_is_active "$2" "$3" ||
		ktap_exit_fail_msg "the port of $3 does not become active"
	wait_until 10 gid_index "$2" "$3" "$4" >/dev/null ||
		ktap_exit_fail_msg "$3 has no GID for $4"
}

# port_is_active NAMESPACE DEVICE
port_is_active() { ip netns exec "$1" rdma link show "$2/1" 2>/dev/null | grep -q "state ACTIVE"; }

# device_is_there DEVICE NAMESPACE
device_is_there() { ip netns exec "$2" rdma dev show "$1" >/dev/null 2>&1; }

# node_is_there DEVICE: it exists, in whatever namespace.
node_is_there() { grep -qsx "$1" /sys/class/infiniband_verbs/*/ibdev; }

# gid_index NAMESPACE DEVICE ADDRESS: prints the index of that address's GID.
# The entries of one device have one type, RoCE v2.
gid_index() {
	# shellcheck disable=SC2016
	ip netns exec "$1" sh -c '
		cd "/sys/class/infiniband/$1/ports/1/gids" && grep -lix -- "$2" [0-9]*
	' gid_index "$2" "$(gid_of "$3")" 2>/dev/null | sort -n | head -n 1 | grep .
}

# gid_of ADDRESS: as sysfs writes it. IPv6: only what our own addresses look like, PREFIX::N.
gid_of() {
	case $1 in
	*::*) printf '%04x:0000:0000:0000:0000:0000:0000:%04x\n' "0x${1%%::*}" "0x${1##*::}" ;;
	*)
		# shellcheck disable=SC2046,SC2183
		printf '0000:0000:0000:0000:0000:ffff:%02x%02x:%02x%02x\n' $(echo "$1" | tr . ' ')
		;;
	esac
}

remove_containers() {
	local ns pid link

	for ns in "${NAMESPACES[@]}"; do
		for pid in $(ip netns pids "$ns" 2>/dev/null); do
			kill -KILL "$pid" 2>/dev/null
		done
		ip netns delete "$ns" 2>/dev/null
	done
	for link in $(ip -o link show | sed -n 's/^[0-9]*: \(vr\(br\|port\|parent\|sub\)[a-z0-9]*\)[:@].*/\1/p'); do
		ip link delete "$link" 2>/dev/null
	done
	for link in "$DEV1" "$DEV2"; do
		wait_until 20 not node_is_there "$link" || echo "# $link is still there"
	done
}

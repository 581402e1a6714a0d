# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Two network namespaces with an interface and a vrdma device each. Sourced by vrdma.sh.
#
# NS1 and NS2 are the namespaces, DEV1 and DEV2 their devices (device names are unique
# over the whole host), IP1 and IP2 the addresses programs are told, GID the index of the
# GID that belongs to them, equal in both.
#
# On the debug kernel a program takes half a second to start: what can be one `ip -batch`
# is one, and what the shell can do itself it does.

NS1=c1 NS2=c2
DEV1=vr1 DEV2=vr2
IP1=10.7.0.1 IP2=10.7.0.2
GID=
BRIDGE=vrbr0
# How to get to where the second container is; empty: it is on this host.
AT2=()
# What exists because of us, for the clean-up.
NAMESPACES=()
# The GID index of each container, by its number.
INDEXES=()
# The network that two_containers made, once it works.
NETWORK=
# Set by tests that leave their containers as they found them. If KEPT names a file, the
# next test may have them; the file says which network they are.
HARMLESS=

in1() { ip netns exec "$NS1" "$@"; }
in2() { "${AT2[@]}" ip netns exec "$NS2" "$@"; }

# rdma_mode MODE: exclusive or shared; the core changes it only while there is no
# namespace but the first, and forgets deleted ones with a delay.
rdma_mode() {
	load_module ib_core
	wait_until 20 try_rdma_mode "$1" 2>/dev/null ||
		skip_all "cannot set the rdma system to $1: other network namespaces exist"
}

try_rdma_mode() { [[ $(rdma system show) == *"netns $1"* ]] || rdma system set netns "$1"; }

make_exclusive() {
	forget_kept
	rdma_mode exclusive
}

# two_containers TOPOLOGY: veth-bridge, macvlan, ipvlan, vxlan, ipv6
# (veth-bridge, programs told the IPv6 addresses), shared (veth-bridge in the core's shared mode), or one:
# both ends are the same container.
two_containers() {
	local network=$1

	load_modules
	case $1 in
	one) NS2=$NS1 DEV2=$DEV1 IP2=$IP1 ;;
	ipv6) IP1=fd07::1 IP2=fd07::2 network=veth-bridge ;;
	esac
	if ! reuse_kept "$network"; then
		make_containers "$network"
		each_container wait_for_device
	fi
	GID=${INDEXES[1]}
	[ "$GID" = "${INDEXES[2]:-$GID}" ] ||
		ktap_exit_fail_msg "the GID indexes of the containers differ"
	wait_until 10 in1 ping -c 1 -W 1 "$IP2" >/dev/null ||
		ktap_exit_fail_msg "IP does not get from $IP1 to $IP2"
	NETWORK=$network
}

# make_containers NETWORK
make_containers() {
	case $1 in
	shared) rdma_mode shared ;;
	veth-bridge | macvlan | ipvlan | vxlan | one) rdma_mode exclusive ;;
	*) ktap_exit_fail_msg "no topology $1" ;;
	esac
	each_container note_namespace
	outside "$1" | ip -batch -
	each_container set_up_inside "$1"
	each_container add_device
}

# each_container FUNCTION [WORD...]: FUNCTION NUMBER NAMESPACE DEVICE ADDRESS WORD..., once
# per container.
each_container() {
	"$1" 1 "$NS1" "$DEV1" "$IP1" "${@:2}"
	[ "$NS1" = "$NS2" ] || "$1" 2 "$NS2" "$DEV2" "$IP2" "${@:2}"
}

note_namespace() { NAMESPACES+=("$2"); }

# outside NETWORK: for ip, what it takes outside the containers.
outside() {
	case $1 in
	macvlan | ipvlan)
		echo "link add vrparent up type veth peer name vrparentend"
		echo "link set vrparentend up"
		;;
	*)
		echo "link add $BRIDGE type bridge forward_delay 0"
		echo "link set $BRIDGE up"
		;;
	esac
	each_container join_outside "$1"
}

# join_outside ... NETWORK: the container and its interface.
join_outside() {
	echo "netns add $2"
	case $5 in
	macvlan) sub_device "$1" "$2" macvlan mode bridge ;;
	ipvlan) sub_device "$1" "$2" ipvlan mode l2 ;;
	vxlan) port_outside "$1" "$2" under0 ;;
	*) port_outside "$1" "$2" eth0 ;;
	esac
}

# sub_device NUMBER NAMESPACE TYPE...: a device of TYPE on the one parent.
sub_device() {
	echo "link add link vrparent name vrsub$1 type ${*:3}"
	echo "link set vrsub$1 netns $2 name eth0"
}

# port_outside NUMBER NAMESPACE IFNAME: the end of a veth pair on the bridge.
port_outside() {
	echo "link add vrport$1 type veth peer name $3 netns $2"
	echo "link set vrport$1 master $BRIDGE up"
}

# set_up_inside ... NETWORK
set_up_inside() { inside "$@" | ip -n "$2" -batch -; }

# inside ... NETWORK: for ip, what it takes in the container. vxlan: a tunnel to the other
# over veth and bridge.
inside() {
	echo "link set lo up"
	[ "$5" != vxlan ] || cat <<-END
		address add 192.0.2.$1/24 dev under0
		link set under0 up
		link add eth0 type vxlan id 7 dstport 4789 local 192.0.2.$1 remote 192.0.2.$((3 - $1)) dev under0
	END
	echo "link set eth0 up"
	echo "address add 10.7.0.$1/24 dev eth0"
	echo "address add fd07::$1/64 dev eth0 nodad"
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

# add_port NUMBER NAMESPACE IFNAME
add_port() {
	port_outside "$@" | ip -batch -
	ip -n "$2" link set "$3" up
}

add_device() {
	ip netns exec "$2" rdma link add "$3" type vrdma netdev eth0
}

wait_for_device() {
	wait_until 10 device_works "$@" && return 0
	ip netns exec "$2" rdma link show | show
	ktap_exit_fail_msg "$3 has no active port with a GID for $4"
}

# device_works NUMBER NAMESPACE DEVICE ADDRESS
device_works() { INDEXES[$1]=$(gid_index "$2" "$3" "$4" ACTIVE); }

# device_is_there DEVICE NAMESPACE
device_is_there() { ip netns exec "$2" rdma dev show "$1" >/dev/null 2>&1; }

# node_is_there DEVICE: it exists, in whatever namespace.
node_is_there() {
	local file name

	for file in /sys/class/infiniband_verbs/*/ibdev; do
		{ read -r name <"$file"; } 2>/dev/null || continue
		[ "$name" != "$1" ] || return 0
	done
	return 1
}

# gid_index NAMESPACE DEVICE ADDRESS [STATE]: prints the index of that address's GID, if
# the port is in STATE. The entries of one device have one type, RoCE v2.
gid_index() {
	# shellcheck disable=SC2016
	ip netns exec "$1" sh -c '
		cd "/sys/class/infiniband/$1/ports/1" && read -r state <state || exit 1
		case $state in *"$3") ;; *) exit 1 ;; esac
		index=0
		while read -r gid <"gids/$index"; do
			[ "$gid" != "$2" ] || { echo "$index" && exit 0; }
			index=$((index + 1))
		done
		exit 1
	' gid_index "$2" "$(gid_of "$3")" "${4-}" 2>/dev/null
}

# gid_of ADDRESS: as sysfs writes it. IPv6: only what our own addresses look like, PREFIX::N.
gid_of() {
	case $1 in
	*::*) printf '%04x:0000:0000:0000:0000:0000:0000:%04x\n' "0x${1%%::*}" "0x${1##*::}" ;;
	*)
		# shellcheck disable=SC2086,SC2183
		printf '0000:0000:0000:0000:0000:ffff:%02x%02x:%02x%02x\n' ${1//./ }
		;;
	esac
}

# leave_containers STATUS: to the next test, if this one was content with them and they
# are all it made.
leave_containers() {
	[ "$1" = 0 ] && [ -n "${KEPT-}" ] && [ -n "$HARMLESS" ] && [ -n "$NETWORK" ] &&
		[ "${NAMESPACES[*]}" = "$NS1 $NS2" ] && echo "$NETWORK" >"$KEPT"
}

# reuse_kept NETWORK: what the test before left becomes ours, if it is that and whole.
reuse_kept() {
	take_kept || return 1
	if [ "$TAKEN" = "$1" ] && device_works 1 "$NS1" "$DEV1" "$IP1" &&
		device_works 2 "$NS2" "$DEV2" "$IP2"; then
		return 0
	fi
	remove_containers
	return 1
}

forget_kept() { ! take_kept || remove_containers; }

# take_kept: from now on ours to remove. TAKEN says what it is.
take_kept() {
	[ -s "${KEPT-}" ] || return 1
	read -r TAKEN <"$KEPT"
	: >"$KEPT"
	NAMESPACES=(c1 c2)
}

remove_containers() {
	local ns link device
	local -a lines=()

	for ns in "${NAMESPACES[@]}"; do
		[ -e "/run/netns/$ns" ] || continue
		kill_inside "$ns"
		lines+=("netns delete $ns")
	done
	NAMESPACES=()
	for link in /sys/class/net/vr{br,port,parent,sub}*; do
		[ ! -e "$link" ] || lines+=("link delete ${link##*/}")
	done
	[ "${#lines[@]}" = 0 ] || printf '%s\n' "${lines[@]}" | ip -force -batch - 2>/dev/null || true
	for device in vr1 vr2; do
		wait_until 20 not node_is_there "$device" || echo "# $device is still there"
	done
}

# kill_inside NAMESPACE: all processes there.
kill_inside() {
	local process

	for process in /proc/[0-9]*; do
		[ ! "$process/ns/net" -ef "/run/netns/$1" ] || kill -KILL "${process##*/}"
	done 2>/dev/null
	return 0
}

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The resolver's UDP port: taken, a device cannot be made; the last device gives it back.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"

PORT=4793

# holds FAMILY: somebody has the port in the container.
holds() { in1 ss -uanH "$1" "sport = :$PORT" | grep -q .; }

# take ADDRESS: a program of the container has the port, of ADDRESS only.
take() {
	# Not through in1: the pid must be the one that has the port.
	background "$WORK/holder" ip netns exec "$NS1" python3 -c '
import socket, sys, time
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind((sys.argv[1], int(sys.argv[2])))
time.sleep(600)' "$1" "$PORT"
	HOLDER=$!
	case $1 in
	*:*) wait_until 60 holds -6 ;;
	*) wait_until 60 holds -4 ;;
	esac
}

let_go() {
	end_process "$HOLDER"
	wait_until 20 not holds -4 && wait_until 20 not holds -6
}

# refused ADDRESS: with the port taken there is no device, and no socket is left.
refused() {
	local said

	take "$1" || return 1
	if said=$(add_device 1 "$NS1" "$DEV1" 2>&1); then
		echo "# link add succeeded"
		return 1
	fi
	echo "# $said"
	[[ $said == *"Address already in use"* ]] || return 1
	let_go
}

both_families() {
	add_device 1 "$NS1" "$DEV1" && holds -4 && holds -6
}

# The sockets stay as long as one of two devices does.
with_the_last() {
	ip -n "$NS1" link add eth1 type dummy
	in1 rdma link add vr9 type vrdma netdev eth1 || return 1
	in1 rdma link delete "$DEV1"
	wait_until 20 not device_is_there "$DEV1" "$NS1"
	holds -4 && holds -6 || return 1
	in1 rdma link delete vr9
	wait_until 20 not holds -4 && wait_until 20 not holds -6
}

ktap_print_header
load_modules
make_exclusive
add_namespace 1 "$NS1"
ip -n "$NS1" link add eth0 type dummy
ip -n "$NS1" link set eth0 up
give_address4 1 "$NS1"
give_address6 1 "$NS1"

ktap_set_plan 5
ktap_test_result "refused while a program has the IPv4 port" refused 0.0.0.0
ktap_test_result "refused while one has it for one address" refused 10.7.0.1
ktap_test_result "refused while one has the IPv6 port" refused ::
ktap_test_result "a socket of each family" both_families
ktap_test_result "the last device gives them back" with_the_last
ktap_finished

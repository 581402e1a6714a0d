# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Traffic that runs until something ends it, between the two containers. Sourced after
# vrdma.sh by the tests that do something to it.

SERVERS=() CLIENTS=()
# Bytes of one message of the largest stream; perftest has buffers for two on each side.
LARGE=$(by_budget 16777216 67108864)

# start_traffic: small messages both ways with events, large WRITEs and READs, and true
# when each container has moved something.
start_traffic() {
	SERVERS=() CLIENTS=()
	talk 18515 ibv_rc_pingpong "-g $GID -p 18515 -n 100000000 -e"
	talk 18516 ib_write_bw "-x $GID -p 18516 -F -s $LARGE -t 1 --run_infinitely -D 5"
	talk 18517 ib_read_bw "-x $GID -p 18517 -F -s 1048576 -t 4 --run_infinitely -D 5"
	wait_until 40 moves "$NS1" "$DEV1" && wait_until 40 moves "$NS2" "$DEV2" &&
		! any_ended "${SERVERS[@]}" "${CLIENTS[@]}" && return 0
	echo "# traffic does not start"
	show "$WORK"/stream.*
	end_traffic
	return 1
}

# talk PORT PROGRAM OPTIONS
talk() {
	# shellcheck disable=SC2086
	background "$WORK/stream.$1.server" in1 "$2" -d "$DEV1" $3
	SERVERS+=("$!")
	wait_until 20 listens_or_ended "$1" "$!" || return 1
	# shellcheck disable=SC2086
	background "$WORK/stream.$1.client" in2 "$2" -d "$DEV2" $3 "$IP1"
	CLIENTS+=("$!")
}

any_ended() {
	local pid

	for pid; do
		kill -0 "$pid" 2>/dev/null || return 0
	done
	return 1
}

listens_or_ended() {
	in1 ss -ltnH "sport = :$1" | grep -q . || ! kill -0 "$2" 2>/dev/null
}

# moves NAMESPACE DEVICE: bytes of requests have moved since its device was made.
moves() { [ "$(counter "$1" "$2" tx_local_bytes)" -gt 1000000 ]; }

# counter NAMESPACE DEVICE NAME: its figure in `rdma statistic`, 0 when there is none.
counter() {
	local value

	value=$(ip netns exec "$1" rdma statistic show link "$2/1" 2>/dev/null |
		grep -oE "\b$3 [0-9]+" | cut -d' ' -f2)
	echo "${value:-0}"
}

all_ended() {
	local pid

	for pid; do
		! kill -0 "$pid" 2>/dev/null || return 1
	done
}

# traffic_ends SECONDS: each program notices by itself.
traffic_ends() {
	wait_until "$1" all_ended "${SERVERS[@]}" "${CLIENTS[@]}" && return 0
	echo "# after $1 seconds these still run:"
	ps -o pid,stat,wchan:20,args "${SERVERS[@]}" "${CLIENTS[@]}" | show
	return 1
}

# kill_traffic PID...: as kill -9 does; true when the kernel has let go of them.
kill_traffic() {
	kill -KILL "$@" 2>/dev/null
	wait_until 10 all_ended "$@"
}

end_traffic() { kill_traffic "${SERVERS[@]}" "${CLIENTS[@]}"; }

# nothing_is_open: no process holds a device; what they had is gone with them.
nothing_is_open() {
	! in1 rdma resource show ctx | grep -q "$DEV1" && ! in2 rdma resource show ctx | grep -q "$DEV2"
}

# through NUMBERS COMMAND...: traffic, COMMAND in its middle, which ends the devices of
# the containers NUMBERS (1, 2 or "1 2") and every program, then new devices that work.
through() {
	local numbers=$1 number

	shift
	start_traffic && "$@" && traffic_ends 30 || return 1
	for number in $numbers; do
		case $number in
		1) renew 1 "$NS1" "$DEV1" ;;
		2) renew 2 "$NS2" "$DEV2" ;;
		esac || return 1
	done
	each_container wait_for_device
}

# renew NUMBER NAMESPACE DEVICE: what the test took away from that container is there again.
renew() {
	wait_until 30 not node_is_there "$3" || {
		echo "# $3 does not end"
		return 1
	}
	ip netns list | grep -q "^$2\b" || add_namespace "$1" "$2"
	if ! ip -n "$2" link show eth0 >/dev/null 2>&1; then
		# The other end of a veth pair follows its namespace with a delay.
		wait_until 10 not ip link show "vrport$1" >/dev/null 2>&1 || ip link delete "vrport$1"
		add_port "$1" "$2" eth0
		give_address4 "$1" "$2"
		give_address6 "$1" "$2"
	fi
	add_device "$1" "$2" "$3"
}

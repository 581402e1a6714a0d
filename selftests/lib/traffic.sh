# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Traffic that runs until something ends it, between the two containers. Sourced after
# vrdma.sh by the tests that do something to it.

SERVERS=() CLIENTS=()
# Those of them, by their container's number, that may wait for a message with nothing of
# their own under way, as chance has it: when its sender dies they cannot know, on any RDMA
# device.
IDLE=()
# Bytes of one message of the largest stream: many handovers to the worker, so that every end
# comes in its middle. perftest fills twice as much with random numbers on each side.
LARGE=16777216

# start_traffic: small messages both ways with events, large WRITEs and READs, and true
# when all programs are connected and each container has moved something since.
start_traffic() {
	SERVERS=() CLIENTS=() IDLE=()
	talk 18515 ibv_rc_pingpong "-g $GID -p 18515 -n 100000000 -e"
	IDLE=([1]="${SERVERS[0]}" [2]="${CLIENTS[0]}")
	talk 18516 ib_write_bw "-x $GID -p 18516 -F -s $LARGE -t 1 --run_infinitely -D 5"
	talk 18517 ib_read_bw "-x $GID -p 18517 -F -s 1048576 -t 4 --run_infinitely -D 5"
	wait_until 40 not anybody_listens && moves "$NS1" "$DEV1" && moves "$NS2" "$DEV2" &&
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
	wait_until 20 listens_or_ended "$!" "$1" || return 1
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

listens_or_ended() { listens "$@" || ! kill -0 "$1" 2>/dev/null; }

# A server gives its port up when its client has come.
anybody_listens() {
	local port

	for port in 18515 18516 18517; do
		! listens "${SERVERS[0]}" "$port" || return 0
	done
	return 1
}

# moves NAMESPACE DEVICE: a megabyte of requests more than now is moved in time.
moves() {
	local goal

	goal=$(($(sent "$1" "$2") + 1000000))
	wait_until 40 has_moved "$1" "$2" "$goal"
}

has_moved() { [ "$(sent "$1" "$2")" -ge "$3" ]; }

# sent NAMESPACE DEVICE: bytes of its requests that are done, on either path.
sent() { echo $(($(counter "$1" "$2" tx_local_bytes) + $(counter "$1" "$2" tx_remote_bytes))); }

# counter NAMESPACE DEVICE NAME: its figure in `rdma statistic`, 0 when there is none.
counter() {
	local all

	all=$(ip netns exec "$1" rdma statistic show link "$2/1" 2>/dev/null) || true
	[[ $all =~ $3\ ([0-9]+) ]] || true
	echo "${BASH_REMATCH[1]:-0}"
}

all_ended() {
	local pid

	for pid; do
		! kill -0 "$pid" 2>/dev/null || return 1
	done
}

# traffic_ends SECONDS: each program that has work under way notices by itself: no other
# than a waiting one is left, and its queue pair knows of no error.
traffic_ends() {
	local pid
	local -a busy=()

	for pid in "${SERVERS[@]}" "${CLIENTS[@]}"; do
		case " ${IDLE[*]} " in *" $pid "*) ;; *) busy+=("$pid") ;; esac
	done
	if wait_until "$1" all_ended "${busy[@]}" && wait_until 10 not any_in_error; then
		kill_traffic "${IDLE[@]}"
		return
	fi
	echo "# after $1 seconds these still run:"
	ps -o pid,stat,wchan:20,args "${SERVERS[@]}" "${CLIENTS[@]}" | show
	end_traffic
	return 1
}

# any_in_error: a queue pair has failed, and its program has not ended for it.
any_in_error() {
	{ in1 rdma resource show qp; in2 rdma resource show qp; } | grep -q 'state ERR'
}

# kill_traffic PID...: as kill -9 does; true when the kernel has let go of them.
kill_traffic() {
	kill -KILL "$@" 2>/dev/null || true
	wait_until 10 all_ended "$@"
}

end_traffic() { kill_traffic "${SERVERS[@]}" "${CLIENTS[@]}"; }

# nothing_is_open: no process holds a device; what they had is gone with them.
nothing_is_open() {
	! in1 rdma resource show ctx | grep -q "$DEV1" && ! in2 rdma resource show ctx | grep -q "$DEV2"
}

# through NUMBERS ENDING COMMAND...: traffic, and in its middle COMMAND, which ends the
# devices of the containers NUMBERS (1, 2 or "1 2") although programs use them; then
# ENDING for the programs, and new devices that work.
through() {
	local numbers=$1 ending=$2 number

	shift 2
	start_traffic || return 1
	# Whose device goes is told.
	for number in $numbers; do
		unset "IDLE[$number]"
	done
	if ! "$@" || ! devices_end "$numbers" || ! "$ending"; then
		end_traffic
		return 1
	fi
	for number in $numbers; do
		case $number in
		1) renew 1 "$NS1" "$DEV1" ;;
		2) renew 2 "$NS2" "$DEV2" ;;
		esac || return 1
	done
	each_container wait_for_device
}

# each_side_goes ENDING: the whole test: delete1, delete2 or both end the devices.
each_side_goes() {
	local rounds

	ktap_print_header
	two_containers veth-bridge
	rounds=$(by_budget 1 2)
	ktap_set_plan 3
	ktap_test_result "the servers' side" repeat "$rounds" through 1 "$1" delete1
	ktap_test_result "the clients' side" repeat "$rounds" through 2 "$1" delete2
	ktap_test_result "both at once" repeat "$rounds" through "1 2" "$1" delete_both
	ktap_finished
}

delete_both() {
	local pid

	delete1 &
	pid=$!
	delete2
	wait "$pid"
}

# Where the containers' network still works, programs can tell each other and end; where
# it went with the device, perftest waits for TCP, and must be killed.
programs_notice() { traffic_ends 60; }

# devices_end NUMBERS
devices_end() {
	local number
	local -A device=([1]=$DEV1 [2]=$DEV2)

	for number in $1; do
		wait_until 30 not node_is_there "${device[$number]}" || {
			echo "# ${device[$number]} does not end"
			return 1
		}
	done
}

# renew NUMBER NAMESPACE DEVICE: what the test took away from that container is there again.
renew() {
	[ -e "/run/netns/$2" ] || add_namespace "$1" "$2"
	if ! ip -n "$2" link show eth0 >/dev/null 2>&1; then
		# The other end of a veth pair follows its namespace with a delay.
		wait_until 10 not test -e "/sys/class/net/vrport$1" || ip link delete "vrport$1"
		add_port "$1" "$2" eth0
		give_address4 "$1" "$2"
		give_address6 "$1" "$2"
	fi
	# The interface has another MAC now; nobody waits for neighbours to notice.
	each_container forget_neighbours
	add_device "$1" "$2" "$3"
}

forget_neighbours() { ip -n "$2" neighbour flush all 2>/dev/null || true; }

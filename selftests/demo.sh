#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The demonstration: two containers of one host, each with an RDMA device of its own, and
# unmodified programs that talk between them. Prints every command it runs.
set -eu

# shellcheck source=selftests/lib/wait.sh
. "$(dirname "$0")/lib/wait.sh"

WORK=$(mktemp -d)
SERVER=

say() { printf '\n\033[1m## %s\033[0m\n' "$*"; }

# run COMMAND...: as typed at a prompt.
run() {
	printf '\n# %s\n' "$*"
	"$@"
}

# serve COMMAND...: the same, in the background; `wait_for_server` ends it.
serve() {
	printf '\n# %s &\n' "$*"
	"$@" >"$WORK/server" 2>&1 </dev/null &
	SERVER=$!
}

wait_for_server() {
	wait "$SERVER" || { cat "$WORK/server" && false; }
	SERVER=
}

cm_listens() { ip netns exec c1 rdma resource show cm_id | grep -q "state LISTEN.*:$1\b"; }
active() { ip netns exec "$1" rdma link show "$2/1" | grep -q "state ACTIVE"; }

# sees WHERE DEVICES COMMAND...: ibv_devices there lists these devices and no other.
sees() {
	[ "$("${@:3}" ibv_devices | awk 'NR > 2 { print $1 }' | xargs)" = "$2" ] || {
		echo "$1 should see '$2'"
		exit 1
	}
}

finish() {
	local status=$?

	trap - EXIT
	[ -z "$SERVER" ] || kill "$SERVER" 2>/dev/null || true
	ip netns delete c1 2>/dev/null || true
	ip netns delete c2 2>/dev/null || true
	ip link delete br0 2>/dev/null || true
	rm -rf "$WORK"
	[ "$status" = 0 ] || printf '\n## The demonstration FAILED\n'
	exit "$status"
}
trap finish EXIT

say "A device belongs to one network namespace in the exclusive mode of the rdma system"
run rdma system set netns exclusive

say "Two containers, as any container runtime makes them: a bridge and two veth pairs"
run ip link add br0 type bridge
run ip link set br0 up
for n in 1 2; do
	run ip netns add c$n
	run ip link add port$n type veth peer name eth0 netns c$n
	run ip link set port$n master br0 up
	run ip -n c$n link set lo up
	run ip -n c$n link set eth0 up
	run ip -n c$n address add 10.7.0.$n/24 dev eth0
done

say "An RDMA device in each"
run modprobe -a ib_uverbs rdma_ucm vrdma
run ip netns exec c1 rdma link add vr1 type vrdma netdev eth0
run ip netns exec c2 rdma link add vr2 type vrdma netdev eth0
wait_until 10 active c1 vr1
wait_until 10 active c2 vr2

say "Each container sees its own device, and the host sees neither"
run ip netns exec c1 rdma link
run ip netns exec c1 ibv_devices
run ip netns exec c2 ibv_devices
run ibv_devices
sees c1 vr1 ip netns exec c1
sees c2 vr2 ip netns exec c2
sees "the host" "" env

say "Programs of rdma-core and perftest, as Debian ships them, talk between the two"
serve ip netns exec c1 ibv_rc_pingpong -d vr1 -g 1 -c
wait_until 20 listens "$SERVER" 18515
run timeout 60 ip netns exec c2 ibv_rc_pingpong -d vr2 -g 1 -c 10.7.0.1
wait_for_server

serve ip netns exec c1 rping -s -a 10.7.0.1 -V
wait_until 20 cm_listens 7174
run timeout 60 ip netns exec c2 rping -c -a 10.7.0.1 -V -v -C 5
wait_for_server

serve ip netns exec c1 ib_write_bw -d vr1 -x 1 -F -n 1000
wait_until 20 listens "$SERVER" 18515
run timeout 60 ip netns exec c2 ib_write_bw -d vr2 -x 1 -F -n 1000 10.7.0.1
wait_for_server

say "Nothing stays behind"
run ip netns delete c1
run ip netns delete c2
run ip link delete br0
run modprobe -r vrdma

printf '\n## The demonstration SUCCEEDED: unmodified programs talked RDMA between two containers\n'

# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034 # the other libraries use what is set here
# The second container is on another host. Sourced after vrdma.sh and programs.sh by the
# tests that scripts/vm runs with --hosts 2; host.sh is what happens on each.

# Two emulated hosts are slower than one: a round trip takes tens of milliseconds.
PINGPONG_ITERATIONS=$(by_budget 20 100)
PERFTEST_ITERATIONS=$(by_budget 10 50)

# two_hosts FAMILY [LANE_TIMEOUT]: as two_containers, with one on each host; the hosts reach
# each other over ipv4 or ipv6.
two_hosts() {
	local number

	[ -e /vm/on/2 ] || skip_all "there is no second host"
	need_commands on
	AT2=(on 2)
	CLEAN_UP=remove_hosts
	for number in 1 2; do
		on "$number" "$LIB/host.sh" make "$number" "$@" >"$WORK/gids$number" ||
			ktap_exit_fail_msg "host $number cannot be set up"
	done
	cmp "$WORK/gids1" "$WORK/gids2" || ktap_exit_fail_msg "the GID indexes differ"
	{ read -r GID && read -r GID6 && read -r OWN_GID; } <"$WORK/gids1"
	wait_until 20 in1 ping -c 1 -W 1 "$IP2" >/dev/null ||
		ktap_exit_fail_msg "IP does not get from $IP1 to $IP2"
}

# over_ipv6 COMMAND...: the programs are told the containers' IPv6 addresses.
over_ipv6() { IP1=fd07::1 IP2=fd07::2 GID=$GID6 "$@"; }

# with_own COMMAND...: the second end is in the other host's own namespace.
with_own() {
	[ "$GID" = "$OWN_GID" ] || {
		echo "# GID $GID in the container, $OWN_GID in the host"
		return 1
	}
	NS2=own DEV2=vrown2 IP2=10.7.0.12 "$@"
}

# lanes_carried NUMBER: on that host lanes have sent, and none has broken.
lanes_carried() {
	local tx errors bad

	read -r tx errors bad _ < <(on "$1" "$LIB/host.sh" lanes 2>"$WORK/lanes")
	[ "$tx" -gt 0 ] && [ "$errors$bad" = 00 ] && return 0
	show "$WORK/lanes"
	return 1
}

# hosts_are_left: with everything that was made; vrdma can be unloaded.
hosts_are_left() {
	CLEAN_UP=
	remove_hosts
}

remove_hosts() {
	local number status=0

	for number in 1 2; do
		on "$number" "$LIB/host.sh" remove "$number" || status=1
	done
	return "$status"
}

# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The programs of rdma-core and perftest as pairs. Sourced by the programs_* tests after
# vrdma.sh.

# What one of a pair's commands repeats.
PINGPONG_ITERATIONS=$(by_budget 50 500)
PERFTEST_ITERATIONS=$(by_budget 20 100)
# With -a every size from 2 B to 8 MiB: 16 MiB per iteration. perftest's least.
# shellcheck disable=SC2034 # used by the tests
PERFTEST_ALL_ITERATIONS=5

# pingpong PROGRAM [OPTION...]: with -c both ends check what they received. Its server
# listens for TCP on IPv4 only, whatever the GID.
pingpong() {
	local program=$1

	shift
	pair tcp:18515 \
		"$program" -d "$DEV1" -g "$GID" -n "$PINGPONG_ITERATIONS" "$@" -- \
		"$program" -d "$DEV2" -g "$GID" -n "$PINGPONG_ITERATIONS" "$@" 10.7.0.1 &&
		said 'iters in .* seconds'
}

# perftest PROGRAM [OPTION...]: -n unless an option says so; -R needs another readiness. Between
# the two connections that it makes with -R its server ends listening and begins anew: a client
# that is the faster one is rejected (8: nobody has that service), and tried again.
perftest() {
	local program=$1 listens=tcp:18515 tries=1
	local -a options=(-F -x "$GID")

	shift
	case " $* " in *" -n "*) ;; *) options+=(-n "$PERFTEST_ITERATIONS") ;; esac
	case " $* " in *" -R "*) listens=cm:18515 tries=5 ;; esac
	case $IP1 in *:*) options+=(--ipv6-addr) ;; esac
	until pair "$listens" \
		"$program" -d "$DEV1" "${options[@]}" "$@" -- \
		"$program" -d "$DEV2" "${options[@]}" "$@" "$IP1"; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] && has_line 'CM_EVENT_REJECTED; error: 8' "$WORK/client" || return 1
	done
	said_figures
}

# Where the clock is not steady enough for perftest, as in a guest that has to wait for its
# processor, it says so and divides by 0: then it tells how much it did, not how fast.
said_figures() {
	local figure='[0-9.]+'

	! has_line '^ *Correlation coefficient r' "$WORK/client" || figure='([0-9.]+|inf|-?nan)'
	said "^ *[0-9]+ +[0-9]+ +$figure +$figure"
}

# said PATTERN: the client's output has such a line; a program that measured nothing
# has not run.
said() {
	has_line "$1" "$WORK/client" && return 0
	echo "# client says nothing like '$1'"
	show "$WORK/client"
	return 1
}

# rping_pair [OPTION...]: SEND, READ and WRITE through rdma_cm, data checked by -V.
rping_pair() {
	pair cm:7174 rping -s -a "$IP1" -V -v "$@" -- rping -c -a "$IP1" -V -v "$@" &&
		said 'ping data: rdma-ping-'
}

# on_port PORT PROGRAM [OPTION...]: the client is the server's program with -s ADDRESS.
on_port() { pair "cm:$1" "${@:2}" -- "${@:2}" -s "$IP1"; }

server_and_client() {
	pair cm:7471 rdma_server -- rdma_client -s "$IP1" && said 'rdma_client: end 0'
}

# stream [OPTION...]: for rstream, one size; the list it runs by itself has a million
# transfers. -T v checks data.
stream() { on_port 7471 rstream "$@" && streamed; }
streamed() { said '^[0-9a-z_]+ .*[0-9]$'; }

# data_pair: our own checker of random traffic, a process on each side.
data_pair() {
	local -a options=(-g "$GID" -b small)

	pair tcp:18515 "$LIB/../data" -d "$DEV1" "${options[@]}" -l -- 		"$LIB/../data" -d "$DEV2" "${options[@]}" -c "$IP1" && said 'pass:3'
}

# results LIST: the plan and the verdicts of a list of "name|command with arguments". A
# small budget is for those whose name begins with a +.
results() {
	local line
	local -a list=()

	for line; do
		case $line in
		+*) list+=("${line#+}") ;;
		*) [ "$BUDGET" = small ] || list+=("$line") ;;
		esac
	done
	ktap_set_plan "${#list[@]}"
	for line in "${list[@]}"; do
		# shellcheck disable=SC2086
		ktap_test_result "${line%%|*}" ${line#*|}
	done
	# shellcheck disable=SC2034 # for the clean-up
	HARMLESS=1
}

# short_list: one program of each kind, for topologies other than the full list's.
short_list() {
	results \
		"+rc_pingpong|pingpong ibv_rc_pingpong -c" \
		"rc_pingpong with events|pingpong ibv_rc_pingpong -e -c" \
		"ud_pingpong|pingpong ibv_ud_pingpong -s 1024 -c" \
		"+rping|rping_pair -C 5" \
		"send_bw|perftest ib_send_bw -s 65536" \
		"write_lat|perftest ib_write_lat -s 64" \
		"read_bw over rdma_cm|perftest ib_read_bw -s 65536 -R" \
		"atomic_lat|perftest ib_atomic_lat"
}

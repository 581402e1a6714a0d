# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# A server in the first container and its client in the second. Sourced by vrdma.sh.

# How long one client may take, in seconds.
PAIR_LIMIT=$(($(by_budget 120 240) * ${SLOW:-1}))

# With SHOW=1, for who wants to see: what runs where, and what the clients say.
SHOW=${SHOW-}

# pair LISTENS SERVER... -- CLIENT...: true when both end well. LISTENS says how to see
# that the server is ready: tcp:PORT or cm:PORT. On failure both outputs are shown.
# Their outputs stay in $WORK/server and $WORK/client for the caller's own checks.
pair() {
	local listens=$1 status=0 server_status=0
	local -a server=()

	shift
	while [ "$1" != -- ]; do
		server+=("$1")
		shift
	done
	shift
	LISTENS='' ASLEEP=0
	background "$WORK/server" in1 timeout "$PAIR_LIMIT" "${server[@]}"
	local pid=$!
	if wait_until 60 is_ready "$pid" "$listens"; then
		in2 timeout "$PAIR_LIMIT" "$@" >"$WORK/client" 2>&1 </dev/null || status=$?
		# A client that failed leaves a server that would wait for its limit.
		[ "$status" = 0 ] || wait_until 2 not kill -0 "$pid" 2>/dev/null || end_process "$pid"
	else
		echo "server does not listen on $listens" >"$WORK/client"
		status=1
		end_process "$pid"
	fi
	wait "$pid" || server_status=$?
	forget_background "$pid"
	if [ "$status" = 0 ] && [ "$server_status" = 0 ]; then
		[ -z "$SHOW" ] || show_pair "${server[*]}" "$*"
		return 0
	fi
	echo "# server, status $server_status: ${server[*]}"
	show "$WORK/server"
	echo "# client, status $status: $*"
	show "$WORK/client"
	return 1
}

# show_pair SERVER CLIENT
show_pair() {
	echo "#"
	echo "# in $NS1: $1 &"
	echo "# in $NS2${AT2:+ of the other host}: $2"
	show "$WORK/client"
}

# is_ready PID tcp:PORT|cm:PORT: the server listens, or is not there any more. The
# rdma_cm shows LISTEN a moment before it does: wait until the server is seen to sleep, too, three
# times in a row, or has been seen to listen for two seconds (rstream polls for connections).
is_ready() {
	kill -0 "$1" 2>/dev/null || return 0
	case $2 in
	tcp:*) listens "$1" "${2#tcp:}" ;;
	cm:*)
		[ -n "$LISTENS" ] || cm_listens "${2#cm:}" || return 1
		LISTENS=${LISTENS:-$SECONDS}
		ASLEEP=$((ASLEEP + 1))
		child_sleeps "$1" || ASLEEP=0
		[ "$ASLEEP" = 3 ] || [ "$SECONDS" -gt $((LISTENS + 1)) ]
		;;
	esac
}

cm_listens() { [[ $(in1 rdma resource show cm_id) =~ state\ LISTEN[^$'\n']*:$1([^0-9]|$) ]]; }

# child_sleeps PID: the command that timeout, our child, runs waits for something.
child_sleeps() {
	local child

	read -r child _ <"/proc/$1/task/$1/children" || return 1
	has_line '^State:.S' "/proc/$child/status"
} 2>/dev/null

forget_background() {
	local pid
	local -a left=()

	for pid in "${BACKGROUND[@]}"; do
		[ "$pid" = "$1" ] || left+=("$pid")
	done
	BACKGROUND=("${left[@]}")
}

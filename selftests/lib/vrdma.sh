# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What every vrdma selftest starts with: KTAP, waiting, containers, running programs in
# them, and one clean-up at the end. Sourced, never run.
#
# A test sources this file, makes its containers, announces its plan, gives its verdicts
# and ends with ktap_finished. BUDGET=small asks for its shortest honest form.

BUDGET=${BUDGET:-full}
LIB=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
NAME=${0##*/}
NAME=${NAME%.sh}
export LC_ALL=C

# by_budget SMALL FULL: prints the one that BUDGET asks for.
by_budget() { if [ "$BUDGET" = small ]; then echo "$1"; else echo "$2"; fi; }

# shellcheck source=selftests/lib/wait.sh
. "$LIB/wait.sh"
# shellcheck source=selftests/lib/ktap.sh
. "$LIB/ktap.sh"
# shellcheck source=selftests/lib/containers.sh
. "$LIB/containers.sh"
# shellcheck source=selftests/lib/channel.sh
. "$LIB/channel.sh"
# shellcheck source=selftests/lib/pair.sh
. "$LIB/pair.sh"

WORK=$(mktemp -d "/tmp/$NAME.XXXXXX")
# Processes started in the background, ended at the end.
BACKGROUND=()

# not COMMAND...: for wait_until and ktap_test_result, which take no `!`.
not() { ! "$@"; }

# repeat TIMES COMMAND...
repeat() {
	local times=$1 i

	shift
	for ((i = 1; i <= times; i++)); do
		"$@" || {
			echo "# in round $i of $times"
			return 1
		}
	done
}

# skip_all REASON: nothing here can be shown on this machine.
skip_all() {
	ktap_skip_all "$@"
	exit "$KSFT_SKIP"
}

need_commands() {
	local command

	for command; do
		[ -n "$(type -P "$command")" ] || skip_all "no $command"
	done
}

# load_modules: vrdma and the core's parts for applications, which udev loads elsewhere.
load_modules() {
	local module

	[ "$EUID" = 0 ] || skip_all "must be root"
	[ -d /sys/module/vrdma ] || modprobe -n -q vrdma || skip_all "vrdma is not installed"
	for module in ib_uverbs rdma_ucm; do
		load_module "$module"
	done
	load_vrdma
	take_route
}

load_module() { [ -d "/sys/module/$1" ] || modprobe "$1"; }

# background FILE COMMAND...: COMMAND with its output in FILE; its pid, which is that of the
# program and not of a shell around it, is in $!.
background() {
	local file=$1

	shift
	become "$@" >"$file" 2>&1 </dev/null &
	BACKGROUND+=("$!")
}

# become COMMAND...: as `in1 PROGRAM...` would run, but in this process.
become() {
	case $1 in
	in1) set -- ip netns exec "$NS1" "${@:2}" ;;
	in2) set -- "${AT2[@]}" ip netns exec "$NS2" "${@:2}" ;;
	esac
	exec "$@"
}

# end_process PID: ended when it returns, however it took it.
end_process() {
	kill -TERM "$1" 2>/dev/null || return 0
	wait_until 2 not kill -0 "$1" 2>/dev/null || kill -KILL "$1" 2>/dev/null || true
	wait "$1" 2>/dev/null || true
}

# show FILE...: as KTAP diagnostics.
show() { sed -u 's|^|#   |' "$@"; }

clean_up() {
	local status=$? pid

	trap - EXIT
	set +e
	[ "$KTAP_TESTNO" -gt "$KSFT_NUM_TESTS" ] || [ "$status" = "$KSFT_SKIP" ] ||
		echo "Bail out! $NAME ended early, status $status"
	for pid in "${BACKGROUND[@]}"; do
		end_process "$pid"
	done
	[ "$status" != 0 ] || [ -z "$NETWORK" ] || route_was_taken || status=1
	leave_containers "$status" || remove_containers
	${CLEAN_UP:-true}
	rm -rf "$WORK"
	exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

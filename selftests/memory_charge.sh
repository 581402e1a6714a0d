#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Registered memory counts as locked once, rings as memory of the cgroup, and both are given
# back; a process without the right to lock at will is stopped by its limit with ENOMEM.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck disable=SC2034 # for vrdma.sh
LANES=own

CGROUP=/sys/fs/cgroup/vrdma_test

# in_cgroup COMMAND...: in the first container, in the cgroup; ip netns exec shows it a
# new /sys, without the cgroups of the old one.
in_cgroup() {
	# shellcheck disable=SC2016
	in1 sh -euc '
		mount -t cgroup2 cgroup2 /sys/fs/cgroup
		mkdir -p "$1"
		echo $$ >"$1/cgroup.procs"
		shift
		exec "$@"
	' sh "$CGROUP" "$@"
}

# results_of COMMAND...: the results a program says become ours.
results_of() {
	local line

	"$@" >"$WORK/results" 2>&1 || true
	while read -r line; do
		case $line in
		"ok "*) ktap_test_pass "${line#ok * }" ;;
		"not ok "*) ktap_test_fail "${line#not ok * }" ;;
		*) echo "# ${line#\# }" ;;
		esac
	done <"$WORK/results"
}

ktap_print_header
echo +memory >/sys/fs/cgroup/cgroup.subtree_control 2>/dev/null || skip_all "no memory cgroup"
two_containers veth-bridge
ktap_set_plan 6
results_of in_cgroup python3 "$LIB/charge.py" "$DEV1"
results_of in1 setpriv --bounding-set=-ipc_lock --inh-caps=-ipc_lock \
	python3 "$LIB/charge.py" --limited "$DEV1"
wait_until 5 rmdir "$CGROUP" 2>/dev/null || true
ktap_finished

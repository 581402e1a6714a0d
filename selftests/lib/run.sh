#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# run.sh [--keep] [--kmemleak] TEST...: run tests one after the other on this machine and
# report like the kernel's kselftest runner, with each test's seconds. A test during which
# the kernel complained has failed. With --keep a test that needs the containers the one
# before left whole gets them. With --kmemleak the last result is a scan for leaks.
set -u

cd "$(dirname "$0")/.." || exit 1
timeout=$(sed -n 's/^timeout=//p' settings)
timeout=${TEST_TIMEOUT:-$timeout}
COMPLAINTS='\[ cut here \]|\bBUG: |\bWARNING: |\bOops: |KASAN: |UBSAN: |ODEBUG: |INFO: task .* blocked'
kmemleak=/sys/kernel/debug/kmemleak
number=0 failures=0 complaints=0
export KEPT=

main() {
	local leaks=

	while :; do
		case ${1-} in
		--keep) KEPT=$(mktemp) ;;
		--kmemleak) leaks=1 ;;
		*) break ;;
		esac
		shift
	done
	complaints=$(count_complaints)
	echo "TAP version 13"
	echo "1..$(($# + ${leaks:-0}))"
	[ -z "$leaks" ] || echo clear >"$kmemleak"
	for test; do
		report "${test##*/}" run_test "${test##*/}"
	done
	[ -z "$KEPT" ] || remove_kept
	[ -z "$leaks" ] || report kmemleak find_leaks
	[ "$failures" = 0 ]
}

# report NAME COMMAND...: its output as diagnostics, its verdict, its seconds.
report() {
	local name="selftests: vrdma: $1" start=$SECONDS status before=$complaints

	number=$((number + 1))
	echo "# $name"
	shift
	"$@" </dev/null 2>&1 | sed -u 's/^/# /'
	status=${PIPESTATUS[0]}
	complaints=$(count_complaints)
	if [ "$complaints" -gt "$before" ]; then
		echo "# the kernel complained"
		status=kernel
	fi
	case $status in
	0) echo "ok $number $name" ;;
	4) echo "ok $number $name # SKIP" ;;
	124) echo "not ok $number $name # TIMEOUT $timeout seconds" ;;
	*) echo "not ok $number $name # exit=$status" ;;
	esac
	case $status in 0 | 4) ;; *) failures=$((failures + 1)) ;; esac
	echo "# seconds: $((SECONDS - start))"
}

# A test that outlives its time gets half a minute for its own clean-up.
run_test() { timeout -k 30 "$timeout" "./$1"; }

remove_kept() (
	# shellcheck source=selftests/lib/vrdma.sh
	. lib/vrdma.sh && forget_kept
	rm -f "$KEPT"
)

count_complaints() { dmesg | grep -cE -- "$COMPLAINTS"; }

# What is allocated and no longer pointed to, vrdma unloaded so that it hides nothing.
# An object counts when it is older than 5 seconds and a second scan finds it unchanged.
find_leaks() {
	local tries=0

	[ -w "$kmemleak" ] || return 4
	# Namespaces and devices are freed with a delay.
	until ! lsmod | grep -q '^vrdma ' || rmmod vrdma; do
		tries=$((tries + 1))
		[ "$tries" -lt 50 ] || return 1
		sleep 0.2
	done
	sleep 6
	echo scan >"$kmemleak"
	echo scan >"$kmemleak"
	cat "$kmemleak"
	! grep -q '^unreferenced object' "$kmemleak"
}

main "$@"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fuzz.sh SECONDS FUZZER...: each fuzzer for so long, begun with corpus/NAME of fuzz_NAME,
# as TAP. What it finds out stays in a directory that goes; an input that fails is kept,
# and named.
set -eu

SECONDS_EACH=$1
shift
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
NUMBER=0 FAILED=0

main() {
	local fuzzer

	cd "$(dirname "$0")"
	echo "1..$#"
	for fuzzer; do
		NUMBER=$((NUMBER + 1))
		run "$fuzzer"
	done
	[ "$FAILED" = 0 ]
}

# run FUZZER: one line of TAP. One that ran nothing, or in whose run some kind of input was
# never accepted, has failed.
run() {
	local fuzzer=$1 log=$WORK/$1.log inputs accepted status=0

	mkdir "$WORK/$fuzzer"
	"./$fuzzer" -max_total_time="$SECONDS_EACH" -timeout=5 -max_len=8300 \
		-artifact_prefix="${TMPDIR:-/tmp}/$fuzzer-" -print_final_stats=1 \
		"$WORK/$fuzzer" "corpus/${fuzzer#fuzz_}" >"$log" 2>&1 || status=$?
	inputs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
	accepted=$(sed -n 's/^accepted: //p' "$log")
	if [ "$status" = 0 ] && [ "${inputs:-0}" -gt 0 ] && all_above_zero "$accepted"; then
		echo "ok $NUMBER - $fuzzer: $inputs inputs, accepted $accepted"
		return
	fi
	FAILED=1
	grep -aE '^not true: |ERROR: |runtime error: |Test unit written' "$log" | sed 's/^/# /' || true
	tail -n 5 "$log" | sed 's/^/#   /'
	echo "not ok $NUMBER - $fuzzer"
}

# all_above_zero "COUNT..."
all_above_zero() {
	case " $1 " in "  " | *" 0 "*) return 1 ;; esac
}

main "$@"

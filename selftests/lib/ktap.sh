# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# KTAP from shell: the functions and variables of the kernel's ktap_helpers.sh, so that a
# test reads the same in and out of the kernel's tree. Sourced, never run.

KSFT_PASS=0
KSFT_FAIL=1
# shellcheck disable=SC2034 # part of the interface
KSFT_XFAIL=2 KSFT_XPASS=3
KSFT_SKIP=4

KSFT_NUM_TESTS=0
KTAP_TESTNO=1
KTAP_CNT_PASS=0
KTAP_CNT_FAIL=0
KTAP_CNT_SKIP=0
KTAP_CNT_XFAIL=0

ktap_print_header() { echo "TAP version 13"; }

ktap_print_msg() { echo "# $*"; }

ktap_set_plan() {
	KSFT_NUM_TESTS=$1
	echo "1..$1"
}

ktap_skip_all() { echo "1..0 # SKIP $*"; }

# ktap_say RESULT NAME [DIRECTIVE]: one numbered line.
ktap_say() {
	echo "$1 $KTAP_TESTNO $2${3:+ # $3}"
	KTAP_TESTNO=$((KTAP_TESTNO + 1))
}

ktap_test_pass() {
	ktap_say ok "$1"
	KTAP_CNT_PASS=$((KTAP_CNT_PASS + 1))
}

ktap_test_fail() {
	ktap_say "not ok" "$1"
	KTAP_CNT_FAIL=$((KTAP_CNT_FAIL + 1))
}

# ktap_test_skip NAME [REASON]
ktap_test_skip() {
	ktap_say ok "$1" "SKIP${2:+ $2}"
	KTAP_CNT_SKIP=$((KTAP_CNT_SKIP + 1))
}

ktap_test_xfail() {
	ktap_say ok "$1" XFAIL
	KTAP_CNT_XFAIL=$((KTAP_CNT_XFAIL + 1))
}

# ktap_test_result NAME COMMAND...: passes, skips or fails as COMMAND's status says.
# COMMAND runs without errexit: it must return its verdict.
ktap_test_result() {
	local name=$1 status=0

	shift
	"$@" || status=$?
	case $status in
	"$KSFT_PASS") ktap_test_pass "$name" ;;
	"$KSFT_SKIP") ktap_test_skip "$name" ;;
	*) ktap_test_fail "$name" ;;
	esac
}

ktap_print_totals() {
	echo "# Totals: pass:$KTAP_CNT_PASS fail:$KTAP_CNT_FAIL xfail:$KTAP_CNT_XFAIL" \
		"xpass:0 skip:$KTAP_CNT_SKIP error:0"
}

ktap_exit_fail_msg() {
	echo "Bail out! $*"
	ktap_print_totals
	exit "$KSFT_FAIL"
}

# Exits: every planned test must have spoken and none have failed.
ktap_finished() {
	ktap_print_totals
	if [ $((KTAP_CNT_PASS + KTAP_CNT_SKIP + KTAP_CNT_XFAIL)) -eq "$KSFT_NUM_TESTS" ]; then
		exit "$KSFT_PASS"
	fi
	exit "$KSFT_FAIL"
}

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What becomes of operations is said in few messages, and not late: a reply carries it, or
# one message says it of many; who waits for it alone does not wait.
set -eu

ROUTE=channel
# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/programs.sh
. "$LIB/programs.sh"

# Enough that what connecting takes does not matter.
COUNT=$(by_budget 500 2000)

# messages_of PERCENT OPERATIONS COMMAND...: COMMAND, which makes so many OPERATIONS, needs
# at most PERCENT % as many messages: with an answer to each it would be 200. A quiet machine
# needs 102 to 108, a busy one collects less.
messages_of() {
	local percent=$1 operations=$2 before messages

	shift 2
	before=$(lanes_sum tx)
	"$@" || return 1
	messages=$(($(lanes_sum tx) - before))
	echo "# $messages messages for $operations operations"
	[ "$messages" -ge "$operations" ] &&
		[ "$messages" -le $((operations * percent / 100)) ]
}

# One operation at a time, and nothing comes back but its answer: of that, perftest's peak,
# the best of all, which a busy machine disturbs least. Answers that wait for company take
# 5 ms or more: 64 bytes in that are 0.01 MiB/s.
answers_are_prompt() {
	perftest ib_write_bw -s 64 -t 1 -n "$COUNT" || return 1
	awk '$1 == 64 { print "# " $3 " MiB/s at best, " $4 " on average"; fast = $3 >= 0.04 }
		END { exit !fast }' "$WORK/client"
}

ktap_print_header
two_containers veth-bridge
ktap_set_plan 4
ktap_test_result "a conversation needs no answers" \
	messages_of 130 $((2 * COUNT)) pingpong ibv_rc_pingpong -n "$COUNT"
ktap_test_result "a stream has its answers collected" \
	messages_of 160 "$COUNT" perftest ib_write_bw -s 64 -n "$COUNT"
ktap_test_result "so is a stream both ways" \
	messages_of 160 $((2 * COUNT)) perftest ib_write_bw -b -s 64 -n "$COUNT"
ktap_test_result "who waits for an answer does not wait for company" answers_are_prompt
ktap_finished

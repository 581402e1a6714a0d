#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Small messages of many queue pairs go together, in few SENDs of a lane; those of a program
# that is alone go at once; and none is kept back when all is said.
set -eu

ROUTE=channel
# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/programs.sh
. "$LIB/programs.sh"

QUEUE_PAIRS=32
COUNT=$(by_budget 100 500)

# sends_of PERCENT_MIN PERCENT_MAX MESSAGES COMMAND...: COMMAND makes at least so many
# MESSAGES, and for a hundred of them so many SENDs.
sends_of() {
	local least=$1 most=$2 wanted=$3 messages sends

	messages=$(lanes_sum tx) sends=$(lanes_sum sends)
	"${@:4}" || return 1
	messages=$(($(lanes_sum tx) - messages)) sends=$(($(lanes_sum sends) - sends))
	echo "# $messages messages in $sends SENDs"
	[ "$messages" -ge "$wanted" ] && [ $((sends * 100)) -ge $((messages * least)) ] &&
		[ $((sends * 100)) -le $((messages * most)) ]
}

nothing_is_held() { [ "$(lanes_sum held)" = 0 ]; }

ktap_print_header
two_containers veth-bridge
ktap_set_plan 5
ktap_test_result "WRITEs of $QUEUE_PAIRS queue pairs go together" \
	sends_of 1 50 $((QUEUE_PAIRS * COUNT)) \
	perftest ib_write_bw -s 64 -q "$QUEUE_PAIRS" -n "$COUNT"
ktap_test_result "so do SENDs" \
	sends_of 1 50 $((QUEUE_PAIRS * COUNT)) \
	perftest ib_send_bw -s 64 -q "$QUEUE_PAIRS" -n "$COUNT"
ktap_test_result "so does what READs fetch" \
	sends_of 1 75 $((2 * QUEUE_PAIRS * COUNT)) \
	perftest ib_read_bw -s 64 -q "$QUEUE_PAIRS" -n "$COUNT"
ktap_test_result "a conversation waits for nobody" \
	sends_of 90 100 $((2 * COUNT)) pingpong ibv_rc_pingpong -n "$COUNT"
ktap_test_result "nothing waits when all is said" wait_until 10 nothing_is_held
ktap_finished

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# One device is kept off the local path: what it talks to, it talks to over lanes, while
# others on the same host do not.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck disable=SC2034 # for vrdma.sh
LANES=own
# shellcheck source=selftests/lib/programs.sh
. "$LIB/programs.sh"

CLEAN_UP=back_to_local

# counters: messages that the second device has sent to its own host, and to others.
counters() {
	in2 rdma statistic show link "$DEV2/1" | awk '
		{ for (i = 1; i < NF; i++) count[$i] = $(i + 1) }
		END { print count["tx_local_msgs"] + 0, count["tx_remote_msgs"] + 0 }'
}

# goes local|lanes COMMAND...: all that the second device sends meanwhile, and it does.
goes() {
	local local0 lanes0 local1 lanes1

	read -r local0 lanes0 < <(counters)
	"${@:2}" || return 1
	read -r local1 lanes1 < <(counters)
	echo "# $((local1 - local0)) on the local path, $((lanes1 - lanes0)) over lanes"
	case $1 in
	local) [ "$local1" -gt "$local0" ] && [ "$lanes1" = "$lanes0" ] ;;
	lanes) [ "$local1" = "$local0" ] && [ "$lanes1" -gt "$lanes0" ] ;;
	esac
}

connected() { pingpong_with "$IP1" ibv_rc_pingpong -c; }
datagrams() { pingpong_with "$IP1" ibv_ud_pingpong; }

# pingpong_with ADDRESS PROGRAM [OPTION...]: the server is there.
pingpong_with() {
	pair tcp:18515 "$2" -d "$DEV1" -g "$GID" -n "$PINGPONG_ITERATIONS" "${@:3}" -- \
		"$2" -d "$DEV2" -g "$GID" -n "$PINGPONG_ITERATIONS" "${@:3}" "$1"
}

# another_pair COMMAND...: in the second container alone.
another_pair() { NS1=$NS2 DEV1=$DEV2 IP1=$IP2 "$@"; }

local_off() { echo "$1 local_off $2" >"$DEBUGFS/devices"; }
is_off() { has_line "^$1 id [0-9a-f]{16} local_off $2\$" "$DEBUGFS/devices"; }
back_to_local() { local_off "$DEV1" N 2>/dev/null || true; }

switched() { local_off "$DEV1" "$1" && is_off "$DEV1" "$1" && is_off "$DEV2" N; }

refused() {
	not local_off nobody Y 2>/dev/null && not local_off "$DEV1" perhaps 2>/dev/null && is_off "$DEV1" N
}

[ "$ROUTE" = local ] || skip_all "it says itself which way to take"
ktap_print_header
two_containers veth-bridge
make_hca
ktap_set_plan 10
ktap_test_result "there is a HCA, and all is local" goes local connected
ktap_test_result "nonsense changes nothing" refused
ktap_test_result "the first device is switched off" switched Y
ktap_test_result "its connections go over lanes" goes lanes connected
ktap_test_result "its datagrams, too" goes lanes datagrams
ktap_test_result "others' connections do not" goes local another_pair connected
ktap_test_result "nor do their datagrams" goes local another_pair datagrams
ktap_test_result "it is switched on again" switched N
ktap_test_result "its connections are local" goes local connected
ktap_test_result "and its datagrams" goes local datagrams
ktap_finished

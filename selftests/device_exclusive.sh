#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# In exclusive mode a container sees its own device and nothing else, and nobody else can
# open it.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck disable=SC2034 # for vrdma.sh
LANES=own

# lists WANTED COMMAND...: the device names COMMAND prints are exactly WANTED.
lists() {
	local wanted=$1 found

	shift
	found=$("$@" | grep -oE '\bvr[0-9]+\b' | sort -u | xargs)
	[ "$found" = "$wanted" ] && return 0
	echo "# '$*' lists '$found', not '$wanted'"
	return 1
}

# node DEVICE: its character device, whose name every namespace can know.
node() {
	local ibdev

	ibdev=$(grep -lx "$1" /sys/class/infiniband_verbs/*/ibdev)
	basename "${ibdev%/ibdev}" | sed 's,^,/dev/infiniband/,'
}

opens() { "$@" sh -c "exec 3<>$NODE" 2>"$WORK/open"; }
refused() { ! opens "$@" && grep -q 'Operation not permitted' "$WORK/open"; }

devinfo() {
	in1 ibv_devinfo -v >"$WORK/devinfo" && grep -q 'PORT_ACTIVE' "$WORK/devinfo" &&
		[ "$(grep -c 'hca_id:' "$WORK/devinfo")" = 1 ]
}

same_gids() {
	local index a b

	for index in $(seq 0 3); do
		a=$(in1 cat "/sys/class/infiniband/$DEV1/ports/1/gid_attrs/types/$index" 2>/dev/null || true)
		b=$(in2 cat "/sys/class/infiniband/$DEV2/ports/1/gid_attrs/types/$index" 2>/dev/null || true)
		[ "$a" = "$b" ] || return 1
		[ -z "$a" ] || [ "$a" = "RoCE v2" ] || return 1
	done
}

ktap_print_header
two_containers veth-bridge
NODE=$(node "$DEV1")
ktap_set_plan 11
ktap_test_result "ibv_devices" lists "$DEV1" in1 ibv_devices
ktap_test_result "ibv_devinfo -v" devinfo
ktap_test_result "rdma link" lists "$DEV1" in1 rdma link show
ktap_test_result "rdma dev" lists "$DEV1" in1 rdma dev show
ktap_test_result "the other container sees its own" lists "$DEV2" in2 ibv_devices
ktap_test_result "the host sees none" lists "" ibv_devices
ktap_test_result "the host's rdma link sees none" lists "" rdma link show
ktap_test_result "its own container opens it" opens in1
ktap_test_result "the other container is refused" refused in2
ktap_test_result "the host is refused" refused env
ktap_test_result "the GID tables are equal, all RoCE v2" same_gids
ktap_finished

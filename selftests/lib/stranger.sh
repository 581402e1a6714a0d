# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# A third container on the bridge of the other two, without a device: its programs may
# have the resolver's port. Sourced after vrdma.sh.

# program_with_stranger NAME: as program, with the stranger's namespace in STRANGER.
program_with_stranger() {
	local name=$1 status=0 address

	two_containers veth-bridge >&2
	export STRANGER=c3
	add_namespace 3 "$STRANGER"
	add_port 3 "$STRANGER" eth0
	for address in 3 13 23; do
		give_address4 "$address" "$STRANGER"
		give_address6 "$address" "$STRANGER"
	done
	"${LIB%/*}/$name" -d "$DEV1@$NS1" -D "$DEV2@$NS2" -g "$GID" -b "$BUDGET" || status=$?
	exit "$status"
}

# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# A C program as a test: it is given a device in each of two containers and prints its
# own KTAP. Sourced by a test after vrdma.sh.

# program NAME [OPTION...]: ends the test with the program's verdict. Programs do nothing to
# the containers, if CHANGES does not say otherwise.
program() {
	local name=$1 status=0

	shift
	# shellcheck disable=SC2034 # for the clean-up
	[ -n "${CHANGES-}" ] || HARMLESS=1
	two_containers "${TOPOLOGY:-veth-bridge}" >&2
	"${LIB%/*}/$name" -d "$DEV1@$NS1" -D "$DEV2@$NS2" -g "$GID" -b "$BUDGET" "$@" || status=$?
	exit "$status"
}

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Tenants with the same addresses on two bridges work at once and never meet.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/program.sh
. "$LIB/program.sh"

# add_tenant NUMBER NAMESPACE DEVICE: a container with address NUMBER on the second bridge.
add_tenant() {
	add_namespace "$1" "$2"
	ip link add "vrport2$1" type veth peer name eth0 netns "$2"
	ip link set "vrport2$1" master "${BRIDGE}2" up
	ip -n "$2" link set eth0 up
	give_address4 "$1" "$2"
	give_address6 "$1" "$2"
	add_device "$1" "$2" "$3"
	wait_for_device "$1" "$2" "$3" "10.7.0.$1"
}

load_modules
make_exclusive >&2
ip link add "${BRIDGE}2" type bridge forward_delay 0
ip link set "${BRIDGE}2" up
add_tenant 1 t1 vr3
add_tenant 2 t2 vr4
program resolver_tenants

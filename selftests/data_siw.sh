#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# data.sh over the lanes of an HCA of another kind: siw, iWARP over TCP. Where the kernel has
# none there is nothing to test.
set -eu

ROUTE=channel
# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/program.sh
. "$LIB/program.sh"

# remove_hca NAME NETDEV: the only HCA is that of this test, and after it there is none.
remove_hca() {
	[ ! -e "/sys/class/infiniband/$1" ] || rdma link delete "$1"
	[ ! -e "/sys/class/net/$2" ] || ip link delete "$2"
}

modprobe -n -q siw || skip_all "the kernel has no siw"
remove_hca "$HCA" "$HCA_NETDEV"
HCA=vrsiw HCA_TYPE=siw HCA_NETDEV=vrsiw0
own_hca_gone() { remove_hca "$HCA" "$HCA_NETDEV"; }
# shellcheck disable=SC2034 # for vrdma.sh
CLEAN_UP=own_hca_gone CHANGES=1
program data

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A host dies under traffic. On the other one requesters see it when their own patience is
# over, processes can end, what stays within the host never notices, and vrdma unloads. The
# last of the tests between hosts: it leaves one.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/programs.sh
. "$LIB/programs.sh"
# shellcheck source=selftests/lib/hosts.sh
. "$LIB/hosts.sh"
# shellcheck source=selftests/lib/outage.sh
. "$LIB/outage.sh"

both_run() { start_local 1 && start_remote; }

# The processes of the dead host are gone with it.
dies() {
	power cut 2
	gone_in_time TERM owner1 && fail_in_time requester1 && go_on local1
}

# left: whether the other host's lanes have been given up by now or not.
left() {
	local start=$SECONDS

	end_well local1 || return 1
	# shellcheck disable=SC2034 # for the clean-up
	CLEAN_UP=
	on 1 "$LIB/host.sh" remove 1 || return 1
	echo "# left in $((SECONDS - start)) s"
	[ $((SECONDS - start)) -lt $((20 * ${SLOW:-1})) ]
}

ktap_print_header
two_hosts ipv4 16
ktap_set_plan 3
ktap_test_result "traffic between the hosts and within one" both_run
ktap_test_result "the other host dies" dies
ktap_test_result "the host can be left" left
ktap_finished

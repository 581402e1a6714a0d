#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A rule in the bridge between two containers stops new connections and ends old ones.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"
# shellcheck source=selftests/lib/program.sh
. "$LIB/program.sh"

# A case that fails leaves its rule, which is in nobody's namespace but the first.
forget_rules() { nft delete table bridge vrdma 2>/dev/null || true; }

CLEAN_UP=forget_rules CHANGES=1
program resolver_firewall

# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Every part of the library, in the order they need each other.

# shellcheck source=scripts/lib/base.sh
. "$(dirname "${BASH_SOURCE[0]}")/base.sh"
# shellcheck source=scripts/lib/debian.sh
. "$VRDMA_TOP/scripts/lib/debian.sh"
# shellcheck source=scripts/lib/source.sh
. "$VRDMA_TOP/scripts/lib/source.sh"
# shellcheck source=scripts/lib/image.sh
. "$VRDMA_TOP/scripts/lib/image.sh"
# shellcheck source=scripts/lib/debug-kernel.sh
. "$VRDMA_TOP/scripts/lib/debug-kernel.sh"
# shellcheck source=scripts/lib/build.sh
. "$VRDMA_TOP/scripts/lib/build.sh"

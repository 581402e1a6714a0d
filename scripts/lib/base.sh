# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What every script here needs: where things are, how to fail, how to cache.
# Sourced, never run.

# A failure inside $(...) is a failure.
shopt -s inherit_errexit

VRDMA_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
VRDMA_CACHE=${VRDMA_CACHE:-/var/cache/vrdma}
SUITE=trixie
export VRDMA_TOP VRDMA_CACHE SUITE

# shellcheck source=selftests/lib/wait.sh
. "$VRDMA_TOP/selftests/lib/wait.sh"

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

die() {
	say "$*"
	exit 1
}

need_root() { [ "$(id -u)" = 0 ] || die "must be root"; }

# hash_of FILE...: one short key for the contents of the files, names included.
hash_of() { sha256sum -- "$@" | sha256sum | cut -c1-16; }

# hash_of_tree DIR: the same for everything below DIR, wherever DIR lies.
hash_of_tree() {
	(cd "$1" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum) |
		sha256sum | cut -c1-16
}

# cached DIR MAKER...: DIR, made by calling `MAKER... NEW` with an empty directory
# unless it is already there. A second caller waits for the first; half a result
# never gets DIR's name. Prints DIR.
cached() {
	local dir=$1 new=$1.new

	shift
	if [ ! -d "$dir" ]; then
		mkdir -p "${dir%/*}"
		(
			flock 9
			[ ! -d "$dir" ] || exit 0
			remove_tree "$new"
			mkdir "$new"
			# A function called in a condition runs without errexit: don't.
			set -e
			"$@" "$new" >&2
			mv "$new" "$dir"
		) 9>"$dir.lock"
	fi
	[ -d "$dir" ] || return 1
	touch "$dir"
	printf '%s\n' "$dir"
}

# remove_tree DIR: DIR and what is in it, unless something is mounted below it.
remove_tree() {
	[ -e "$1" ] || return 0
	! grep -q " $1/" /proc/self/mounts || die "something is mounted below $1"
	rm -rf --one-file-system -- "$1"
}

# forget_old KEEP DIR-PREFIX: of the cached directories PREFIX*, the KEEP youngest stay.
forget_old() {
	local keep=$1 dir

	find "${2%/*}" -maxdepth 1 -type d -name "${2##*/}*" -printf '%T@ %p\n' | sort -rn |
		tail -n "+$((keep + 1))" | cut -d' ' -f2- |
		while read -r dir; do
			case $dir in *.new) continue ;; esac
			# Younger than an hour: somebody's guest may still be using it.
			[ -n "$(find "$dir" -maxdepth 0 -mmin +60)" ] || continue
			remove_tree "$dir"
			rm -f "$dir.lock"
		done
}

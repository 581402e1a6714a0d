# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# How scripts and tests wait. Sourced, never run.

# A pipe nobody writes: reading it with a time limit waits without a process.
exec {NAP}<> <(:)
nap() { read -r -t 0.1 -u "$NAP" || true; }

# wait_until SECONDS COMMAND...: true as soon as COMMAND is, false after SECONDS. Where
# everything is slow, SLOW says how many times as long it may take.
wait_until() {
	local end=$((SECONDS + $1 * ${SLOW:-1}))

	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		nap
	done
}

# listens PID PORT: somebody in that process's network namespace does, over TCP.
listens() {
	local port
	local -a lines=() more=()

	printf -v port ':%04X' "$2"
	mapfile -t lines <"/proc/$1/net/tcp"
	mapfile -t more <"/proc/$1/net/tcp6"
	[[ "${lines[*]} ${more[*]}" =~ $port\ 0+:0000\ 0A\  ]]
} 2>/dev/null

# has_line PATTERN FILE: a line matches the extended regular expression.
has_line() {
	local line

	while IFS= read -r line || [ -n "$line" ]; do
		[[ ! $line =~ $1 ]] || return 0
	done <"$2"
	return 1
}

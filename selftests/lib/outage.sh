# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Traffic of the program outage between two hosts, both ways, and within each of them.
# Sourced after hosts.sh.

OUTAGE=$LIB/../outage
# By what they are called: requester1 and owner1 are on the first host, the requester's owner
# on the other one; local1 is within the first.
declare -A OUTAGES=()
# On which host. A signal to the program `on` is no signal to what it runs.
declare -A WHERE=()
# What a requester waits for an answer: its QP's timeout 18 and 7 retries.
PATIENCE_MS=8589
# After that an error is late. A requester starts waiting with the last answer; an emulated
# host that is busy is slow to look.
LATE_MS=$((PATIENCE_MS + 3000 * ${SLOW:-1}))
# In which a process that lets go, or is killed, is gone: ms.
GONE_MS=2000

# during SECONDS: how long a fault lasts.
during() { read -r -t "$1" -u "$NAP" || true; }

# outage NAME WHERE OPTION...: the program in the container in1 or in2, or on host 1 or 2.
outage() {
	local -a there=("$2")

	case $2 in [12]) there=(on "$2") ;; esac
	# What one of that name has said before is not to be taken for this one's word.
	: >"$WORK/$1"
	background "$WORK/$1" "${there[@]}" "$OUTAGE" "${@:3}"
	OUTAGES[$1]=$!
	WHERE[$1]=${2#in}
}

# start_remote: both ways between the containers.
start_remote() {
	outage owner1 in1 -d "$DEV1" -g "$GID" -l -p 18501
	outage owner2 in2 -d "$DEV2" -g "$GID" -l -p 18502
	outage requester1 in1 -d "$DEV1" -g "$GID" -c "$IP2" -p 18502
	outage requester2 in2 -d "$DEV2" -g "$GID" -c "$IP1" -p 18501
	run requester1 requester2
}

# start_local NUMBER...: on those hosts, between the container and the host's own device.
start_local() {
	local number

	for number; do
		outage "local$number" "$number" -d "vr$number@c$number" \
			-D "vrown$number@own" -g "$GID"
	done
	run "${@/#/local}"
}

# run NAME...: they have come so far.
run() {
	local name

	for name; do
		wait_until 40 runs_or_ended "$name" && is_running "$name" && continue
		echo "# $name does not run"
		show "$WORK/$name"
		return 1
	done
}

is_running() { has_line '^running' "$WORK/$1"; }
runs_or_ended() { is_running "$1" || ! is_alive "$1"; }
is_alive() { kill -0 "${OUTAGES[$1]}" 2>/dev/null; }

# at NAME: the last round it told of.
at() { sed -n 's/^at //p' "$WORK/$1" | tail -n 1; }

# go_on NAME...: none has ended, and all get further than now.
go_on() {
	local name
	local -A now=()

	for name; do
		now[$name]=$(at "$name")
	done
	for name; do
		wait_until 20 is_beyond "$name" "$((now[$name] + 1))" && is_alive "$name" && continue
		echo "# $name does not go on after round ${now[$name]}"
		show "$WORK/$name"
		return 1
	done
}

is_beyond() { [ "$(at "$1")" -gt "$2" ] || ! is_alive "$1"; }

# end_well NAME...: requesters, and those they speak to, have nothing to complain of.
end_well() {
	local name status=0

	for name; do
		on "${WHERE[$name]}" kill -TERM "$(sed -n 's/^pid //p' "$WORK/$name")" || true
	done
	for name; do
		ended "$name" || status=1
	done
	return "$status"
}

# ended NAME: by itself, and is content.
ended() {
	local pid=${OUTAGES[$1]}

	if wait_until 40 not is_alive "$1" && wait "$pid"; then
		forget_background "$pid"
		return 0
	fi
	echo "# $1 is not content, or does not end"
	show "$WORK/$1"
	return 1
}

# fail_in_time NAME...: requesters whose way has gone: RETRY_EXC_ERR when their patience is
# over, and the rest flushed, which the program sees to; and they let go at once.
fail_in_time() {
	local name ms gone

	for name; do
		ended "$name" || return 1
		ms=$(sed -n 's/^failed: transport retry counter exceeded after \([0-9]*\) ms$/\1/p' \
			"$WORK/$name")
		gone=$(sed -n 's/^let go in \([0-9]*\) ms$/\1/p' "$WORK/$name")
		echo "# $name failed after ${ms:-?} ms, let go in ${gone:-?} ms"
		[ "${ms:-0}" -gt $((PATIENCE_MS - 500)) ] && [ "$ms" -lt "$LATE_MS" ] &&
			[ "${gone:-$GONE_MS}" -lt "$GONE_MS" ] && continue
		show "$WORK/$name"
		return 1
	done
}

# gone_in_time SIGNAL NAME: as soon as that signal has been sent.
gone_in_time() {
	local start=${EPOCHREALTIME/./} ms

	kill -"$1" "${OUTAGES[$2]}" || return 1
	wait_until 10 not is_alive "$2" || true
	ms=$(((${EPOCHREALTIME/./} - start) / 1000))
	echo "# $2 is gone $ms ms after SIG$1"
	[ "$ms" -lt $((GONE_MS * ${SLOW:-1})) ]
}

# end_outages NAME...: however they end.
end_outages() {
	local name

	for name; do
		end_process "${OUTAGES[$name]}"
		forget_background "${OUTAGES[$name]}"
	done
}

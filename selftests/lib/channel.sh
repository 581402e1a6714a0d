# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The path between hosts, in one host: its HCA is an rxe, or with HCA_TYPE=siw in the
# environment a siw, whose loopback leads back to the same vrdma. Sourced by vrdma.sh.
#
# ROUTE=channel in the environment sends what a test does over the lanes of that channel;
# a test that was content has then used them, and broken none if it does not say so.

ROUTE=${ROUTE:-local}
HCA=vrhca
HCA_TYPE=${HCA_TYPE:-rxe}
HCA_NETDEV=vrhca0
HCA_IP=198.51.100.1
# shellcheck disable=SC2034 # for who asks find_hca_gid
HCA_GID=
# What a test has to do with lanes: it uses them and leaves them alone, it may `break` them, or
# that is its `own` affair, and ROUTE changes nothing about it.
LANES=keep
LANES_TX=0
# How often they had been broken when it began.
LANES_BROKEN=0

DEBUGFS=/sys/kernel/debug/vrdma

# 0.5 s, not 67 ms, six times: emulated processors, and those that share them, stand still
# for longer than any network.
LANE_TIMEOUT=17
[ "${SLOW:-1}" -lt 4 ] || LANE_TIMEOUT=19

load_vrdma() { [ -d /sys/module/vrdma ] || modprobe vrdma lane_timeout="$LANE_TIMEOUT"; }

# take_route: vrdma is loaded.
take_route() {
	if [ "$ROUTE" = local ]; then
		[ ! -e "$DEBUGFS/local_off" ] || echo N >"$DEBUGFS/local_off"
		return 0
	fi
	make_hca
	echo Y >"$DEBUGFS/local_off"
	LANES_TX=$(lanes_sum tx)
	LANES_BROKEN=$(lanes_broken)
}

# make_hca: it stays when the test ends, as hardware does.
make_hca() {
	[ -e "/sys/class/infiniband/$HCA" ] && return 0
	[ -e "/sys/class/net/$HCA_NETDEV" ] || ip -batch - <<-END
		link add $HCA_NETDEV mtu 4500 up type dummy
		address add $HCA_IP/24 dev $HCA_NETDEV
	END
	add_hca || skip_all "vrdma does not take $HCA"
}

# add_hca: on the netdev there is.
add_hca() {
	local module=rdma_rxe

	[ "$HCA_TYPE" = rxe ] || module=$HCA_TYPE
	modprobe "$module" && rdma link add "$HCA" type "$HCA_TYPE" netdev "$HCA_NETDEV" &&
		wait_until 10 hca_is_known
}

hca_is_known() { has_line "^$HCA .*$HCA_IP" "$DEBUGFS/hcas"; }

# find_hca_gid: and HCA_GID is its index then. The netdev takes 4 KiB packets and nothing is on
# the way: as rxe likes it best.
find_hca_gid() {
	local file gid wanted

	wanted=$(gid_of "$HCA_IP")
	for file in "/sys/class/infiniband/$HCA/ports/1/gids"/*; do
		read -r gid <"$file" 2>/dev/null || continue
		[ "$gid" = "$wanted" ] || continue
		# shellcheck disable=SC2034
		HCA_GID=${file##*/}
		return 0
	done
	return 1
}

# bulk_above BYTES COMMAND...: the command, while HCAs move what is larger; 0: nothing.
bulk_above() {
	local bulk=/sys/module/vrdma/parameters/bulk usual status=0

	usual=$(<"$bulk")
	echo "$1" >"$bulk"
	shift
	"$@" || status=$?
	echo "$usual" >"$bulk"
	return "$status"
}

# one_lane: between two hosts, so that all share it. The next test shall have as many as it wants.
one_lane() {
	[ ! -d /sys/module/vrdma ] || rmmod vrdma
	modprobe vrdma lane_timeout="$LANE_TIMEOUT" lanes=1
	# shellcheck disable=SC2034 # for vrdma.sh
	CLEAN_UP=all_lanes
}

all_lanes() { wait_until 10 rmmod vrdma; }

# lanes_sum WORD: of the numbers that stand behind WORD, of all lanes of all channels.
lanes_sum() {
	awk -v word="$1" '
		$1 == "lane" { for (i = 2; i < NF; i++) if ($i == word) sum += $(i + 1) }
		END { print sum + 0 }' "$DEBUGFS/channels"
}

# lanes_broken: how often a lane broke or was told nonsense.
lanes_broken() { echo $(($(lanes_sum errors) + $(lanes_sum bad))); }

# lanes_are_up: all of them.
lanes_are_up() { ! has_line '^ *lane [0-9]+ down' "$DEBUGFS/channels"; }

# route_was_taken: to be asked while the devices are there.
route_was_taken() {
	[ "$ROUTE" = channel ] && [ "$LANES" != own ] || return 0
	if [ "$(lanes_sum tx)" -le "$LANES_TX" ]; then
		echo "# nothing went over a lane"
		return 1
	fi
	[ "$LANES" = break ] || [ "$(lanes_broken)" -le "$LANES_BROKEN" ] || {
		echo "# lanes broke"
		show "$DEBUGFS/channels"
		return 1
	}
}

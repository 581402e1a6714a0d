#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A kernel user of verbs: the host of NVMe over RDMA and its target, both of this kernel, talk
# over a vrdma device of the initial namespace. The host registers memory by work requests,
# the target invalidates the keys with its answers; what is written is what is read.
set -eu

# shellcheck source=selftests/lib/vrdma.sh
. "$(dirname "$0")/lib/vrdma.sh"

NQN=nqn.2014-08.org.vrdma:test
ADDR=10.98.0.1
NETDEV=vrnvme0
DEV=vrnvme
SIZE_MIB=32
TARGET=/sys/kernel/config/nvmet
DISK=
CLEAN_UP=end_nvme

# load_nvme: and a disk in memory.
load_nvme() {
	local module

	for module in nvmet_rdma nvme_rdma brd; do
		modprobe -n -q "$module" || skip_all "no $module"
	done
	modprobe brd rd_nr=1 rd_size=$((SIZE_MIB * 1024))
	modprobe nvmet_rdma
	modprobe nvme_rdma
	[ -d "$TARGET" ] || mount -t configfs none /sys/kernel/config
}

make_device() {
	ip -batch - <<-END
		link add $NETDEV up type dummy
		address add $ADDR/24 dev $NETDEV
	END
	rdma link add "$DEV" type vrdma netdev "$NETDEV"
	wait_until 10 grep -q 0a62:0001 -r "/sys/class/infiniband/$DEV/ports/1/gids"
}

# put VALUE FILE
put() { printf %s "$1" >"$TARGET/$2"; }

make_target() {
	mkdir "$TARGET/subsystems/$NQN" "$TARGET/ports/1"
	put 1 "subsystems/$NQN/attr_allow_any_host"
	mkdir "$TARGET/subsystems/$NQN/namespaces/1"
	put /dev/ram0 "subsystems/$NQN/namespaces/1/device_path"
	put 1 "subsystems/$NQN/namespaces/1/enable"
	put rdma ports/1/addr_trtype
	put ipv4 ports/1/addr_adrfam
	put "$ADDR" ports/1/addr_traddr
	put 4420 ports/1/addr_trsvcid
	put 16384 ports/1/param_inline_data_size
	ln -s "$TARGET/subsystems/$NQN" "$TARGET/ports/1/subsystems/$NQN"
}

find_disk() {
	local subsystem

	for subsystem in /sys/class/nvme-subsystem/nvme-subsys*; do
		[ "$(cat "$subsystem/subsysnqn" 2>/dev/null)" = "$NQN" ] || continue
		DISK=$(find "$subsystem/" -maxdepth 1 -name 'nvme*n1' -printf '/dev/%f\n' |
			head -n 1)
	done
	[ -n "$DISK" ] && [ -b "$DISK" ]
}

connect() {
	nvme connect -t rdma -a "$ADDR" -s 4420 -n "$NQN" --nr-io-queues=2 --ctrl-loss-tmo=0 \
		>"$WORK/connect" 2>&1 || {
		show "$WORK/connect"
		return 1
	}
	wait_until 20 find_disk
}

# same_as_written BLOCK: a file to the disk in blocks of so many bytes, and back.
same_as_written() {
	local count=$((SIZE_MIB * 1024 * 1024 / $1))

	[ "$BUDGET" = full ] || [ "$count" -le 512 ] || count=512
	head -c $((count * $1)) /dev/urandom >"$WORK/data" || return
	dd if="$WORK/data" of="$DISK" bs="$1" oflag=direct status=none || return
	dd if="$DISK" of="$WORK/back" bs="$1" count="$count" iflag=direct status=none || return
	cmp "$WORK/data" "$WORK/back"
}

# verified: fio writes and checks blocks of many sizes, many at once.
verified() {
	fio --name=verify --filename="$DISK" --direct=1 --ioengine=libaio --iodepth=16 \
		--rw=randwrite --bsrange=4k-256k --size="${SIZE_MIB}m" --verify=crc32c \
		--io_size="$(by_budget 8m 64m)" --verify_fatal=1 --randrepeat=1 \
		>"$WORK/fio" 2>&1 || {
		show "$WORK/fio"
		return 1
	}
}

# verified_again: and what is sent again registers nothing twice.
verified_again() {
	local pid

	[ "$ROUTE" = channel ] || return "$KSFT_SKIP"
	verified &
	pid=$!
	while kill -0 "$pid" 2>/dev/null; do
		echo all >"$DEBUGFS/break"
		wait_until 1 not kill -0 "$pid" 2>/dev/null || true
	done
	wait "$pid"
}

# large_capsule: a receive of the kernel's own memory takes what a process sends, also when the
# HCA moves it.
large_capsule() {
	local moved

	[ "$ROUTE" = channel ] || return "$KSFT_SKIP"
	moved=$(lanes_sum moved)
	bulk_above 8192 "${LIB%/*}/capsule" -c "$ADDR" || return 1
	echo "# $(($(lanes_sum moved) - moved)) bytes by the HCA"
	[ "$(lanes_sum moved)" -gt "$((moved + 16384))" ]
}

# What vrdma may use to reach other hosts; its own devices look like one since they can do this.
no_hca_of_itself() { ! grep "^$DEV " "$DEBUGFS/hcas"; }

lanes_used() { [ "$ROUTE" = local ] || [ "$(lanes_sum tx)" -gt "$LANES_TX" ]; }

disconnect() {
	nvme disconnect -n "$NQN" >/dev/null && wait_until 20 not find_disk_anew
}

find_disk_anew() {
	DISK=
	find_disk
}

end_target() {
	rm -f "$TARGET/ports/1/subsystems/$NQN"
	rmdir "$TARGET/ports/1" "$TARGET/subsystems/$NQN/namespaces/1" "$TARGET/subsystems/$NQN"
}

unloads() { wait_until 20 rdma link delete "$DEV"; }

end_nvme() {
	nvme disconnect -n "$NQN" >/dev/null 2>&1
	[ ! -d "$TARGET/ports/1" ] || end_target
	rdma link delete "$DEV" 2>/dev/null
	ip link delete "$NETDEV" 2>/dev/null
	modprobe -q -r nvme_rdma nvmet_rdma brd
} 2>/dev/null

ktap_print_header
need_commands nvme fio
load_modules
load_nvme
make_device
make_target
ktap_set_plan 11
ktap_test_result "a device of ours is no HCA" no_hca_of_itself
ktap_test_result "a capsule as large as can be" large_capsule
ktap_test_result connect connect
if [ -n "$DISK" ]; then
	for block in 512 4096 65536 1048576; do
		ktap_test_result "blocks of $block" same_as_written "$block"
	done
	ktap_test_result "many at once" verified
	ktap_test_result "while lanes break" verified_again
	ktap_test_result disconnect disconnect
fi
end_target
ktap_test_result "the device goes" unloads
lanes_used || ktap_exit_fail_msg "nothing went over a lane"
ktap_finished

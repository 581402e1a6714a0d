# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Booting guests, watching them, reading what their kernels said. Sourced by scripts/vm
# after image.sh; uses its RUN (directory of this run) and QEMU (host number -> pid).

# Kernel log lines that fail a run. A fault injected on purpose prints a stack, so a
# stack alone is none of them.
SPLATS='------------\[ cut here \]|\bBUG: |\bWARNING: |\bOops: |KASAN: |UBSAN: |KFENCE: '
SPLATS+='|general protection fault|Kernel panic|INFO: task .* blocked for more than'
SPLATS+='|rcu: INFO: .*(stall|detected)|INFO: rcu_.*(stall|detected)|soft lockup|hard LOCKUP'
SPLATS+='|workqueue lockup|unregister_netdevice: waiting for|refcount_t: |ODEBUG: '
SPLATS+='|possible recursive locking|possible circular locking|inconsistent lock state'
SPLATS+='|suspicious RCU usage|trying to register non-static key|locking correctness validator'
SPLATS+='|sysfs: cannot create duplicate|ref_tracker: .* has [0-9]+/|Slab cache still has objects'

# What an x86 EFLAGS can hold; other bits in an oops are the emulator's doing.
EFLAGS_POSSIBLE=0x3f7fd7

qemu_version() { qemu-system-x86_64 --version 2>/dev/null | sed -n '1s/.*version \([0-9.]*\).*/\1/p'; }

require_qemu() {
	local version

	version=$(qemu_version)
	[ "${version%%.*}" -ge 10 ] 2>/dev/null ||
		die "QEMU ${version:-is not there}: 10 or newer is needed, older ones corrupt" \
			"their guests (scripts/install-deps)"
}

# Words for the kernel of host NUMBER. More time limits for the watchdogs: guest/init.
kernel_words() {
	local stall=60 slow=

	[ "$KERNEL" != debug ] || stall=300 slow=vrdma.slow=1
	echo "console=ttyS0 loglevel=5 panic=-1 oops=panic mitigations=off nokaslr" \
		"random.trust_cpu=on cryptomgr.notests net.ifnames=0 tsc=reliable no_timer_check" \
		"lpj=4000000 8250.nr_uarts=1 apparmor=0 audit=0 rcupdate.rcu_cpu_stall_timeout=$stall" \
		"workqueue.watchdog_thresh=$stall $slow" \
		"vrdma.host=$1 vrdma.hosts=$HOSTS vrdma.layer vrdma.image ${LAYER_KERNEL:+vrdma.kernel}" \
		"${EXTRA_WORDS-}"
}

# share TAG DIR [OPTION]: QEMU words for DIR as a 9p mount tag.
share() {
	printf '%s\n' -fsdev "local,id=$1,path=$2,security_model=none,multidevs=remap${3:+,$3}" \
		-device "virtio-9p-pci,fsdev=$1,mount_tag=$1"
}

# network NUMBER: QEMU words for the link between the hosts. A single host's packets go to
# a socket that is not there, and so are lost; a hub without a port would keep them until
# the guest's driver complains.
network() {
	local netdev=dgram,id=net,local.type=unix,local.path=$RUN/net.$1

	netdev+=,remote.type=unix,remote.path=$RUN/net.$((3 - $1))
	printf '%s\n' -netdev "$netdev" \
		-device "virtio-net-pci,netdev=net,host_mtu=9000,romfile=,mac=52:54:00:00:00:0$1"
}

accelerator() {
	if grep -qE '^flags.* (vmx|svm)( |$)' /proc/cpuinfo && [ -w /dev/kvm ]; then
		printf '%s\n' -accel kvm -cpu max
	else
		# Without the fast string instructions: emulated ones are slower than loops.
		printf '%s\n' -accel tcg,thread=multi,tb-size=512 -cpu max,-erms,-fsrm
	fi
}

# boot_guest NUMBER OUTPUT-FD: start that host's QEMU; its pid goes to QEMU[NUMBER].
boot_guest() {
	local number=$1 tag
	local -a words

	mapfile -t words < <(
		accelerator
		share vm "$RUN/vm"
		share src "$VRDMA_TOP" readonly=on
		share layer "$RUN/layer" readonly=on
		share image "$IMAGE" readonly=on
		[ -z "$LAYER_KERNEL" ] || share kernel "$LAYER_KERNEL" readonly=on
		while read -r tag _; do
			share "$tag" "$(readlink "$RUN/with.$tag")" readonly=on
		done <"$RUN/vm/with"
		network "$number"
	)
	# shellcheck disable=SC2054
	if [ -e "$RUN/vm/shell" ]; then
		words+=(-chardev stdio,id=output,signal=off -device virtio-serial-pci
			-device virtconsole,chardev=output)
	else
		words+=(-add-fd "fd=$2,set=1" -chardev file,id=output,path=/dev/fdset/1,append=on
			-device virtio-serial-pci -device virtserialport,chardev=output,name=output)
	fi
	# It dies with this script, however this script dies.
	setpriv --pdeathsig KILL qemu-system-x86_64 \
		-M q35,hpet=off,usb=off,vmport=off,smbus=off,sata=off -nodefaults -no-user-config \
		-vga none -display none -monitor none -no-reboot \
		-smp "$CPUS" -m "$MEM" -kernel "$BOOT/vmlinux" -initrd "$BOOT/initrd" \
		-append "$(kernel_words "$number")" -serial "file:$RUN/console.$number" \
		-device isa-debug-exit,iobase=0xf4,iosize=0x04 \
		-object rng-random,filename=/dev/urandom,id=rng -device virtio-rng-pci,rng=rng \
		"${words[@]}" 2>"$RUN/qemu.$number" <"${GUEST_INPUT:-/dev/null}" &
	QEMU[number]=$!
}

guest_runs() { kill -0 "${QEMU[$1]}" 2>/dev/null; }

end_guest() {
	kill -KILL "${QEMU[$1]}" 2>/dev/null || true
	wait "${QEMU[$1]}" 2>/dev/null || true
	rm -f "$RUN/net.$1"
}

end_guests() {
	local number

	for number in "${!QEMU[@]}"; do
		end_guest "$number"
	done
}

# badly_timed NUMBER: a guest that boots while the host is busy can get its ticks in one
# burst and measure its APIC timer over a millisecond instead of a hundred. Its timers
# are wrong by factors then, and it crawls, or stalls.
badly_timed() {
	local measured

	[ ! -e "$RUN/vm/ready.$1" ] || return 1
	measured=$(sed -n 's/.*APIC calibration not consistent with PM-Timer: \([0-9]*\)ms.*/\1/p' \
		"$RUN/console.$1" 2>/dev/null)
	[ "${measured:-100}" -lt 50 ]
}

# splat_in FILE: the excerpt from the first bad line on; false when there is none.
splat_in() {
	local line

	[ -s "$1" ] || return 1
	line=$(grep -nE -m 1 -- "$SPLATS" "$1" | cut -d: -f1)
	[ -n "$line" ] || return 1
	tail -n "+$((line > 3 ? line - 3 : 1))" "$1" | head -n 70
	emulator_fault "$1"
}

emulator_fault() {
	local flags

	sed -n 's/.*EFLAGS: \([0-9a-f]\{8\}\).*/\1/p' "$1" | while read -r flags; do
		((0x$flags & ~EFLAGS_POSSIBLE)) || continue
		echo "emulator fault: EFLAGS $flags cannot be; do not look for it in the module"
	done
}

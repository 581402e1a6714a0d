# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The guest's root file system and the kernels it boots. Sourced after debian.sh.

IMAGE_PACKAGES=(
	# the guest
	bc ethtool fio gawk ibverbs-providers ibverbs-utils iproute2 iputils-ping kmod
	libfabric-bin linux-image-amd64 mount nftables nvme-cli perftest procps psmisc
	python3-pyverbs qperf rdma-core rdmacm-utils strace tcpdump udev util-linux
	# what is built in its chroot: module, provider, selftests, debug kernel
	bison cpio flex gcc libc6-dev libelf-dev libibverbs-dev librdmacm-dev libssl-dev
	linux-headers-amd64 make sparse xz-utils zstd
)
PYVERBS_TESTS=/usr/share/vrdma/pyverbs-tests

# ensure_image: the Debian root every guest boots and everything is built in.
ensure_image() {
	local key

	key=$(printf '%s\n' "$SUITE" "${IMAGE_PACKAGES[@]}" "${MODULES_KEPT[@]}" \
		"$(declare -f make_image trim_modules)" |
		sha256sum | cut -c1-16)
	cached "$VRDMA_CACHE/image/$SUITE-$key" make_image
	forget_old 2 "$VRDMA_CACHE/image/$SUITE-"
}

make_image() {
	local root=$1

	make_root "$SUITE" "$(IFS=, && echo "${IMAGE_PACKAGES[*]}")" "$root"
	mkdir -p "$root$PYVERBS_TESTS" "$root/src" "$root/with" "$root/vm"
	cp -a "$root"/usr/share/doc/rdma-core/tests/. "$root$PYVERBS_TESTS"
	find "$root$PYVERBS_TESTS" -name '*.gz' -exec gunzip {} +
	[ -f "$root$PYVERBS_TESTS/run_tests.py" ] || die "python3-pyverbs has no tests"
	trim_modules "$root" "$(stock_release "$root")"
	rm -f "$root/etc/machine-id" "$root/etc/hostname"
	rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/*
}

# Below /usr/lib/modules/RELEASE/kernel: what a guest here may load.
MODULES_KEPT=(
	arch block crypto fs lib mm net virt
	drivers/{block,char,crypto,infiniband/{core,sw,ulp},nvme,scsi/scsi_*,target,vhost,virtio}
	drivers/net/{*.ko.xz,bonding,ipvlan,team,vxlan,wireguard}
)

# trim_modules ROOT RELEASE: only the modules above, neither compressed nor signed. An
# emulated processor takes seconds to unpack and verify them, depmod to read all of Debian's.
trim_modules() {
	local modules=$1/usr/lib/modules/$2

	mv "$modules/kernel" "$modules/all"
	mkdir "$modules/kernel"
	# shellcheck disable=SC2068
	(cd "$modules/all" && tar -cf - ${MODULES_KEPT[@]}) | tar -C "$modules/kernel" -xf -
	rm -rf "$modules/all"
	find "$modules/kernel" -name '*.ko.xz' -exec unxz {} +
	find "$modules/kernel" -name '*.ko' -exec strip -g {} +
	depmod -b "$1" "$2"
}

# stock_release IMAGE: the release name of Debian's kernel in it.
stock_release() { find "$1/usr/lib/modules" -mindepth 1 -maxdepth 1 -printf '%f\n' | head -n 1; }

# The modules a stock guest needs to reach its root.
INITRD_MODULES=(virtio_pci virtio_net virtio_console virtio_rng 9pnet_virtio 9p overlay)

# ensure_boot ROOT RELEASE: a directory with `vmlinux` and `initrd` for the kernel of a root:
# an image's, or the debug kernel's directory.
ensure_boot() {
	local key

	key=$({
		hash_of "$VRDMA_TOP/scripts/guest/initrd-init" "$VRDMA_TOP/scripts/lib/bzimage.py"
		declare -f make_boot make_initrd
	} | sha256sum | cut -c1-16)
	cached "$VRDMA_CACHE/boot/${1##*/}-$2-$key" make_boot "$1" "$2"
}

make_boot() {
	if [ -f "$1/vmlinux" ]; then
		ln "$1/vmlinux" "$3/vmlinux"
	else
		python3 "$VRDMA_TOP/scripts/lib/bzimage.py" "$1/boot/vmlinuz-$2" "$3/vmlinux"
	fi
	make_initrd "$1" "$2" "$3/initrd"
}

# make_initrd ROOT RELEASE FILE: busybox, the first init, and INITRD_MODULES where
# the kernel has them as modules.
make_initrd() {
	local root=$1 release=$2 tree module file

	tree=$(mktemp -d)
	mkdir -p "$tree"/{bin,dev,lower,mod,new,proc,rw,sys}
	cp /bin/busybox "$tree/bin/busybox"
	install -m 755 "$VRDMA_TOP/scripts/guest/initrd-init" "$tree/init"
	: >"$tree/mod/order"
	for module in "${INITRD_MODULES[@]}"; do
		modprobe -d "$root" -S "$release" --show-depends "$module" 2>/dev/null || true
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' |
		while read -r file; do
			module=${file##*/}
			module=${module%%.ko*}.ko
			case $file in
			*.xz) xz -dc "$file" >"$tree/mod/$module" ;;
			*.zst) zstd -dcq "$file" >"$tree/mod/$module" ;;
			*) cp "$file" "$tree/mod/$module" ;;
			esac
			strip -g "$tree/mod/$module"
			echo "$module" >>"$tree/mod/order"
		done
	(cd "$tree" && find . | cpio -o -H newc -R 0:0 --quiet) >"$3"
	rm -rf "$tree"
}

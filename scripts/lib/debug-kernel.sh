# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The debug guest kernel, from Debian's source with scripts/debug-kernel.config.
# Sourced after image.sh and source.sh.

# ensure_debug_kernel: a directory with `vmlinux`, `vmlinux.debug` (unstripped), `release`,
# `layer/` (its modules, laid over the image) and `build/` (what modules are built against,
# as /mnt/new/build beside ensure_linux_source's tree as /mnt/linux).
ensure_debug_kernel() {
	local image source key

	image=$(ensure_image)
	source=$(ensure_linux_source)
	key=$({
		cat "$VRDMA_TOP/scripts/debug-kernel.config"
		head -n 6 "$source/Makefile"
	} | sha256sum | cut -c1-16)
	cached "$VRDMA_CACHE/debug-kernel/$key" make_debug_kernel "$image" "$source"
}

make_debug_kernel() {
	local image=$1 source=$2 new=$3 release

	say "building the debug kernel (about 15 minutes, once)"
	mkdir "$new/build"
	cp "$VRDMA_TOP/scripts/debug-kernel.config" "$new/fragment"
	# shellcheck disable=SC2016
	in_chroot "$image" --ro "$source=linux" --rw "$new=new" -- \
		nice -n 10 bash -euc '
			cd /mnt/linux
			make -s O=/mnt/new/build tinyconfig
			cd /mnt/new/build
			/mnt/linux/scripts/kconfig/merge_config.sh -m .config /mnt/new/fragment >/dev/null
			make -s olddefconfig
			if lost=$(grep "^CONFIG_" /mnt/new/fragment | grep -vxFf .config); then
				echo "options that did not survive: $lost" >&2
				exit 1
			fi
			# The PVH entry calls memcmp before KASAN has its shadow.
			make -s -j"$(nproc)" KASAN_SANITIZE_string.o=n vmlinux modules
			make -s INSTALL_MOD_PATH=/mnt/new/stage INSTALL_MOD_STRIP=1 modules_install
			make -s kernelrelease >/mnt/new/release
			strip -g -o /mnt/new/vmlinux vmlinux
		'
	release=$(cat "$new/release")
	mkdir -p "$new/layer/usr/lib/modules"
	mv "$new/stage/lib/modules/$release" "$new/layer/usr/lib/modules/"
	rm -rf "$new/stage"
	# Links to trees of the chroot it was built in.
	rm -f "$new/layer/usr/lib/modules/$release"/{build,source}
	# What building a module reads stays; objects can be a gigabyte.
	find "$new/build" \( -name '*.o' -o -name '*.ko' -o -name '*.a' -o -name '.*.cmd' \
		-o -name '*.gcno' \) ! -path '*/scripts/*' ! -path '*/tools/*' -delete
	mv "$new/build/vmlinux" "$new/vmlinux.debug"
}

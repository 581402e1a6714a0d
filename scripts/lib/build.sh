# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Building what a guest gets: module, provider, selftests, each in the image's chroot
# with the image's compiler, cached by the hash of its sources. Every ensure_* prints a
# directory whose layer/ is laid over the image. Sourced after debug-kernel.sh.

LIBDIR=usr/lib/x86_64-linux-gnu/libibverbs
BUILDS_KEPT=12

# snapshot DIR PATH...: copies of the tree's PATHs as they are now below DIR, so that
# what is hashed is what is built.
snapshot() {
	local dir=$1

	shift
	# Products of a build in the tree itself stay behind.
	(cd "$VRDMA_TOP" && find "$@" -type f ! -name '*.o' ! -name '*.ko' ! -name '*.cmd' \
		! -name '*.mod' ! -name '*.mod.c' ! -name '*.so' ! -name probed.h ! -name '*.tmp' \
		! -name modules.order ! -name Module.symvers -print0) |
		tar -C "$VRDMA_TOP" --null -T - -cf - | tar -C "$dir" -xf -
}

# built KIND KEY-WORDS "PATH..." MAKER...: the product of `MAKER... SNAPSHOT NEW` for a
# snapshot of those PATHs, cached by the key words and the snapshot's hash.
built() (
	kind=$1 words=$2 paths=$3
	shift 3
	staged=$(mktemp -d)
	trap 'rm -rf "$staged"' EXIT
	# shellcheck disable=SC2086
	snapshot "$staged" $paths
	key=$({
		echo "$words"
		hash_of_tree "$staged"
	} | sha256sum | cut -c1-16)
	cached "$VRDMA_CACHE/$kind/$key" "$@" "$staged"
	forget_old "$BUILDS_KEPT" "$VRDMA_CACHE/$kind/"
)

MODULE_SOURCES='Kbuild include kernel'

# ensure_module KERNEL: vrdma.ko for 6.12 or debug, with module dependencies.
ensure_module() {
	local image kernel

	image=$(ensure_image)
	case $1 in
	6.12)
		built module "$1 ${image##*/}" "$MODULE_SOURCES" \
			make_module "$image" "$(stock_release "$image")" "$image" ''
		;;
	debug)
		kernel=$(ensure_debug_kernel)
		built module "$1 ${kernel##*/} ${COVERAGE-}" "$MODULE_SOURCES" \
			make_module "$image" "$(cat "$kernel/release")" "$kernel/layer" "$kernel"
		;;
	*) die "no kernel $1" ;;
	esac
}

# make_module IMAGE RELEASE MODULES-ROOT DEBUG-KERNEL SNAPSHOT NEW
make_module() {
	local image=$1 release=$2 modules=$3 debug=$4 new=$6

	seed_module "$release" "$5" "$new"
	if [ -n "$debug" ]; then
		compile_module "$image" "$new" /mnt/new/build \
			--ro "$debug=new" --ro "$(ensure_linux_source)=linux"
	else
		compile_module "$image" "$new" "/usr/lib/modules/$release/build"
	fi
	mkdir -p "$new/layer/usr/lib/modules/$release/updates"
	cp "$new/src/kernel/vrdma.ko" "$new/layer/usr/lib/modules/$release/updates/"
	list_modules "$modules/usr/lib/modules/$release" "$new" "$release"
}

# seed_module RELEASE SNAPSHOT NEW: start from the newest build for that kernel, so that
# make compiles only what has changed since.
seed_module() {
	local release=$1 snapshot=$2 src=$3/src last file

	last=$(grep -lsx "$release" "$VRDMA_CACHE"/module/*/release | xargs -r ls -t | head -n 1)
	if [ -z "$last" ] || ! cp -a "${last%/release}/src" "$src"; then
		rm -rf "$src"
		cp -a "$snapshot" "$src"
	fi
	echo "$release" >"$3/release"
	(cd "$src" && find . -name '*.[ch]' -o -name 'Kbuild*' -o -name '*.sh') |
		while read -r file; do
			[ -e "$snapshot/$file" ] || [ "${file##*/}" = probed.h ] || rm -f "$src/$file"
		done
	(cd "$snapshot" && find . -type f) | while read -r file; do
		cmp -s "$snapshot/$file" "$src/$file" && continue
		mkdir -p "$src/${file%/*}"
		cp "$snapshot/$file" "$src/$file"
	done
}

# compile_module IMAGE NEW KERNEL-BUILD [CHROOT OPTION...]: warnings are errors.
compile_module() {
	local image=$1 new=$2 kernel=$3

	shift 3
	say "building the module against $kernel"
	in_chroot "$image" "$@" --rw "$new=module" -- \
		make -s -j"$(nproc)" -C "$kernel" M=/mnt/module/src CONFIG_INFINIBAND_VRDMA=m \
		KCFLAGS=-Werror ${COVERAGE:+VRDMA_COVERAGE=1} modules
	[ -f "$new/src/kernel/vrdma.ko" ] || die "no vrdma.ko came out"
}

# list_modules MODULES NEW RELEASE: depmod over MODULES with NEW's laid over them; what
# it writes lands in NEW's layer.
list_modules() {
	mkdir "$2/work" "$2/root"
	# shellcheck disable=SC2016
	unshare --mount --propagation private bash -euc '
		mount -t tmpfs tmpfs "$2/root"
		mkdir -p "$2/root/lib/modules/$3"
		upper=$2/layer/usr/lib/modules/$3
		mount -t overlay -o "lowerdir=$1,upperdir=$upper,workdir=$2/work" overlay \
			"$2/root/lib/modules/$3"
		depmod -b "$2/root" "$3"
	' list_modules "$@"
	rm -rf "$2/work" "$2/root"
}

# ensure_provider: libvrdma-rdmavNN.so and its driver file, where Debian has them.
ensure_provider() {
	local image source

	image=$(ensure_image)
	source=$(ensure_rdma_core_source)
	built provider "${image##*/} $(hash_of "$VRDMA_TOP/scripts/lib/compile-provider")" \
		'include kernel userspace' make_provider "$image" "$source"
}

make_provider() {
	local image=$1 source=$2 new=$4

	say "building the provider"
	cp -a "$3" "$new/src"
	cp "$VRDMA_TOP/scripts/lib/compile-provider" "$new/"
	mkdir -p "$new/layer/$LIBDIR" "$new/layer/etc/libibverbs.d"
	in_chroot "$image" --ro "$source=rdma-core" --rw "$new=provider" -- \
		/mnt/provider/compile-provider /mnt/rdma-core /mnt/provider/src \
		"/mnt/provider/layer/$LIBDIR"
	cp "$3/userspace/vrdma.driver" "$new/layer/etc/libibverbs.d/"
}

# ensure_selftests: what `make -C selftests` makes, as it is to appear below /src.
ensure_selftests() {
	local image

	image=$(ensure_image)
	built selftests "${image##*/}" 'include kernel userspace selftests' \
		make_selftests "$image"
}

make_selftests() {
	local image=$1 staged=$2 new=$3

	say "building the selftests"
	cp -a "$staged" "$new/src"
	in_chroot "$image" --rw "$new=selftests" -- \
		make -s -j"$(nproc)" -C /mnt/selftests/src/selftests
	# Only what was made: sources and scripts come from the tree.
	(cd "$staged" && find selftests -type f -print0) | (cd "$new/src" && xargs -0r rm -f)
	find "$new/src/selftests" -name '*.o' -delete
	mkdir -p "$new/layer/usr/lib/vrdma/built"
	mv "$new/src/selftests" "$new/layer/usr/lib/vrdma/built/"
	rm -rf "$new/src"
}

# install_built KERNEL LAYER: all of it into a guest's layer.
install_built() {
	local dir

	dir=$(ensure_module "$1")
	cp -a "$dir/layer/." "$2"
	dir=$(ensure_provider)
	cp -a "$dir/layer/." "$2"
	dir=$(ensure_selftests)
	cp -a "$dir/layer/." "$2"
}

# The kernels the module is compiled for but no guest boots: suite of each.
declare -A HEADERS_SUITE=([6.1]=bookworm [7.2]=sid)

# ensure_headers_root SUITE: that suite's kernel headers and compiler.
ensure_headers_root() {
	cached "$VRDMA_CACHE/headers/$1" make_root "$1" \
		linux-headers-amd64,gcc,make,libc6-dev,sparse
}

# ensure_module_compiles KERNEL: the module built against that suite's headers.
ensure_module_compiles() {
	local root release

	root=$(ensure_headers_root "${HEADERS_SUITE[$1]}")
	release=$(headers_release "$root")
	built module-only "$release" "$MODULE_SOURCES" \
		make_module_only "$root" "$release"
}

headers_release() {
	find "$1/usr/lib/modules" "$1/lib/modules" -mindepth 1 -maxdepth 1 -printf '%f\n' \
		2>/dev/null | head -n 1
}

make_module_only() {
	cp -a "$3" "$4/src"
	compile_module "$1" "$4" "/lib/modules/$2/build"
}

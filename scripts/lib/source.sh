# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sources of the suite's own kernel and rdma-core, unpacked once. Sourced after debian.sh.

# ensure_linux_source: the tree of linux-source-6.12.
ensure_linux_source() { cached "$VRDMA_CACHE/source/linux-6.12-$SUITE" unpack_linux_source; }

unpack_linux_source() {
	local new=$1

	say "unpacking linux-source-6.12"
	suite_apt "$SUITE" update
	mkdir "$new/deb"
	(cd "$new/deb" && suite_apt "$SUITE" download linux-source-6.12)
	dpkg -x "$new"/deb/*.deb "$new/deb"
	tar -C "$new" --strip-components=1 -xf "$new/deb/usr/src/linux-source-6.12.tar.xz"
	rm -rf "$new/deb"
}

# ensure_rdma_core_source: the tree of the suite's rdma-core, for the provider's
# private headers.
ensure_rdma_core_source() { cached "$VRDMA_CACHE/source/rdma-core-$SUITE" unpack_rdma_core; }

unpack_rdma_core() {
	local new=$1

	say "unpacking the source of rdma-core"
	suite_apt "$SUITE" update
	mkdir "$new/tar"
	(cd "$new/tar" && suite_apt "$SUITE" -o APT::Sandbox::User=root \
		source --download-only --tar-only rdma-core)
	tar -C "$new" --strip-components=1 -xf "$new"/tar/rdma-core_*.orig.tar.*
	rm -rf "$new/tar"
}

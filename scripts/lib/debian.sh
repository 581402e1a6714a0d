# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Debian's packages and sources of any suite, through this machine's own apt
# configuration: its mirror, its proxy, its notion of valid dates. Sourced after base.sh.

# The archive this machine installs Debian from.
debian_mirror() {
	local release

	# shellcheck disable=SC1091,SC2153
	release=$(. /etc/os-release && echo "$VERSION_CODENAME")
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(CODENAME) $(COMPONENT) $(ORIGIN) $(REPO_URI)' \
		'Created-By: Packages' |
		awk -v release="$release" '$1 == release && $2 == "main" && $3 == "Debian" { print $4; exit }' |
		grep . || die "apt has no Debian $release main: run apt-get update"
}

# How this machine talks to an archive, as apt.conf lines.
apt_settings() {
	apt-config dump --format '%f "%v";%n' |
		grep -E '^Acquire::(http|https|ftp|Check-|Retries|ForceIP)' || true
	echo 'APT::Install-Recommends "false";'
	echo 'Acquire::Languages "none";'
	echo 'Dpkg::Use-Pty "false";'
}

# suite_apt SUITE COMMAND...: apt-get COMMAND with SUITE's packages and sources known
# (a backports suite's with those of its base), and this machine's own lists untouched.
suite_apt() {
	local suite=$1 dir=$VRDMA_CACHE/apt/$1 each

	shift
	mkdir -p "$dir/lists/partial" "$dir/parts"
	for each in "${suite%-backports}" "$suite"; do
		printf 'deb %s %s main\ndeb-src %s %s main\n' "$(debian_mirror)" "$each" \
			"$(debian_mirror)" "$each"
	done | sort -u >"$dir/sources.list"
	apt_settings >"$dir/apt.conf"
	APT_CONFIG=$dir/apt.conf apt-get -q -y -o Dir::Etc::SourceList="$dir/sources.list" \
		-o Dir::Etc::SourceParts="$dir/parts" -o Dir::State::Lists="$dir/lists" "$@"
}

# make_root SUITE PACKAGES(,) NEW [mmdebstrap option...]: a root file system.
make_root() {
	local suite=$1 packages=$2 new=$3 settings

	shift 3
	settings=$(mktemp)
	apt_settings >"$settings"
	say "building a Debian $suite root (about a minute)"
	mmdebstrap --quiet --mode=root --variant=apt --aptopt="$settings" \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-include=/usr/share/doc/rdma-core*' \
		--include="$packages" "$@" "$suite" "$new" \
		"deb $(debian_mirror) $suite main"
	rm -f "$settings"
}

# in_chroot ROOT [--rw DIR=NAME]... [--ro DIR=NAME]... -- COMMAND...: COMMAND in ROOT with
# each DIR as /mnt/NAME and a /tmp of its own. The mounts live and die with the command.
in_chroot() {
	# shellcheck disable=SC2016
	unshare --mount --propagation private bash -euc '
		root=$1
		shift
		mount -t tmpfs tmpfs "$root/tmp"
		mount -t tmpfs tmpfs "$root/mnt"
		mount -t proc proc "$root/proc"
		mount --bind /dev "$root/dev"
		while [ "$1" != -- ]; do
			mkdir "$root/mnt/${2##*=}"
			mount --bind "${2%=*}" "$root/mnt/${2##*=}"
			[ "$1" = --rw ] || mount -o remount,bind,ro "$root/mnt/${2##*=}"
			shift 2
		done
		shift
		exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
			HOME=/root LC_ALL=C "$@"
	' in_chroot "$@"
}

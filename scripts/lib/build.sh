# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Building what a guest gets: module, provider, selftests, each in the image's chroot
# with the image's compiler, cached by the hash of its sources. Sourced after image.sh.

# install_built KERNEL LAYER: all of it into a guest's layer.
install_built() { :; }

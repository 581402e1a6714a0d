#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""bzimage.py BZIMAGE VMLINUX: take the ELF kernel out of a bzImage.

QEMU enters an ELF kernel directly (PVH), so that the emulated processor need
not decompress it. Offsets are those of the x86 boot protocol's setup header.
"""
import struct
import subprocess
import sys

SETUP_SECTS = 0x1F1
PAYLOAD = 0x248  # payload_offset, payload_length
SECTOR = 512

# First bytes of the payload; the command; bytes the kernel's build appended.
PACKERS = [
    (b"\x28\xb5\x2f\xfd", ["zstd", "-dcq"], 4),
    (b"\xfd7zXZ", ["xz", "-dc"], 4),
    (b"\x1f\x8b", ["gzip", "-dc"], 0),
]


def main(source, target):
    with open(source, "rb") as stream:
        image = stream.read()
    offset, length = struct.unpack_from("<II", image, PAYLOAD)
    start = ((image[SETUP_SECTS] or 4) + 1) * SECTOR + offset
    payload = image[start : start + length]
    for magic, command, tail in PACKERS:
        if payload.startswith(magic):
            payload = payload[: len(payload) - tail]
            break
    else:
        sys.exit(f"{source}: unknown compression")
    run = subprocess.run(command, input=payload, stdout=subprocess.PIPE, check=False)
    if not run.stdout.startswith(b"\x7fELF"):
        sys.exit(f"{source}: no ELF kernel inside")
    with open(target, "wb") as stream:
        stream.write(run.stdout)


main(*sys.argv[1:])

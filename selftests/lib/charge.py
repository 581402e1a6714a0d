#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""charge.py [--limited] DEVICE: who pays for a process' memory registrations and rings? Says KTAP
results. Runs in a memory cgroup of its own."""
import resource
import sys
import time

from pyverbs.cq import CQ
from pyverbs.device import Context
from pyverbs.enums import IBV_ACCESS_LOCAL_WRITE
from pyverbs.mr import MR
from pyverbs.pd import PD
from pyverbs.pyverbs_error import PyverbsError, PyverbsRDMAError

MIB = 1 << 20
SIZE = 32 * MIB
SLACK = 2 * MIB
CQES = 65536


def pinned():
    """Bytes this process is said to have pinned."""
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmPin")) * 1024


def kernel_memory():
    """Bytes of kernel memory the cgroup pays for; the figures are gathered with a delay."""
    time.sleep(2.5)
    with open("/proc/self/cgroup", encoding="ascii") as cgroup:
        path = "/sys/fs/cgroup" + cgroup.read().strip().split(":")[2]
    with open(path + "/memory.stat", encoding="ascii") as stat:
        return next(int(line.split()[1]) for line in stat if line.startswith("kernel "))


def near(value, wanted):
    print(f"# {value / MIB:.1f} MiB, wanted {wanted / MIB:.1f}")
    return abs(value - wanted) <= SLACK


def refused(pd):
    """A registration beyond the limit fails with ENOMEM."""
    try:
        MR(pd, SIZE, IBV_ACCESS_LOCAL_WRITE)
    except (PyverbsError, PyverbsRDMAError) as error:
        print(f"# {error}".replace("\n", " "))
        return "Errno: 12" in str(error) or getattr(error, "error_code", 0) == 12
    return False


def main(device):
    results = []
    context = Context(name=device)
    pd = PD(context)
    before = pinned()
    mr = MR(pd, SIZE, IBV_ACCESS_LOCAL_WRITE)
    results.append(("registered memory is pinned once", near(pinned() - before, SIZE)))
    second = MR(pd, SIZE, IBV_ACCESS_LOCAL_WRITE)
    results.append(("a second registration adds its own", near(pinned() - before, 2 * SIZE)))
    second.close()
    mr.close()
    results.append(("deregistering gives back", near(pinned() - before, 0)))
    before = kernel_memory()
    cq = CQ(context, CQES)
    results.append(("a ring is the cgroup's", near(kernel_memory() - before, CQES * 64)))
    cq.close()
    results.append(("destroying it gives back", near(kernel_memory() - before, 0)))
    for number, (name, good) in enumerate(results, 1):
        print(f"{'ok' if good else 'not ok'} {number} {name}")
    return 0 if all(good for _, good in results) else 1


def limited(device):
    """The same process without the right to lock at will."""
    pd = PD(Context(name=device))
    soft = 16 * MIB
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (soft, soft))
    good = refused(pd)
    print(f"{'ok' if good else 'not ok'} 1 a registration beyond the limit is refused")
    return 0 if good else 1


sys.exit(limited(sys.argv[2]) if sys.argv[1] == "--limited" else main(sys.argv[1]))

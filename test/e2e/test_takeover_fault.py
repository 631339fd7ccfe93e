# SPDX-License-Identifier: BSD-3-Clause
"""
What the MASTER itself lacks: the link of its instance's port, of a port that
it tracks, a worker that advances. It is FAULT and says so, the other box
takes over; once it is well it takes over again. Downloads live through all
of it, those too that began while it was FAULT.
"""

import contextlib
import ctypes
import errno
import os
import pathlib

from case import test
from pair import Pair
from rig import LIBC, check, run
from takeover import DOWNLOADS, Two, all_live, services_of
from topology import FAMILIES

LIVE_S, LATE_S = 16, 13     # of a download: longer than all moves take, and than those after the first
PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
WALL = 0x40000000       # waitpid: threads, too


@contextlib.contextmanager
def unplugged(two, port):
    """The far end of a's port is down."""
    mend = lambda: run(["ip", "link", "set", port, "up"], two.pair.switch)
    two.pair.rig.undo.append(mend)
    run(["ip", "link", "set", port, "down"], two.pair.switch)
    yield
    mend()


def ptrace(request, thread):
    LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
    LIBC.ptrace.restype = ctypes.c_long
    check(LIBC.ptrace(request, thread, None, None) == 0,
          f"ptrace {request} of {thread}: {errno.errorcode.get(ctypes.get_errno())}")


@contextlib.contextmanager
def worker_stopped(two):
    """One of a's workers gets no further, while all other threads go on: as a debugger stops a thread."""
    tasks = pathlib.Path("/proc", str(two.a.process.pid), "task").iterdir()
    thread = next((int(task.name) for task in tasks if "worker" in (task / "comm").read_text()), None)
    check(thread, "sluiced has no thread that is called a worker")
    ptrace(PTRACE_SEIZE, thread)
    try:
        ptrace(PTRACE_INTERRUPT, thread)
        os.waitpid(thread, WALL)
        yield
    finally:
        ptrace(PTRACE_DETACH, thread)


# Name: what happens to a, and what it says of it.
FAULTS = {"port": (lambda two: unplugged(two, "wa"), "link of its port"),
          "tracked": (lambda two: unplugged(two, "la"), "lan"),
          "worker": (worker_stopped, "worker stands still")}


@test("takeover-fault", cases=(*FAULTS, *FAMILIES))
def fault(t):
    pair = t.world.get(Pair)
    with Two(t, pair, services_of(pair, "NAT"), first="a", workers=2, queues=2, own_health="a",
             lines=("track_interface {", "    lan", "}")) as two:
        two.roles_wait(a="MASTER", b="BACKUP")
        loads = two.downloads("NAT", seconds=LIVE_S)
        for load in loads.values():
            load.running_wait()
        count = DOWNLOADS * len(FAMILIES)
        two.sync_wait(two.b, count, " before the first fault")
        late = {}
        for name, (broken, words) in FAULTS.items():
            with t.case(name), broken(two):
                two.roles_wait(a="FAULT", b="MASTER")
                why = two.instances(two.a)["VI_1"]["why"]
                check(words in why, f"a is FAULT, and says: {why}")
                if not late:
                    late = two.downloads("NAT", seconds=LATE_S)
                    for load in late.values():
                        load.running_wait()
                    two.sync_wait(two.a, 2 * count, " to the box that is FAULT")
            two.roles_wait(a="MASTER", b="BACKUP")
        all_live([*loads.values(), *late.values()])
        for family in FAMILIES:
            with t.case(family):
                for load in (loads[family], late[family]):
                    load.check(t, family)

# SPDX-License-Identifier: BSD-3-Clause
"""What the benchmark takes from the machine and gives back: CPUs and hugepages.

Two CPUs take part: one runs the packets of the program that is measured and
nothing else of ours; everything else (its control thread, the commands that
read its counters, this rig) stays on the other. Hugepages are reserved for the
whole run, if we may, and released at its end, however it ends.
"""

import contextlib
import glob
import os

HUGEPAGE = 2 << 20
NR_HUGEPAGES = "/proc/sys/vm/nr_hugepages"


class MachineError(Exception):
    """The machine cannot run the benchmark; the text says why and what would help."""


def choose_cpus(data_cpu):
    """Returns (control, data): `data_cpu` or else the last CPU, and the first other one."""
    usable = sorted(os.sched_getaffinity(0))
    if data_cpu is None:
        data_cpu = usable[-1]
    if data_cpu not in usable:
        raise MachineError(f"CPU {data_cpu} is not among the usable ones: {usable}")
    others = [cpu for cpu in usable if cpu != data_cpu]
    if not others:
        raise MachineError("needs two CPUs: one for packets, one for everything else")
    return others[0], data_cpu


def meminfo(name):
    """A line of /proc/meminfo: bytes, or a count for the HugePages_ lines."""
    with open("/proc/meminfo", encoding="ascii") as lines:
        for line in lines:
            key, _, value = line.partition(":")
            if key == name:
                number, _, unit = value.strip().partition(" ")
                return int(number) * (1024 if unit == "kB" else 1)
    return 0


def hugepage_bytes(pid):
    """What a process has in hugepages."""
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as lines:
        for line in lines:
            if line.startswith("HugetlbPages:"):
                return int(line.split()[1]) * 1024
    return 0


@contextlib.contextmanager
def hugepages(size_bytes):
    """Reserves hugepages for `size_bytes`; yields whether there are enough of them."""
    if meminfo("Hugepagesize") != HUGEPAGE:
        yield False
        return
    total = meminfo("HugePages_Total")
    missing = -(-size_bytes // HUGEPAGE) - meminfo("HugePages_Free")
    if missing > 0:
        nr_hugepages_set(total + missing)
    added = meminfo("HugePages_Total") - total
    try:
        yield meminfo("HugePages_Free") * HUGEPAGE >= size_bytes
    finally:
        if added > 0:
            nr_hugepages_set(meminfo("HugePages_Total") - added)


def nr_hugepages_set(count):
    """Without effect where it is not allowed; the kernel gives as many as it can."""
    with contextlib.suppress(OSError), open(NR_HUGEPAGES, "w", encoding="ascii") as knob:
        knob.write(str(count))


def thread_times(pid):
    """Nanoseconds on a CPU of each thread of a process, by thread id."""
    times = {}
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            with open(path, encoding="ascii") as schedstat:
                times[path.split("/")[4]] = int(schedstat.read().split()[0])
    return times


def busiest_share(before, after, elapsed_s):
    """The part of the time that the busiest thread had its CPU."""
    return max(after[tid] - before[tid] for tid in after if tid in before) / 1e9 / elapsed_s


def cpu_model():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as lines:
        for line in lines:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return "unknown"

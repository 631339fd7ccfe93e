# SPDX-License-Identifier: BSD-3-Clause
"""
What every end-to-end test stands on: network namespaces, processes inside
them, and waiting for conditions.

A Rig owns one run. Everything that it makes carries the run's number in its
name (namespaces "sle<pid>-...", files in its own directory), so two runs
cannot meet, and cleanup() takes all of it away whatever happened: children
die with their parent (PR_SET_PDEATHSIG), are killed by the process groups
that we made ourselves, and namespaces of runs that are gone are swept at the
next start. Nothing is ever looked up by a program's name.

No test sleeps for luck: wait_for() polls a condition, with a limit, and says
what did not happen.
"""

import contextlib
import ctypes
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)
NAMESPACE = re.compile(r"^sle(\d+)-")


class Failure(Exception):
    """A test found something wrong. The text is what a person reads."""


def check(condition, message):
    if not condition:
        raise Failure(message)


def wait_for(condition, limit_s, what, every_s=0.02):
    """Polls until condition() is true and returns its value; fails after limit_s with `what`.

    `what` may be a function, called at the end, to tell what was seen last.
    """
    end = time.monotonic() + limit_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            raise Failure(f"not within {limit_s} s: {what() if callable(what) else what}")
        time.sleep(every_s)


def in_namespace(netns, argv):
    return ["ip", "netns", "exec", netns, *argv] if netns else list(argv)


def run(argv, netns=None, timeout_s=30, ok=True, stdin=None):
    """Runs a program to its end and returns its result; with ok, an exit code other than 0 is a failure."""
    argv = [str(word) for word in argv]
    try:
        done = subprocess.run(in_namespace(netns, argv), input=stdin, capture_output=True, text=True,
                              errors="replace", timeout=timeout_s, check=False)
    except subprocess.TimeoutExpired as late:
        raise Failure(f"{' '.join(argv)}: did not end within {timeout_s} s") from late
    if ok and done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        raise Failure(f"{' '.join(argv)}: exit code {done.returncode}: {said}")
    return done



def syns_resent(netns):
    """How many SYNs the kernel of a namespace has sent again so far, both families together."""
    text = run(["cat", "/proc/net/netstat"], netns).stdout
    names, values = (line.split() for line in text.splitlines()[:2])
    return int(dict(zip(names, values))["TCPSynRetrans"])

def die_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """A child in a process group of its own, its output in a file."""

    def __init__(self, name, argv, netns, log, env, stdin=None, output=None, user=None, keep=False):
        self.name = name
        self.log = log
        self.keep = keep        # beyond the test that started it
        self.started = time.monotonic()
        argv = [str(word) for word in argv]
        if user:
            argv = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *argv]
        with open(log, "ab") as stream:
            self.log_start = stream.tell()
            self.popen = subprocess.Popen(
                in_namespace(netns, argv), stdin=stdin or subprocess.DEVNULL, stdout=output or stream,
                stderr=stream, env={**os.environ, **env}, start_new_session=True,
                preexec_fn=die_with_parent)
        self.pid = self.popen.pid

    def running(self):
        return self.popen.poll() is None

    def signal(self, number):
        self.popen.send_signal(number)

    def wait(self, limit_s):
        """Its exit code; a failure when it has not ended by then."""
        try:
            return self.popen.wait(limit_s)
        except subprocess.TimeoutExpired as late:
            raise Failure(f"{self.name} (pid {self.pid}) did not end within {limit_s:.1f} s") from late

    def output(self):
        with open(self.log, "rb") as stream:
            stream.seek(self.log_start)
            return stream.read().decode(errors="replace")

    def kill(self):
        """The whole group, children included. The group is ours until its leader has been waited for."""
        if self.running():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        self.popen.wait()

    def stop(self, limit_s=5):
        """Asks first."""
        if self.running():
            self.signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.popen.wait(limit_s)
        self.kill()


class Rig:
    def __init__(self):
        self.prefix = f"sle{os.getpid()}-"
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="sluice-e2e-"))
        self.directory.chmod(0o755)
        self.namespaces = []
        self.processes = []
        self.undo = []          # functions that put back what a test changed
        self.number = 0
        self.helpers = {}

    # ---- namespaces ----

    def namespace(self, name):
        netns = self.prefix + name
        run(["ip", "netns", "add", netns])
        self.namespaces.append(netns)
        run(["ip", "link", "set", "lo", "up"], netns)
        return netns

    def sysctl(self, netns, **values):
        """Keys with dots written as double underscores."""
        for key, value in values.items():
            path = pathlib.Path("/proc/sys") / key.replace("__", "/")
            run(["sh", "-c", f"echo {value} > {path}"], netns)

    def link(self, netns_a, name_a, netns_b, name_b):
        """A veth pair that hands over what a real wire would: whole checksums, packets of at most the MTU."""
        run(["ip", "link", "add", name_a, "netns", netns_a, "type", "veth", "peer", "name", name_b,
             "netns", netns_b])
        for netns, name in ((netns_a, name_a), (netns_b, name_b)):
            run(["ethtool", "-K", name, "tx", "off", "gso", "off", "tso", "off", "gro", "off"], netns)
            run(["ip", "link", "set", name, "txqueuelen", "10000", "up"], netns)

    def mute(self, netns, name):
        """The interface carries Sluice's packets; the kernel must not answer any of them."""
        self.sysctl(netns, **{f"net__ipv6__conf__{name}__disable_ipv6": 1})
        run(["ip", "link", "set", name, "arp", "off"], netns)

    # ---- processes ----

    def spawn(self, name, argv, netns=None, env=None, **more):
        """`more` as Process has it."""
        process = Process(name, argv, netns, self.directory / f"{name}.log", env or {}, **more)
        self.processes.append(process)
        return process

    def numbered(self, name):
        self.number += 1
        return f"{name}-{self.number}"

    def helper(self, source, *flags):
        """A small C program or library next to this file, compiled once a run."""
        if source not in self.helpers:
            path = pathlib.Path(__file__).with_name(source)
            built = self.directory / path.stem
            run(["cc", "-std=gnu17", "-O2", "-Wall", "-Wextra", "-Werror", "-o", built, path, *flags])
            self.helpers[source] = built
        return self.helpers[source]

    # ---- the end ----

    def processes_end(self):
        """What a test started ends with it, and what it changed is put back."""
        for process in reversed(self.processes):
            if not process.keep:
                process.kill()
        self.processes = [process for process in self.processes if process.keep]
        self.changes_undo()

    def changes_undo(self):
        while self.undo:
            with contextlib.suppress(Failure, OSError):
                self.undo.pop()()

    def cleanup(self):
        for process in reversed(self.processes):
            process.kill()
        self.changes_undo()
        for netns in self.namespaces:
            remove_namespace(netns)
        self.namespaces.clear()
        shutil.rmtree(self.directory, ignore_errors=True)


def remove_namespace(netns):
    """With whatever still runs in it: the namespace is ours, so are its processes."""
    pids = run(["ip", "netns", "pids", netns], ok=False).stdout.split()
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    run(["ip", "netns", "del", netns], ok=False)


def sweep_dead_runs():
    """Namespaces that a run left behind which was itself killed beyond mercy."""
    for line in run(["ip", "netns", "list"], ok=False).stdout.splitlines():
        match = NAMESPACE.match(line)
        if match and not pathlib.Path("/proc", match[1]).exists():
            remove_namespace(line.split()[0])

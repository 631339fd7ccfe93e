# SPDX-License-Identifier: BSD-3-Clause
"""The two programs that are compared, behind one interface.

    with Testpmd(machine, work_dir, traffic) as program:
        program.warm_up()           # until the workload is in its steady state
        interval = program.measure(seconds)

`measure` takes the counters twice and returns what happened between: packets a
second of the clock, and how much of it the worker had its CPU. It raises BenchError
where a counter says that the program did anything else than forward every
packet of the workload: a fast number for the wrong work must not come out.
"""

import dataclasses
import fcntl
import json
import os
import re
import select
import subprocess
import time

import machine
import workload

BURST = 64
START_LIMIT_S = 60
WARM_UP_LIMIT_S = 30
STOP_LIMIT_S = 20

PIPE_BYTES = 1 << 20
PCAP_HEADER_BYTES = 24
PCAP_RECORD_BYTES = 16

# Counters are not read at one instant: at 100 Mpps this is 80 us.
SKEW_PACKETS = 8192


class BenchError(Exception):
    """The run is worthless; the text says why."""


@dataclasses.dataclass(frozen=True)
class Setup:
    """What is the same for all runs."""

    source_dir: str
    build_dir: str
    work_dir: str
    control_cpu: int
    data_cpu: int
    hugepages: bool


@dataclasses.dataclass
class Sample:
    at: float  # monotonic seconds
    counters: dict
    thread_ns: dict


@dataclasses.dataclass
class Interval:
    mpps: float
    cpu_share: float  # of the time, the worker had its CPU
    counters: dict


class Program:
    """What both have in common: a process with a log, and two samples of its counters."""

    name = ""

    def __init__(self, setup, traffic):
        self.setup = setup
        self.traffic = traffic
        self.row = traffic.row
        self.log_path = os.path.join(setup.work_dir, self.name + ".log")
        self.process = None
        self.pipe = None
        self.hits_wanted = None

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop(graceful=False)
            raise
        return self

    def __exit__(self, kind, *_):
        self.stop(graceful=kind is None)

    def start(self):
        """Until it is ready for the warm-up."""
        raise NotImplementedError

    def ask(self):
        """The counters now."""
        raise NotImplementedError

    def is_warm(self, counters):
        raise NotImplementedError

    def check(self, counters, delta):
        """Raises BenchError unless the interval shows what the workload implies."""
        raise NotImplementedError

    def launch(self, command, **options):
        """The rig itself is bound to the control CPU; programs choose theirs from all."""
        cpus = {self.setup.control_cpu, self.setup.data_cpu}
        # Both ends in one, lest opening it waits. The program reads the header when it opens the device.
        self.pipe = os.open(self.traffic.warm_up_pipe, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        fcntl.fcntl(self.pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        with open(self.traffic.warm_up, "rb") as pcap:
            os.write(self.pipe, pcap.read(PCAP_HEADER_BYTES))
        self.process = subprocess.Popen(command, cwd=self.setup.work_dir,
                                        preexec_fn=lambda: os.sched_setaffinity(0, cpus), **options)

    def stop(self, graceful):
        """Gracefully, it must end when it is told to; after a failure anything will do."""
        self.pipe_close()
        if self.process is None:
            return
        if self.process.poll() is None:
            self.quit() if graceful else self.process.kill()
        try:
            self.process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            self.fail(f"did not end within {STOP_LIMIT_S} s")
        finally:
            for stream in (self.process.stdin, self.process.stdout):
                if stream is not None:
                    stream.close()

    def quit(self):
        self.process.terminate()

    def fail(self, why):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            tail = "".join("    " + line for line in log.readlines()[-15:])
        raise BenchError(f"{self.name} {why}; the end of its log:\n{tail}")

    def require_alive(self):
        if self.process.poll() is not None:
            self.fail(f"ended by itself with code {self.process.returncode}")

    def require_memory(self):
        """Both programs must run on the same kind of memory."""
        taken = machine.hugepage_bytes(self.process.pid)
        pool = self.row.mbufs * workload.MBUF_BYTES * 0.8
        if self.setup.hugepages != (taken >= pool):
            self.fail(f"uses {taken >> 20} MB of hugepages, but its pool has {int(pool) >> 20} MB and "
                      f"hugepages are {'on' if self.setup.hugepages else 'off'}")

    def pipe_close(self):
        if self.pipe is not None:
            os.close(self.pipe)
            self.pipe = None

    def pipe_fill(self, limit):
        """The first burst goes twice: the worker that waits for it may not know its services yet."""
        with open(self.traffic.warm_up, "rb") as pcap:
            pcap.seek(PCAP_HEADER_BYTES)
            os.write(self.pipe, pcap.read(BURST * (PCAP_RECORD_BYTES + self.row.frame_bytes)))
            pcap.seek(PCAP_HEADER_BYTES)
            while chunk := pcap.read(PIPE_BYTES // 4):
                while chunk:
                    if select.select([], [self.pipe], [], 0.2)[1]:
                        chunk = chunk[os.write(self.pipe, chunk):]
                    self.require_alive()
                    if time.monotonic() > limit:
                        self.fail("does not take the packets of the warm-up")
        self.pipe_close()

    def warm_up(self):
        limit = time.monotonic() + WARM_UP_LIMIT_S
        self.pipe_fill(limit)
        while not self.is_warm(counters := self.ask()):
            self.require_alive()
            if time.monotonic() > limit:
                self.fail(f"is not warm after {WARM_UP_LIMIT_S} s: {counters}")
            time.sleep(0.05)
        self.require_memory()

    def sample(self):
        before = time.monotonic()
        counters = self.ask()
        after = time.monotonic()
        return Sample((before + after) / 2, counters, machine.thread_times(self.process.pid))

    def measure(self, seconds):
        first = self.sample()
        time.sleep(seconds)
        last = self.sample()
        delta = {name: last.counters[name] - first.counters[name] for name in last.counters}
        self.check(last.counters, delta)
        elapsed = last.at - first.at
        return Interval(delta["tx"] / elapsed / 1e6,
                        machine.busiest_share(first.thread_ns, last.thread_ns, elapsed), delta)

    def require(self, condition, why, delta):
        if not condition:
            shown = ", ".join(f"{name} {value}" for name, value in delta.items() if value)
            raise BenchError(f"{self.name}: {why} (in the interval: {shown})")


class Testpmd(Program):
    """The yardstick: DPDK's own test program in its mode 5tswap, asked over its prompt."""

    name = "testpmd"
    COUNTER = re.compile(r"(RX-packets|RX-missed|RX-errors|RX-nombuf|TX-packets|TX-errors):\s*(\d+)")
    END_OF_PORT = re.compile(r"\s*#{40,}\s*$")

    def start(self):
        row, setup = self.row, self.setup
        memory = ["--in-memory"] if setup.hugepages else [
            "--no-huge", "--no-shconf", "-m", str(row.memory_bytes(False) >> 20)]
        devices = [arg for device in self.traffic.devices for arg in ("--vdev", device)]
        with open(self.log_path, "w", encoding="utf-8") as log:
            self.launch(["stdbuf", "-oL", "dpdk-testpmd", "-l", f"{setup.control_cpu},{setup.data_cpu}",
                         "--main-lcore", str(setup.control_cpu), *memory, "--no-pci", "--no-telemetry", *devices,
                         "--", "--interactive", "--forward-mode=5tswap", "--nb-cores=1", "--rxq=1", "--txq=1",
                         f"--burst={BURST}", f"--total-num-mbufs={row.mbufs}", "--no-flush-rx",
                         "--port-topology=loop"],
                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
        self.say("start")
        self.ask()

    def say(self, command):
        try:
            self.process.stdin.write(command + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            self.process.wait()
            self.require_alive()

    def lines(self):
        """What it prints, kept in its log too."""
        with open(self.log_path, "a", encoding="utf-8") as log:
            while line := self.process.stdout.readline():
                log.write(line)
                yield line
        self.process.wait()
        self.require_alive()

    def ask(self):
        counters = {}
        for port, prefix in ((1, "warm_up_"), (0, "")):
            self.say(f"show port stats {port}")
            counters |= self.port_counters(prefix)
        return counters

    def port_counters(self, prefix):
        names = {"RX-packets": "rx", "TX-packets": "tx"}
        found = {}
        for line in self.lines():
            for name, value in self.COUNTER.findall(line):
                found[prefix + names.get(name, name)] = int(value)
            if found and self.END_OF_PORT.match(line):
                break
        return found

    def is_warm(self, counters):
        return counters["warm_up_rx"] >= self.row.flows + BURST and counters["rx"] >= 2 * self.row.packets

    def check(self, counters, delta):
        self.require(delta["tx"] > 0, "forwarded nothing", delta)
        self.require(abs(delta["rx"] - delta["tx"]) <= SKEW_PACKETS, "did not forward what it received", delta)
        for name in ("RX-missed", "RX-errors", "RX-nombuf", "TX-errors"):
            self.require(counters[name] == 0, f"{name} is not zero", delta)
        self.require(counters["warm_up_rx"] == self.row.flows + BURST, "did not play the warm-up once", delta)

    def quit(self):
        self.say("quit")
        for _ in self.process.stdout:
            pass


class Sluiced(Program):
    """The daemon, with its counters from sluicectl."""

    name = "sluiced"

    def start(self):
        setup = self.setup
        self.socket_path = os.path.join(setup.work_dir, self.name + ".sock")
        conf_path = os.path.join(setup.work_dir, self.name + ".conf")
        with open(conf_path, "w", encoding="ascii") as conf:
            conf.write(self.configuration())
        eal = [] if setup.hugepages else ["--", "--no-huge"]
        with open(self.log_path, "w", encoding="utf-8") as log:
            self.launch([self.path("src", "control", "sluiced"), "-f", conf_path, "--seed", "1", *eal],
                        stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        limit = time.monotonic() + START_LIMIT_S
        while not self.is_ready():
            self.require_alive()
            if time.monotonic() > limit:
                self.fail(f"is not ready with its services within {START_LIMIT_S} s")
            time.sleep(0.02)

    def configuration(self):
        return workload.configuration(self.traffic, self.setup.data_cpu, self.socket_path)

    def is_ready(self):
        try:
            return self.control("status")["services"] == workload.SERVERS
        except BenchError:
            return False

    def path(self, *parts):
        return os.path.join(self.setup.build_dir, *parts)

    def control(self, *verb):
        done = subprocess.run([self.path("src", "cli", "sluicectl"), "--socket", self.socket_path, "-j", *verb],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            self.require_alive()
            raise BenchError(f"sluicectl {' '.join(verb)} failed with code {done.returncode}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def ask(self):
        (worker,) = [entry for entry in self.control("workers") if entry["worker"] != "control"]
        return {name: value for name, value in worker.items() if isinstance(value, int) and name != "worker"}

    def is_warm(self, counters):
        """Every flow is there, and whatever came before its flow was is two rounds of the file ago."""
        if counters["flows"] < self.row.flows:
            self.hits_wanted = None
            return False
        if self.hits_wanted is None:
            self.hits_wanted = counters["hits"] + 2 * self.row.packets
        return counters["hits"] >= self.hits_wanted

    def check(self, counters, delta):
        row = self.row
        self.require(delta["tx"] > 0, "forwarded nothing", delta)
        self.require(counters["balanced"], "packets are not accounted for", delta)
        self.require(counters["flows"] == row.flows, f"has {counters['flows']} flows instead of {row.flows}", delta)
        self.require(abs(delta["rx"] - delta["tx"]) <= SKEW_PACKETS, "did not forward what it received", delta)
        self.require(abs(delta["rx"] - delta["hits"]) <= SKEW_PACKETS, "packets did not meet their flows", delta)
        for name in ("misses", "drops", "punts", "handed_in", "handed_out", "flows_created", "flows_expired"):
            self.require(delta[name] == 0, f"{name} grew", delta)
        listed = self.control("conn", "count")["count"]
        self.require(listed == row.flows, f"conn count says {listed} instead of {row.flows}", delta)

    def require(self, condition, why, delta):
        if not condition:
            drops = {entry["reason"]: entry["packets"] for entry in self.control("drops") if entry["packets"]}
            super().require(False, f"{why}; drops since its start: {drops}", delta)

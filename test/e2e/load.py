# SPDX-License-Identifier: BSD-3-Clause
"""
Traffic: wrk and the paced DNS queries, started in a client's namespace, and
what they report.

wrk runs under spread.c, which gives each connection the next of many source
addresses and notices requests that hang, which wrk never reports. "Failed"
is everything that either of them counts as not answered in full.
"""

import json
import signal
import time

from rig import Failure, check, wait_for

TIMEOUT_S = 8
LEAST_S = 4     # of traffic, for a verdict


class Wrk:
    """wrk in the background. result() waits for its end."""

    def __init__(self, topology, url, family, seconds, connections=8, threads=2, keep_alive=True):
        rig = topology.rig
        self.name = rig.numbered("wrk")
        self.report = rig.directory / f"{self.name}.spread"
        self.seconds = seconds
        self.connections = connections
        addresses = topology.client_addresses[family]
        argv = ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout", f"{TIMEOUT_S}s",
                "-s", __file__.replace("load.py", "wrk.lua")]
        if not keep_alive:
            argv += ["-H", "Connection: close"]
        spread = rig.helper("spread.c", "-shared", "-fPIC")
        # `env`, because `ip netns exec` is not to be preloaded.
        preload = ["env", f"LD_PRELOAD={spread}", f"SPREAD_ADDRESSES={','.join(addresses)}",
                   f"SPREAD_REPORT={self.report}"]
        self.process = rig.spawn(self.name, [*preload, *argv, url], topology.client)

    def finish(self, least_s=LEAST_S):
        """Ends it before its time, as Ctrl-C does: wrk then still reports. Not before it says something."""
        check(self.process.running(), f"wrk ended early: {self.process.output().strip()[-300:]}")
        wait_for(lambda: time.monotonic() > self.process.started + least_s, least_s + 1, "time passes")
        self.process.signal(signal.SIGINT)
        return self.result()

    def result(self):
        code = self.process.wait(self.seconds + 30)
        text = self.process.output()
        lines = [line for line in text.splitlines() if line.startswith("WRK ")]
        if code != 0 or not lines:
            raise Failure(f"wrk: exit code {code}: {text.strip()[-300:]}")
        told = json.loads(lines[0][4:])
        told.update(json.loads(self.report.read_text()))
        return Result(told)


class Result:
    """What one wrk did."""

    faults = ("connect", "read", "write", "status", "timeout", "bind_errors", "stalled")

    def __init__(self, told):
        self.told = told
        self.requests = told["requests"]
        self.connects = told["connects"]
        self.tuples = told["tuples"]        # different client addresses and ports among them
        self.failed = sum(told[fault] for fault in self.faults)

    def summary(self):
        told = self.told
        return (f"{self.requests} requests on {self.connects} connections, {self.failed} failed, "
                f"{self.requests / told['seconds']:.0f}/s, p99 {told['p99_ms']:.1f} ms, "
                f"slowest {told['slowest_ms']} ms")

    def check(self, at_least=1):
        """Zero failed requests, and enough of them that this says something."""
        bad = ", ".join(f"{fault} {self.told[fault]}" for fault in self.faults if self.told[fault])
        check(self.failed == 0, f"{self.failed} of {self.requests} requests failed: {bad}")
        check(self.requests >= at_least, f"{self.requests} requests, expected at least {at_least}")


class Queries:
    """`count` DNS queries, each sent once, at an even pace."""

    def __init__(self, topology, family, count, per_second, port=53, sockets=400):
        rig = topology.rig
        self.count = count
        self.limit_s = count / per_second * 1.5 + 15
        self.process = rig.spawn(rig.numbered("queries"), [
            rig.helper("queries.c"), topology.vip[family], port, count, per_second, sockets,
            ",".join(topology.client_addresses[family])], topology.client)

    def result(self):
        code = self.process.wait(self.limit_s)
        text = self.process.output()
        check(code == 0, f"queries: exit code {code}: {text.strip()[-300:]}")
        return json.loads(text.splitlines()[-1])

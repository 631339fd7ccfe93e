# SPDX-License-Identifier: BSD-3-Clause
"""What connection sync costs: the forwarding rate of a box with a peer beside that without.

Started by `tools/bench sync`. Two sluiced: the one that is measured has its worker
alone on a core; its peer, in a network namespace at the other end of a veth pair, shares
the other core with all the rest (control, sync threads, this rig).

churn   connections come and go as fast as the worker carries them: a SYN, a
        segment that establishes it, a reset, again and again. With sync each is
        told as soon as it is established, and its end is told.
bulk    a million connections are there, with traffic on all of them, when the peer
        joins: how long until it is in sync, and how fast is forwarding meanwhile.
"""

import argparse
import dataclasses
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import machine
import program
import workload

CHURN_FLOWS, CHURN_PACKETS = 65536, 3
BULK_FLOWS = workload.FLOWS_MANY
FLOOR = 0.9
NAMESPACE, LINK = "sluice-bench-peer", ("slbench0", "slbench1")
PORT_LINK = ("slbench2", "slbench3")  # the peer's data-plane port: nothing comes in by it
ADDRESS = ("10.254.254.1", "10.254.254.2")
IN_SYNC_LIMIT_S = 120
KEY = "a key of the benchmark"


@dataclasses.dataclass(frozen=True)
class Churn(workload.Row):
    """SYN, ACK, RST of each flow."""

    @property
    def packets(self):
        return self.flows * CHURN_PACKETS


class Master(program.Sluiced):
    """The box that is measured."""

    name = "master"

    def __init__(self, setup, traffic, sync):
        super().__init__(setup, traffic)
        self.sync = sync

    def configuration(self):
        return super().configuration() + (sync_block(0) if self.sync else "")


class Churning(Master):
    """... while connections come and go: nothing is warm, every packet moves a state."""

    def launch(self, command, **options):
        cpus = {self.setup.control_cpu, self.setup.data_cpu}
        self.process = subprocess.Popen(command, cwd=self.setup.work_dir,
                                        preexec_fn=lambda: os.sched_setaffinity(0, cpus), **options)

    def configuration(self):
        text = super().configuration()
        begin = text.index("port warm-up {")
        return text[:begin] + text[text.index("}\n", begin) + 2:]

    def warm_up(self):
        limit = time.monotonic() + program.WARM_UP_LIMIT_S
        while self.ask()["rx"] < 4 * self.row.packets:
            self.require_alive()
            if time.monotonic() > limit:
                self.fail("is not warm")
            time.sleep(0.05)

    def check(self, counters, delta):
        self.require(delta["tx"] > 0, "forwarded nothing", delta)
        self.require(counters["balanced"], "packets are not accounted for", delta)
        self.require(abs(delta["rx"] - delta["tx"]) <= program.SKEW_PACKETS, "did not forward what it received", delta)
        self.require(abs(delta["rx"] - CHURN_PACKETS * delta["flows_created"]) <= program.SKEW_PACKETS,
                     "does not open a connection with every third packet", delta)


class Peer(program.Sluiced):
    """The box that learns."""

    name = "peer"

    def configuration(self):
        port = (f'port traffic {{\n    device "net_af_packet0,iface={PORT_LINK[1]}"\n'
                f"    address {workload.ADDRESSES[self.row.family]['own']}\n"
                f"    gateway {workload.ADDRESSES[self.row.family]['gateway']}\n}}\n")
        text = super().configuration()
        begin, end = text.index("port traffic {"), text.index("static_neighbor")
        text = (text[:begin] + port + text[end:]).replace("idle busy", "idle adaptive")
        text = text.replace(f"worker_cores {self.setup.data_cpu}", f"worker_cores {self.setup.control_cpu}")
        return text.replace(f"mbufs {self.row.mbufs}", f"mbufs {workload.MBUFS_SPARE}") + sync_block(1)

    def launch(self, command, **options):
        self.process = subprocess.Popen(["ip", "netns", "exec", NAMESPACE, *command], cwd=self.setup.work_dir,
                                        preexec_fn=lambda: os.sched_setaffinity(0, {self.setup.control_cpu}),
                                        **options)

    def ha(self):
        return self.control("ha", "status")["sync"]

    def wait_in_sync(self):
        """Until it is; returns what it says then."""
        limit = time.monotonic() + IN_SYNC_LIMIT_S
        while not (status := self.ha())["in_sync"] or status["bulk"]:
            self.require_alive()
            if time.monotonic() > limit:
                self.fail(f"is not in sync after {IN_SYNC_LIMIT_S} s: {status}")
            time.sleep(0.02)
        return status


def sync_block(own):
    return ("connection_sync {\n"
            f"    interface {LINK[own]}\n    local {ADDRESS[own]}\n    peer {ADDRESS[1 - own]}\n"
            f'    id 1\n    key "{KEY}"\n}}\n')


def links_make():
    for words in (["netns", "add", NAMESPACE],
                  *(["link", "add", ends[0], "type", "veth", "peer", "name", ends[1], "netns", NAMESPACE]
                    for ends in (LINK, PORT_LINK)),
                  ["address", "add", f"{ADDRESS[0]}/24", "dev", LINK[0]],
                  ["-n", NAMESPACE, "address", "add", f"{ADDRESS[1]}/24", "dev", LINK[1]],
                  *(["link", "set", ends[0], "up"] for ends in (LINK, PORT_LINK)),
                  *(["-n", NAMESPACE, "link", "set", name, "up"] for name in ("lo", LINK[1], PORT_LINK[1]))):
        subprocess.run(["ip", *words], check=True)


def links_remove():
    for words in (["netns", "del", NAMESPACE], *(["link", "del", ends[0]] for ends in (LINK, PORT_LINK))):
        subprocess.run(["ip", *words], check=False, stderr=subprocess.DEVNULL)


def churn(setup, generator, family, rounds, seconds):
    row = Churn("DR", family, CHURN_FLOWS, "TCP")
    traffic = workload.generate_churn(generator, setup.work_dir, row)
    alone, beside, dropped, told = [], [], 0, 0
    try:
        for _ in range(rounds):
            with Churning(setup, traffic, sync=False) as running:
                running.warm_up()
                alone.append(running.measure(seconds).mpps)
            with Churning(setup, traffic, sync=True) as running, Peer(setup, traffic) as peer:
                peer.wait_in_sync()
                running.warm_up()
                before = running.control("ha", "status")["sync"]["counters"]
                beside.append(running.measure(seconds).mpps)
                after = running.control("ha", "status")["sync"]["counters"]
                dropped += after["dropped"] - before["dropped"]
                told += after["conns_sent"] - before["conns_sent"]
    finally:
        os.unlink(traffic.traffic)
    ratio = statistics.median(beside) / statistics.median(alone)
    print(f"churn {family}: {statistics.median(alone) / CHURN_PACKETS:.2f} million new connections a second alone, "
          f"{statistics.median(beside) / CHURN_PACKETS:.2f} in steady sync: ratio {ratio:.3f} "
          f"({min(b / a for a, b in zip(alone, beside)):.3f}-{max(b / a for a, b in zip(alone, beside)):.3f}); "
          f"told {told / rounds / seconds / 1e6:.2f} million a second, "
          f"overwritten before that {dropped / rounds / seconds / 1e6:.2f}", flush=True)
    return ratio


def bulk(setup, generator, family, rounds, seconds):
    row = workload.Row("DR", family, BULK_FLOWS, "TCP")
    traffic = workload.generate(generator, setup.work_dir, row)
    ratios, took = [], []
    try:
        for _ in range(rounds):
            with Master(setup, traffic, sync=True) as running:
                running.warm_up()
                alone = running.measure(seconds).mpps
                began = time.monotonic()
                first = running.sample()
                with Peer(setup, traffic) as peer:
                    status = peer.wait_in_sync()
                    last = running.sample()
                    joined = time.monotonic() - began
                    flows = peer.ask()["flows"]
                beside = (last.counters["tx"] - first.counters["tx"]) / (last.at - first.at) / 1e6
                ratios.append(beside / alone)
                took.append(status["bulk_ms"] / 1000)
                if flows != row.flows:
                    raise program.BenchError(f"the peer has {flows} connections of {row.flows}")
                print(f"bulk {family}: {flows:,} connections in {took[-1]:.2f} s, {joined:.2f} s from its start; "
                      f"{alone:.1f} Mpps before, {beside:.1f} meanwhile: ratio {ratios[-1]:.3f}", flush=True)
    finally:
        traffic.remove()
    print(f"bulk {family}: median {statistics.median(took):.2f} s, ratio {statistics.median(ratios):.3f}", flush=True)
    return statistics.median(ratios)


def main():
    parser = argparse.ArgumentParser(prog="bench sync", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rounds", metavar="N", type=int, default=3)
    parser.add_argument("--seconds", metavar="S", type=float, default=2.0)
    parser.add_argument("--only", choices=("churn", "bulk"))
    parser.add_argument("--family", choices=("IPv4", "IPv6"), default="IPv4")
    parser.add_argument("--source", default=os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                        help=argparse.SUPPRESS)
    parser.add_argument("--build", metavar="DIR", help="the build directory (default: build)")
    args = parser.parse_args()
    build = os.path.abspath(args.build or os.path.join(args.source, "build"))
    if os.geteuid() != 0:
        sys.exit("bench: sync needs root, for the peer's namespace: sudo tools/bench sync")
    control_cpu, data_cpu = machine.choose_cpus(None)
    os.sched_setaffinity(0, {control_cpu})
    wanted = workload.Row("DR", args.family, BULK_FLOWS, "TCP").memory_bytes(True) + (1 << 30)
    met = True
    with machine.hugepages(wanted) as have, tempfile.TemporaryDirectory(prefix="sluice-bench-") as work_dir:
        setup = program.Setup(args.source, build, work_dir, control_cpu, data_cpu, have)
        generator = workload.build_generator(args.source, work_dir)
        links_remove()
        try:
            links_make()
            for name, function in (("churn", churn), ("bulk", bulk)):
                if args.only in (None, name):
                    ratio = function(setup, generator, args.family, args.rounds, args.seconds)
                    met = met and ratio >= FLOOR
        finally:
            links_remove()
    print(f"floor {FLOOR}: {'met' if met else 'MISSED'}")


if __name__ == "__main__":
    try:
        main()
    except (program.BenchError, machine.MachineError, json.JSONDecodeError) as fault:
        sys.exit(f"bench: {fault}")
    except KeyboardInterrupt:
        sys.exit(130)

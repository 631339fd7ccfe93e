# SPDX-License-Identifier: BSD-3-Clause
"""
What the forwarding tests share: so many requests and not one failed, a
download that arrives as it was sent, the tunnels' far ends, and small
programs in a namespace that answer in JSON.
"""

import functools
import json
import pathlib
import signal
import sys

from load import Wrk
from rig import check, run, wait_for
from sluice import block
from test_bulk import digest, fetch

REQUESTS = 10_000
DOWNLOAD_BYTES = 200_000_000
GUE_PORT = 6080
PEER_PORT = 7000        # of peer.py


def locals_of(number):
    """
    Full NAT's source addresses: as the file has them, and one by one. Each number has its own. A daemon that has just
    started gives out the same ports again, and servers that still have the last one's connections in TIME_WAIT
    refuse a SYN whose timestamp seems to run backwards.
    """
    four = [f"10.2.0.{200 + 4 * number + n}" for n in range(4)]
    six = [f"fd02::{0x200 + 4 * number + n:x}" for n in range(4)]
    return {"ipv4": (f"{four[0]}-{four[-1].rpartition('.')[2]}", four), "ipv6": (f"{six[0]}-{six[-1]}", six)}


def group_of(addresses):
    return block("local_address_group outside", *(f"{words} lan" for words, _ in addresses.values()))


LOCALS = locals_of(0)
GROUP = group_of(LOCALS)
HERE = pathlib.Path(__file__).resolve().parent


def requests(net, urls, watch=(), keep_alive=False, limit_s=60, served=None):
    """
    At least REQUESTS requests to each of {client's family: URL}, all at once: {family: wrk's result}.
    Whatever is in `watch` is asked meanwhile whether it still is well. `served`: the family that the servers
    see instead.
    """
    def answered(family):
        return sum(server.requests((served or {}).get(family, family))[1] for server in net.servers)

    before = {family: answered(family) for family in urls}
    loads = {family: Wrk(net, url, family, limit_s, keep_alive=keep_alive) for family, url in urls.items()}

    def enough():
        for part in watch:
            part.check()
        return all(answered(family) - before[family] > REQUESTS + 100 for family in urls)
    wait_for(enough, limit_s, lambda: f"{REQUESTS} requests: "
             f"{ {family: answered(family) - before[family] for family in urls} } are answered", every_s=0.2)
    return {family: load.finish(least_s=1) for family, load in loads.items()}


def check_requests(t, result):
    t.note(result.summary())
    result.check(at_least=REQUESTS)


@functools.lru_cache
def digest_once(path, length):
    return digest(path, length)


def check_download(t, net, url):
    length = t.long(DOWNLOAD_BYTES, DOWNLOAD_BYTES // 10)
    expected = digest_once(t.world.big(), length)
    told, got = fetch(net, url, length)
    t.note(f"{told['bytes']} bytes, {told['speed'] / 1e6:.0f} MB/s")
    check(told["bytes"] == length, f"{told['bytes']} bytes arrived of {length}")
    check(got == expected, f"sha256 is {got}, should be {expected}")


def counter(netns, name):
    """One of the kernel's IP counters of a namespace, as nstat calls them."""
    told = json.loads(run(["nstat", "-asz", "--json", name], netns).stdout)["kernel"]
    return next(iter(told.values()))


class Decap:
    """decap.c at every server of a topology: what Sluice has wrapped goes on to their kernels."""

    def __init__(self, net, df="copy", gue_port=GUE_PORT):
        self.net, self.df, self.gue_port = net, df, gue_port
        self.processes = [self.spawn(server) for server in net.servers]
        for server, process in zip(net.servers, self.processes):
            self.ready(server, process)

    def spawn(self, server):
        sources = [address for family in self.net.own.values() for address in family]
        return self.net.rig.spawn(self.net.rig.numbered("decap"), [
            self.net.rig.helper("decap.c"), "tun0", self.gue_port, self.df, *sources], server.netns)

    def ready(self, server, process):
        wait_for(lambda: self.alive(process) and "ready" in process.output(), 5, "decap is ready")
        self.net.rig.sysctl(server.netns, net__ipv4__conf__all__rp_filter=0,
                            net__ipv4__conf__tun0__rp_filter=0)

    def restart(self, number):
        """After one was killed."""
        server = self.net.servers[number]
        self.processes[number] = self.spawn(server)
        self.ready(server, self.processes[number])

    @staticmethod
    def alive(process):
        check(process.running(), process.output().strip()[-300:])
        return True

    def check(self):
        for process in self.processes:
            self.alive(process)

    def counts(self):
        """Ends them: {kind: packets} over all servers; `longest` is the longest packet of all."""
        total = {}
        self.check()
        for process in self.processes:
            process.signal(signal.SIGTERM)
            check(process.wait(5) == 0, f"decap: {process.output().strip()}")
            for kind, count in json.loads(process.output().splitlines()[-1]).items():
                before = total.get(kind, 0)
                total[kind] = max(before, count) if kind == "longest" else before + count
        return total


def told(netns, program, *words, timeout_s=30):
    """What a Python program next to this file says, as JSON; its failure is the test's."""
    done = run([sys.executable, HERE / program, *words], netns, timeout_s=timeout_s, ok=False)
    last = (done.stdout.strip() or done.stderr.strip()).splitlines()[-1:]
    check(done.returncode == 0 and last,
          f"{program} {' '.join(map(str, words))}: {done.stderr.strip()[-300:]}")
    return json.loads(last[0])


def serve(net, netns, program, *words):
    """The same in the background; returns when it says that it is ready."""
    process = net.rig.spawn(net.rig.numbered(program.split(".")[0]), [sys.executable, HERE / program, *words],
                            netns)
    wait_for(lambda: Decap.alive(process) and "ready" in process.output(), 5, f"{program} is ready")
    return process

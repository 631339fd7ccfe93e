# SPDX-License-Identifier: BSD-3-Clause
"""
The ways that connection sync goes by: IPv6, multicast groups, several
threads. The BACKUP starts when a hundred downloads run, which it learns in
bulk, and learns of another hundred as they begin; then the MASTER is killed.
And a way that is cut: both boxes tell it.
"""

from case import test
from pair import SYNC_PORT, Pair
from rig import check, wait_for
from takeover import DOWNLOADS, SYNC_S, Two, all_live, services_of
from topology import FAMILIES

LIVE_S = 8      # of a download: longer than it takes until the crash
HELLO_BYTES = 128       # is longer than a message without entries
# Name: connection_sync, workers, queues.
WAYS = {
    "ipv6": ({"family": "ipv6"}, 1, 1),
    "ipv6-multicast": ({"family": "ipv6", "group": "ff02::81"}, 1, 1),
    "ipv4-multicast": ({"group": "224.0.0.81"}, 1, 1),
    "threads": ({"threads": 2}, 2, 2),
}


def sync(t, how, workers, queues):
    pair = t.world.get(Pair)
    bulk, rest = FAMILIES
    loads = {}
    with Two(t, pair, services_of(pair, "NAT"), first="a", alone=True, workers=workers, queues=queues,
             sync_how=how) as two:
        loads[bulk] = two.downloads("NAT", (bulk,), LIVE_S)[bulk]
        loads[bulk].running_wait()
        ports = [SYNC_PORT + thread for thread in range(how.get("threads", 1))]
        told = {port: pair.counter(two.b.topology, f"udp dport {port} udp length > {HELLO_BYTES}") for port in ports}
        two.begin(two.b)
        two.sync_wait(two.b, DOWNLOADS, " in bulk")
        two.in_sync_wait(two.b)
        loads[rest] = two.downloads("NAT", (rest,), LIVE_S)[rest]
        loads[rest].running_wait()
        two.sync_wait(two.b, DOWNLOADS * len(FAMILIES), " before the crash")
        for port, packets in told.items():
            check(packets() > 0, f"no connection was told to port {port}")
        all_live(loads.values())
        two.crash(two.a)
        two.roles_wait(b="MASTER")
        for family, load in loads.items():
            with t.case(family):
                load.check(t, family)


for _name, (_how, _workers, _queues) in WAYS.items():
    test(f"takeover-sync-{_name}", cases=FAMILIES, how=_how, workers=_workers, queues=_queues)(sync)


def peer_wait(two, **states):
    """peer_wait(a="deaf"): how each finds the other."""
    def found():
        return {letter: two.ha(two.sluices[letter])["sync"]["peer_state"] for letter in states}
    wait_for(lambda: found() == states, SYNC_S, lambda: f"peers are {states}: {found()}")


def told_wait(sluice, words):
    wait_for(lambda: words in sluice.process.output(), SYNC_S, f"{sluice.topology.letter} tells: {words}")


@test("takeover-sync-deaf", cases=("silent", "deaf", "back"))
def deaf(t):
    """
    The BACKUP hears nothing of the MASTER's connections, though heartbeats go on: the BACKUP says that it does not know
    them all, the MASTER that it is not heard, and addresses are not moved by command. Then it is mended.
    """
    pair = t.world.get(Pair)
    a, b = (box.addresses["mg"]["ipv4"] for box in pair.boxes.values())
    with Two(t, pair, services_of(pair, "DR"), first="a") as two:
        two.roles_wait(a="MASTER", b="BACKUP")
        two.in_sync_wait(two.b)
        peer_wait(two, a="alive", b="alive")
        mend = pair.drop(f"udp dport {SYNC_PORT}", "b")
        with t.case("silent"):
            peer_wait(two, b="silent")
            told_wait(two.b, f"nothing heard of {a}")
            status = two.b.ctl("ha", "status").stdout
            check(f"connection sync: receives, not in sync, peer {a} silent for " in status, status)
            told_wait(two.a, "does not know all connections")
            done = two.a.ctl("ha", "failover", ok=False)
            check("does not know all connections" in done.stderr, f"failover: {done.stdout}{done.stderr}")
        with t.case("deaf"):
            peer_wait(two, a="deaf")
            told_wait(two.a, f"{b} does not hear this box")
            status = two.a.ctl("ha", "status").stdout
            check(f"connection sync: sends, not heard by the peer {b} for " in status, status)
        with t.case("back"):
            mend()
            peer_wait(two, a="alive", b="alive")
            two.in_sync_wait(two.b)
            told_wait(two.a, f"{b} hears this box")
            told_wait(two.b, f"{a} is heard again")
            status = two.a.ctl("ha", "status").stdout
            check(f"connection sync: sends, in sync, peer {b}\n" in status, status)
            check(two.states(two.a) == {"MASTER"} and two.states(two.b) == {"BACKUP"}, f"roles: {two.told()}")

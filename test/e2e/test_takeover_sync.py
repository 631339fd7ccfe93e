# SPDX-License-Identifier: BSD-3-Clause
"""
The ways that connection sync goes by: IPv6, multicast groups, several
threads. The BACKUP starts when a hundred downloads run, which it learns in
bulk, and learns of another hundred as they begin; then the MASTER is killed.
"""

from case import test
from pair import SYNC_PORT, Pair
from rig import check
from takeover import DOWNLOADS, Two, all_live, services_of
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

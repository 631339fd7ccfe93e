# SPDX-License-Identifier: BSD-3-Clause
"""
The MASTER is killed during two hundred downloads, a hundred a family: the
other box goes on with each, whatever the forwarding method, and with one
worker and with two.
"""

from case import test
from forwarding import Decap
from pair import Pair
from takeover import DOWNLOADS, Two, services_of
from topology import FAMILIES

# Name: lb_kind, workers, queues, instances.
MODES = {"nat": ("NAT", 2, 2, "one"), "dr": ("DR", 1, 1, "two"), "tun": ("TUN", 2, 1, "group"),
         "fnat": ("FNAT", 2, 2, "one"), "nat-1w": ("NAT", 1, 1, "group"), "fnat-1w": ("FNAT", 1, 1, "one")}


def crash(t, kind, workers, queues, how):
    pair = t.world.get(Pair)
    services = services_of(pair, kind)
    with Two(t, pair, services, workers=workers, queues=queues, how=how) as two:
        decap = Decap(pair) if kind == "TUN" else None
        two.roles_wait(a="MASTER", b="BACKUP")
        loads = two.downloads(kind)
        for load in loads.values():
            load.running_wait()
        two.sync_wait(two.b, DOWNLOADS * len(FAMILIES), " before the crash")
        probe = two.probe(kind)
        down_ms = two.down_ms(two.b)
        two.crash(two.a)
        two.roles_wait(b="MASTER")
        for family in FAMILIES:
            with t.case(family):
                loads[family].check(t, family)
        gaps = probe.gaps()
        t.note(f"gap {', '.join(f'{family} {gap:.0f} ms' for family, gap in gaps.items())}, Master_Down_Interval "
               f"{down_ms} ms")
        if decap:
            decap.check()
        two.b.quiet()
        two.b.check_accounting()


for _name, (_kind, _workers, _queues, _how) in MODES.items():
    test(f"takeover-crash-{_name}", cases=FAMILIES, kind=_kind, workers=_workers, queues=_queues, how=_how)(crash)

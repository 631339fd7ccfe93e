# SPDX-License-Identifier: BSD-3-Clause
"""
A planned move and the return: the MASTER is told to end, hands over, starts
again, learns the connections from the other box, and takes over again: by
its priority, or (nopreempt) when the other box ends in turn. Downloads live through all of it.
"""

from case import test
from pair import Pair
from takeover import DOWNLOADS, Two, all_live, services_of
from topology import FAMILIES

LIVE_S = 24     # of a download: longer than both moves take


def planned(t, lines):
    pair = t.world.get(Pair)
    count = DOWNLOADS * len(FAMILIES)
    with Two(t, pair, services_of(pair, "NAT"), first="a", workers=2, queues=2, lines=lines) as two:
        two.roles_wait(a="MASTER", b="BACKUP")
        loads = two.downloads("NAT", seconds=LIVE_S)
        for load in loads.values():
            load.running_wait()
        two.sync_wait(two.b, count, " before the move")
        probe = two.probe("NAT")
        two.end(two.a)
        two.roles_wait(b="MASTER")
        away = probe.gaps()

        two.begin(two.a)
        two.sync_wait(two.a, count, " after the return")
        probe = two.probe("NAT")
        if lines:
            two.in_sync_wait(two.a)
            two.roles_wait(a="BACKUP", b="MASTER")
            all_live(loads.values())
            two.end(two.b)
            two.roles_wait(a="MASTER")
        else:
            two.roles_wait(a="MASTER", b="BACKUP")
            all_live(loads.values())
        back = probe.gaps()
        for family in FAMILIES:
            with t.case(family):
                loads[family].check(t, family)
        for way, gaps in (("away", away), ("back", back)):
            t.note(f"gap {way} {', '.join(f'{family} {gap:.0f} ms' for family, gap in gaps.items())}")


test("takeover-planned-preempt", cases=FAMILIES, lines=())(planned)
test("takeover-planned-nopreempt", cases=FAMILIES, lines=("nopreempt",))(planned)

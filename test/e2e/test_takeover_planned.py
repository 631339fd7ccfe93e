# SPDX-License-Identifier: BSD-3-Clause
"""
A planned move and the return: the MASTER is told to end, hands over, starts
again, learns the connections from the other box, and takes over again: by
its priority, or (nopreempt) when the other box ends in turn. Downloads live through all of it.
"""

from case import test
from pair import Pair
from rig import check, wait_for
from takeover import DOWNLOADS, SYNC_S, Two, services_of
from topology import FAMILIES

LIVE_S = 24     # of a download: longer than both moves take


def all_live(loads):
    check(all(load.process.running() for load in loads.values()), "the downloads ended before the last move: "
          f"{[load.process.output()[-200:] for load in loads.values()]}")


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
            wait_for(lambda: two.in_sync(two.a), SYNC_S, lambda: f"a is in sync: {two.ha(two.a)['sync']}")
            two.roles_wait(a="BACKUP", b="MASTER")
            all_live(loads)
            two.end(two.b)
            two.roles_wait(a="MASTER")
        else:
            two.roles_wait(a="MASTER", b="BACKUP")
            all_live(loads)
        back = probe.gaps()
        for family in FAMILIES:
            with t.case(family):
                loads[family].check(t, family)
        for way, gaps in (("away", away), ("back", back)):
            t.note(f"gap {way} {', '.join(f'{family} {gap:.0f} ms' for family, gap in gaps.items())}")


test("takeover-planned-preempt", cases=FAMILIES, lines=())(planned)
test("takeover-planned-nopreempt", cases=FAMILIES, lines=("nopreempt",))(planned)

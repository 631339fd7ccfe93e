# SPDX-License-Identifier: BSD-3-Clause
"""
What two boxes may do to each other: start at the same moment with equal
priority, restart every second, lose each other's connection sync, lose each other altogether.
"""

import os
import time

from case import test
from pair import CHANNELS, Pair
from rig import check, wait_for
from takeover import DOWNLOADS, ROLE_S, Two, all_live, services_of
from topology import FAMILIES

TOGETHER = 5
RESTARTS, RESTART_S = 10, 1.0
SYNC_CUT_S = float(os.environ.get("SLUICE_TAKEOVER_CUT_S", "5"))
SHORT_S = 1     # of a download that comes and goes
ADVERTS = 10


def adverts_pass(two, sluice):
    """As many as make sure that whoever wants to take over has."""
    def received():
        return sum(told["counters"]["adverts_received"] for told in two.ha(sluice)["instances"])
    before = received()
    wait_for(lambda: received() >= before + ADVERTS, ROLE_S, lambda: f"{ADVERTS} adverts: {two.told()}")


@test("takeover-together")
def together(t):
    pair = t.world.get(Pair)
    masters = []
    for _ in range(t.long(TOGETHER, 2)):
        with Two(t, pair, services_of(pair, "DR"), priority=100) as two:
            def settled(two=two):
                return two.states(two.a) | two.states(two.b) == {"MASTER", "BACKUP"}
            wait_for(settled, ROLE_S, lambda two=two: f"one of two is MASTER: {two.told()}")
            backup = next(sluice for sluice in two.sluices.values() if two.states(sluice) == {"BACKUP"})
            adverts_pass(two, backup)
            check(settled(), f"one of two is MASTER: {two.told()}")
            before = two.masters()
            adverts_pass(two, backup)
            check(two.masters() == before, f"they do not come to rest: {two.told()}")
            masters.append("ab"[two.states(two.b) == {"MASTER"}])
    t.note(f"MASTER was {' '.join(masters)}")


@test("takeover-restarts", cases=("backup", *FAMILIES))
def restarts(t):
    """The BACKUP comes and goes, by crash and by command in turn, and the MASTER does not mind."""
    pair = t.world.get(Pair)
    with Two(t, pair, services_of(pair, "NAT"), first="a") as two:
        two.roles_wait(a="MASTER", b="BACKUP")
        loads = two.downloads("NAT", seconds=RESTARTS * RESTART_S + 5)
        for load in loads.values():
            load.running_wait()
        before = two.became_master(two.a)
        with t.case("backup"):
            for number in range(t.long(RESTARTS, 3)):
                began = time.monotonic()
                if number % 2:
                    two.end(two.b)
                else:
                    two.crash(two.b)
                two.begin(two.b)
                wait_for(lambda began=began: time.monotonic() > began + RESTART_S, RESTART_S + 1, "a second passes")
                check(two.states(two.a) == {"MASTER"}, f"restart {number}: {two.told()}")
            check(two.became_master(two.a) == before, f"a did not stay MASTER: {two.told()}")
            two.roles_wait(a="MASTER", b="BACKUP")
            replayed = {told["channel"]: told["counters"]["replayed"] for told in two.ha(two.a)["channels"]
                        if "replayed" in told["counters"]}
            t.note(f"replayed: {replayed}")
        for family in FAMILIES:
            with t.case(family):
                loads[family].check(t, family)


def come_and_go(two, seconds):
    """Short downloads, one after the other, for so long: how many, all of them intact."""
    began, count = time.monotonic(), 0
    while time.monotonic() < began + seconds:
        loads = two.downloads("NAT", seconds=SHORT_S)
        for family, load in loads.items():
            told = load.result()
            check(told["complete"] == load.count, f"{family}: while the link is down {told}")
            count += load.count
    return count


@test("takeover-sync-cut", cases=("again", *FAMILIES))
def sync_cut(t):
    """
    Connections come and go while the sync link is down; those that are there when it is up again are known then, and
    outlive a crash.
    """
    pair = t.world.get(Pair)
    with Two(t, pair, services_of(pair, "NAT"), first="a") as two:
        two.roles_wait(a="MASTER", b="BACKUP")
        two.in_sync_wait(two.b)
        mend = pair.cut("sync")
        loads = two.downloads("NAT", seconds=SYNC_CUT_S + 15)
        for load in loads.values():
            load.running_wait()
        gone = come_and_go(two, SYNC_CUT_S)
        check(two.states(two.a) == {"MASTER"} and two.states(two.b) == {"BACKUP"}, f"roles: {two.told()}")
        known = two.b.conn_count("proto", "tcp")
        check(known < DOWNLOADS, f"b knows {known} connections though the link is down")
        with t.case("again"):
            mended = time.monotonic()
            mend()
            two.sync_wait(two.b, DOWNLOADS * len(FAMILIES), " after the cut")
            two.in_sync_wait(two.b)
            t.note(f"{gone} came and went; in sync {time.monotonic() - mended:.1f} s after the link was back")
        all_live(loads.values())
        two.crash(two.a)
        two.roles_wait(b="MASTER")
        for family in FAMILIES:
            with t.case(family):
                loads[family].check(t, family)


def stays_told(sluice):
    return sluice.process.output().count("there were two MASTERs: this box")


@test("takeover-split", cases=("split", *CHANNELS))
def split(t):
    """
    Out of contact both are MASTER. In contact again, by any one channel, the priority decides; who stays MASTER
    hears of it, tells it and announces its addresses again, which neighbours may have learned to be at the other.
    """
    pair = t.world.get(Pair)
    with Two(t, pair, services_of(pair, "DR"), first="a") as two:
        two.roles_wait(a="MASTER", b="BACKUP")
        for channel in CHANNELS:
            with t.case("split"):
                mends = {one: pair.cut(one) for one in CHANNELS}
                two.roles_wait(a="MASTER", b="MASTER")
            with t.case(channel):
                before, announced, told = two.became_master(two.a), two.announced(two.a), stays_told(two.a)
                mends.pop(channel)()
                two.roles_wait(a="MASTER", b="BACKUP")
                check(two.became_master(two.a) == before, f"a gave way to a lower priority: {two.told()}")
                wait_for(lambda told=told: stays_told(two.a) > told, ROLE_S, "a tells that there were two MASTERs")
                wait_for(lambda announced=announced: two.announced(two.a) > announced, ROLE_S,
                         "a announces its addresses again")
                for mend in mends.values():
                    mend()
                two.roles_wait(a="MASTER", b="BACKUP")
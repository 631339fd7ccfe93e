# SPDX-License-Identifier: BSD-3-Clause
"""
Both boxes work: a is MASTER of NAT's VIP and the servers' gateway, b of DR's,
each of them the other's BACKUP. One is killed, the other serves both VIPs;
it returns, and each has its own again. Downloads from both VIPs live through
both moves.
"""

from case import test
from pair import Pair
from takeover import DOWNLOADS, Two, all_live, services_of
from topology import FAMILIES

KINDS = ("NAT", "DR")
LIVE_S = 12     # of a download: longer than both moves take


@test("takeover-both", cases=tuple(f"{kind.lower()}-{family}" for kind in KINDS for family in FAMILIES))
def both(t):
    pair = t.world.get(Pair)
    services = [service for kind in KINDS for service in services_of(pair, kind)]
    count = DOWNLOADS * len(FAMILIES) * len(KINDS)
    with Two(t, pair, services, workers=2, queues=2, how="each", sync_how={"instance": None}) as two:
        two.holders_wait(VI_1="a", VI_2="b")
        loads = {kind: two.downloads(kind, seconds=LIVE_S) for kind in KINDS}
        each = [load for of_kind in loads.values() for load in of_kind.values()]
        for load in each:
            load.running_wait()
        for sluice in (two.a, two.b):
            two.sync_wait(sluice, count, f" to {sluice.topology.letter} before the crash")
        two.crash(two.a)
        two.holders_wait(VI_1="b", VI_2="b")
        two.begin(two.a)
        two.sync_wait(two.a, count, " after the return")
        two.holders_wait(VI_1="a", VI_2="b")
        all_live(each)
        for kind, of_kind in loads.items():
            for family, load in of_kind.items():
                with t.case(f"{kind.lower()}-{family}"):
                    load.check(t, family)

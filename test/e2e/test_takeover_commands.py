# SPDX-License-Identifier: BSD-3-Clause
"""
sluicectl ha status, failover, release.
"""

from case import test
from pair import Pair
from rig import check, wait_for
from takeover import DOWNLOADS, ROLE_S, Two, services_of
from topology import FAMILIES


@test("takeover-commands", cases=("status", "refused", "failover", "release", *FAMILIES))
def commands(t):
    pair = t.world.get(Pair)
    with Two(t, pair, services_of(pair, "NAT"), first="a", how="group") as two:
        two.roles_wait(a="MASTER", b="BACKUP")
        loads = two.downloads("NAT", seconds=18)
        for load in loads.values():
            load.running_wait()
        two.sync_wait(two.b, DOWNLOADS * len(FAMILIES))
        with t.case("status"):
            status(two)
        with t.case("refused"):
            refused(two)
        with t.case("failover"):
            probe = two.probe("NAT")
            two.a.ctl("ha", "failover")
            two.roles_wait(a="BACKUP", b="MASTER")
            check(all(told["held_back"] for told in two.ha(two.a)["instances"]), f"a is held back: {two.told()}")
            t.note(gaps_text(probe))
        with t.case("release"):
            probe = two.probe("NAT")
            two.a.ctl("ha", "release")
            two.roles_wait(a="MASTER", b="BACKUP")
            t.note(gaps_text(probe))
        for family in FAMILIES:
            with t.case(family):
                loads[family].check(t, family)


def gaps_text(probe):
    return f"gap {', '.join(f'{family} {gap:.0f} ms' for family, gap in probe.gaps().items())}"


def status(two):
    text = two.a.ctl("ha", "status").stdout
    for word in ("VI_1", "VI_2", "MASTER", "mgmt", "line", "lb-b"):
        check(word in text, f"ha status does not say {word}: {text}")
    for name in ("mgmt", "line"):
        wait_for(lambda name=name: two.channel(two.b, name)["peer"] == "lb-a", ROLE_S, f"b hears lb-a by {name}")
    told = two.instances(two.b)["VI_1"]
    check(told["master"] == two.boxes["a"].addresses["wan"]["ipv4"], f"b takes {told['master']} for the MASTER")
    check(told["master_priority"] == 150 and told["priority"] == 100, f"priorities are {told}")


def refused(two):
    for sluice, words in ((two.b, ("failover",)), (two.a, ("failover", "VI_9")), (two.a, ("release", "VI_9"))):
        done = sluice.ctl("ha", *words, ok=False)
        check(done.returncode == 1, f"ha {' '.join(words)}: exit code {done.returncode}: {done.stdout}{done.stderr}")
    two.roles_wait(a="MASTER", b="BACKUP")


@test("takeover-alone")
def alone(t):
    """Without a peer nobody gives its addresses away, unless it is told to be sure."""
    pair = t.world.get(Pair)
    with Two(t, pair, services_of(pair, "DR"), first="a") as two:
        two.roles_wait(a="MASTER", b="BACKUP")
        two.end(two.b)
        wait_for(lambda: not any(told["alive"] for told in two.ha(two.a)["channels"]), ROLE_S, "a hears nobody")
        done = two.a.ctl("ha", "failover", ok=False)
        check(done.returncode == 1, f"ha failover: exit code {done.returncode}: {done.stdout}{done.stderr}")
        two.roles_wait(a="MASTER")
        two.a.ctl("ha", "failover", "--force")
        two.a.ctl("ha", "release")
        two.roles_wait(a="MASTER")

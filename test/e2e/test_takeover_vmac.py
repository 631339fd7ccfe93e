# SPDX-License-Identifier: BSD-3-Clause
"""
With use_vmac the addresses that move have the virtual MAC addresses of RFC
5798, on whichever box: clients and servers see the same before a take-over
and after it, from what they knew and when they ask anew.
"""

from case import test
from pair import Pair
from rig import check, run
from takeover import DOWNLOADS, Two, all_live, services_of
from topology import FAMILIES

LIVE_S = 8      # of a download: longer than it takes until the crash
VMAC = {"ipv4": "00:00:5e:00:01:33", "ipv6": "00:00:5e:00:02:33"}       # virtual_router_id 51


def neighbours_check(pair, when):
    """Of the client for the VIP, and of each server for its gateway."""
    for family, vmac in VMAC.items():
        known = {pair.client: pair.vip[family], **{server.netns: pair.gateway[family] for server in pair.servers}}
        for netns, address in known.items():
            mac = pair.neighbour(netns, address)
            check(mac == vmac, f"{when}: {netns} knows {address} at {mac}, not at {vmac}")


def echoes(pair):
    """A ping from everybody, so that whoever knows no neighbour asks."""
    for family in FAMILIES:
        for netns in (pair.client, *(server.netns for server in pair.servers)):
            address = pair.vip[family] if netns == pair.client else pair.gateway[family]
            run(["ping", "-n", "-c", 1, "-W", 5, address], netns)


@test("takeover-vmac", cases=FAMILIES)
def vmac(t):
    pair = t.world.get(Pair)
    with Two(t, pair, services_of(pair, "NAT"), how="two", lines=("use_vmac",)) as two:
        two.roles_wait(a="MASTER", b="BACKUP")
        loads = two.downloads("NAT", seconds=LIVE_S)
        for load in loads.values():
            load.running_wait()
        two.sync_wait(two.b, DOWNLOADS * len(FAMILIES), " before the crash")
        echoes(pair)
        neighbours_check(pair, "before the crash")
        all_live(loads.values())
        two.crash(two.a)
        two.roles_wait(b="MASTER")
        neighbours_check(pair, "after the crash")
        for family in FAMILIES:
            with t.case(family):
                loads[family].check(t, family)
        pair.neighbours_forget()
        echoes(pair)
        neighbours_check(pair, "asked anew")

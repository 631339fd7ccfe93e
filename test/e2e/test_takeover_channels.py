# SPDX-License-Identifier: BSD-3-Clause
"""
The channels between two boxes, each alone and any two with one cut: nobody
moves while one speaks, and the other takes over when none does. Heartbeats
go on through a large reload and with all cores taken.
"""

import os

from case import test
from load import Wrk
from pair import Pair
from rig import check, wait_for
from sluice import Service
from takeover import ROLE_S, Two, box_text, services_of
from topology import FAMILIES

SETS = {"vrrp": ("vrrp",), "udp": ("udp",), "serial": ("serial",), "vrrp-udp": ("vrrp", "udp"),
        "vrrp-serial": ("vrrp", "serial"), "udp-serial": ("udp", "serial")}
MESSAGES = 6        # that are heard while another channel is cut and known to be silent
# One channel alone on a machine whose cores are everybody's: a worker may get none for a while.
PATIENT = {"advert_s": 0.3, "dead_s": 1}
SERVICES = int(os.environ.get("SLUICE_TAKEOVER_SERVICES", "20000"))
SERVICE_PORT_FIRST = 10000
RELOAD_S = 240
FLOOD_S = 120


def hearers(two, channel):
    """Who hears by it: of VRRP only a BACKUP, as only a MASTER speaks."""
    return [two.b] if channel == "vrrp" else [two.a, two.b]


def alive_wait(two, channel, alive):
    for sluice in hearers(two, channel):
        wait_for(lambda sluice=sluice: two.channel(sluice, channel)["alive"] == alive, ROLE_S,
                 lambda sluice=sluice: f"{channel} is {'alive' if alive else 'silent'}: {two.ha(sluice)['channels']}")


def heard_more(two, channel):
    """So much more is heard by it, by everybody who hears."""
    for sluice in hearers(two, channel):
        before = two.channel(sluice, channel)["counters"]["received"]
        wait_for(lambda sluice=sluice, before=before:
                 two.channel(sluice, channel)["counters"]["received"] >= before + MESSAGES, ROLE_S,
                 lambda sluice=sluice: f"{MESSAGES} more come by {channel}: {two.channel(sluice, channel)}")


@test("takeover-channels", cases=tuple(SETS))
def channels(t):
    pair = t.world.get(Pair)
    for name, some in SETS.items():
        with t.case(name):
            lines = () if "vrrp" in some else ("adverts off",)
            with Two(t, pair, services_of(pair, "DR"), channels=some, sync=False, lines=lines,
                     first="a", **PATIENT) as two:
                two.roles_wait(a="MASTER", b="BACKUP")
                for channel in some:
                    alive_wait(two, channel, True)
                before = two.masters()
                for channel in some if len(some) > 1 else ():
                    other = next(one for one in some if one != channel)
                    mend = pair.cut(channel)
                    alive_wait(two, channel, False)
                    heard_more(two, other)
                    mend()
                    alive_wait(two, channel, True)
                    two.roles_wait(a="MASTER", b="BACKUP")
                    check(two.masters() == before, f"somebody took over while {other} was heard: {two.told()}")
                two.crash(two.a)
                two.roles_wait(b="MASTER")
                check(two.became_master(two.b) == 1, f"b became MASTER {two.became_master(two.b)} times")


def many_services(pair, count):
    """So many, half of each family, one port each of one VIP."""
    return [Service(pair.vip_of("NAT", family), SERVICE_PORT_FIRST + i,
                    [(address, 8080, 1) for address, _, _ in pair.reals_of("NAT", family, 80)[:1]], "NAT")
            for family in FAMILIES for i in range(count // 2)]


class Listener:
    """How long the slowest heartbeat was silent, as one box hears it, asked again and again."""

    def __init__(self, two, sluice):
        self.two, self.sluice = two, sluice
        self.worst = {}

    def look(self):
        for told in self.two.ha(self.sluice)["channels"]:
            if told["heard_ago_ms"] is not None and told["kind"] != "vrrp":     # a MASTER hears none
                name = told["channel"]
                self.worst[name] = max(self.worst.get(name, 0), told["heard_ago_ms"])
        return self.worst


@test("takeover-reload", cases=("master", "backup"))
def reload(t):
    pair = t.world.get(Pair)
    services = services_of(pair, "NAT")
    count = t.long(SERVICES, SERVICES // 4)
    with Two(t, pair, services) as two:
        two.roles_wait(a="MASTER", b="BACKUP")
        before = two.masters()
        for case, sluice, other in (("master", two.a, two.b), ("backup", two.b, two.a)):
            with t.case(case):
                listener = Listener(two, other)
                box = sluice.topology
                sluice.conf.write_text(box_text(box, [*services, *many_services(pair, count)]))
                sluice.reload()
                wanted = len(services) + count // 2 * 2

                def loaded():
                    listener.look()
                    done = sluice.ctl("-j", "status", ok=False, timeout_s=RELOAD_S).stdout
                    return f'"services": {wanted}' in done or f'"services":{wanted}' in done
                wait_for(loaded, RELOAD_S, f"{wanted} services run")
                heard_more(two, "udp")
                listener.look()
                check(two.masters() == before, f"somebody took over: {two.told()}")
                t.note(f"{wanted} services: silent for {max(listener.worst.values())} ms at most, as seen by "
                       f"{other.topology.letter}")


@test("takeover-busy", cases=("kept", "crash"))
def busy(t):
    pair = t.world.get(Pair)
    services = services_of(pair, "NAT")
    with Two(t, pair, services, dataplane=("idle busy",)) as two:
        two.roles_wait(a="MASTER", b="BACKUP")
        before = two.masters()
        floods = [Wrk(pair, pair.url(family), family, FLOOD_S, connections=16) for family in FAMILIES]
        with t.case("kept"):
            listener = Listener(two, two.b)
            for channel in ("udp", "serial"):
                for _ in range(3):
                    heard_more(two, channel)
                    listener.look()
            check(two.masters() == before, f"somebody took over: {two.told()}")
            t.note(f"silent for {max(listener.worst.values())} ms at most")
        with t.case("crash"):
            two.crash(two.a)
            two.roles_wait(b="MASTER")
        for flood in floods:
            flood.process.kill()

# SPDX-License-Identifier: BSD-3-Clause
"""
The other box is keepalived itself: versions 2 and 3, both families,
multicast and unicast, each side the one of higher priority, by crash, by
priority 0 and by return. Who is MASTER is asked of both sides after each
step, and neither may find fault with the other's adverts.
"""

import os
import re
import signal

from case import test
from pair import Pair, instance_text
from rig import check, run, wait_for
from sluice import Sluice, block, configuration
from takeover import ROLE_S

HOST = 4
# Name: version, family, unicast, advert_int, other lines of both instances.
WAYS = {
    "v2-multicast": (2, "ipv4", False, 1, ()),
    "v2-unicast": (2, "ipv4", True, 1, block("authentication", "auth_type PASS", "auth_pass secret").splitlines()),
    "v3-multicast": (3, "ipv4", False, 0.1, ()),
    "v3-unicast": (3, "ipv4", True, 0.1, ()),
    "v3-ipv6-multicast": (3, "ipv6", False, 0.1, ()),
    "v3-ipv6-unicast": (3, "ipv6", True, 0.1, ()),
}
HIGH, MIDDLE, LOW = 200, 150, 100
BAD = ("bad_length", "bad_ttl", "bad_version", "bad_auth", "bad_interval", "bad_type", "bad_checksum", "bad_source",
       "bad_addrs")
COMPLAINT = re.compile(r".*(?:invalid|checksum|incorrect|mismatch|expected|discard|wrong|unknown|bogus).*", re.I)
NO_COMPLAINT = "received lower priority"    # what it says of each advert before it preempts
ENTERED = re.compile(r"\(VI_1\) Entering (\w+) STATE")


class Keepalived:
    """In a namespace of its own, at the clients' bridge."""

    def __init__(self, pair):
        self.pair, self.rig = pair, pair.rig
        if not hasattr(pair, "keepalived_netns"):
            pair.keepalived_netns = pair.rig.namespace("pair-k")
            pair.plug_in(pair.keepalived_netns, "wan", "wk", "br1")
            pair.addresses_add(pair.keepalived_netns, "wan", f"10.1.0.{HOST}/24", f"fd01::{HOST}/64")
        self.netns = pair.keepalived_netns
        self.base = self.rig.directory / "keepalived"
        self.process = None
        self.said = ""      # by those before

    def start(self, instance):
        defs = block("global_defs", "router_id keepalived", "vrrp_garp_master_delay 0")
        self.base.with_suffix(".conf").write_text(f"{defs}\n{instance}\n")
        self.process = self.rig.spawn("keepalived", [
            "keepalived", "--dont-fork", "--log-console", "--log-detail", "--vrrp",
            "-f", self.base.with_suffix(".conf"), "-p", self.base.with_suffix(".pid"),
            "-r", self.base.with_suffix(".vrrp.pid")], self.netns)

    def state(self):
        entered = ENTERED.findall(self.process.output())
        return entered[-1] if entered else "INIT"

    def end(self, how):
        if how == signal.SIGKILL:
            self.crash()
        else:
            self.process.signal(how)
            self.process.wait(10)
        self.said += self.process.output()
        # A crash leaves its addresses to the kernel.
        for address in ("10.1.0.100/24", "fd01::100/64"):
            run(["ip", "address", "del", address, "dev", "wan"], self.netns, ok=False)

    def crash(self):
        """Parent and child at once: the child would say goodbye when its parent is gone."""
        child = int(self.base.with_suffix(".vrrp.pid").read_text())
        os.kill(child, signal.SIGSTOP)
        self.process.kill()
        os.kill(child, signal.SIGKILL)
        for suffix in (".pid", ".vrrp.pid"):
            self.base.with_suffix(suffix).unlink(missing_ok=True)

    def complaints(self):
        return [line for line in (self.said + self.process.output()).splitlines() if COMPLAINT.match(line) and NO_COMPLAINT not in line]


class Contest:
    """A Sluice and a keepalived with one instance."""

    def __init__(self, t, version, family, unicast, advert_s, lines):
        self.pair = t.world.get(Pair)
        self.box = self.pair.boxes["a"]
        self.version, self.family, self.advert_s = version, family, advert_s
        mine = self.box.addresses["wan"][family]
        its = f"10.1.0.{HOST}" if family == "ipv4" else f"fd01::{HOST}"
        self.lines = {"sluice": list(lines), "keepalived": list(lines)}
        if unicast:
            self.lines["sluice"] += [f"unicast_src_ip {mine}", *block("unicast_peer", its).splitlines()]
            self.lines["keepalived"] += [f"unicast_src_ip {its}", *block("unicast_peer", mine).splitlines()]
        self.keepalived = Keepalived(self.pair)
        self.sluice = Sluice(self.box, t.build, "")
        self.transitions = 0

    def instance(self, side, priority, *more):
        vip = {"ipv4": "10.1.0.100/24", "ipv6": "fd01::100/64"}[self.family]
        return instance_text(self.box, "VI_1", 51, (*self.lines[side], *more), [vip], priority=priority,
                             version=self.version, advert_s=self.advert_s)

    def sluice_start(self, priority, *more):
        self.sluice.conf.write_text(configuration(self.box, [], connections="10k", router="sluice",
                                                  more=self.instance("sluice", priority, *more)))
        self.sluice.process = self.sluice.spawn()
        wait_for(self.sluice.answers, ROLE_S, "sluicectl status is answered")

    def keepalived_start(self, priority, *more):
        self.keepalived.start(self.instance("keepalived", priority, *more))

    def sluice_end(self, how):
        self.bad_check()
        self.sluice.process.signal(how)
        self.sluice.process.wait(ROLE_S)

    def told(self):
        return self.sluice.json("ha", "status")["instances"][0]

    def states(self):
        """(Sluice's, keepalived's); None: it does not run."""
        return (self.told()["state"] if self.sluice.process and self.sluice.process.running() else None,
                self.keepalived.state() if self.keepalived.process and self.keepalived.process.running() else None)

    def wait(self, sluice, keepalived, what):
        wait_for(lambda: self.states() == (sluice, keepalived), ROLE_S + 10 * self.advert_s,
                 lambda: f"{what}: Sluice is {sluice}, keepalived {keepalived}; they are {self.states()}")
        self.transitions += 1

    def bad_check(self):
        counters = self.told()["counters"]
        bad = {name: counters[name] for name in BAD if counters.get(name)}
        check(not bad, f"Sluice finds fault with keepalived's adverts: {bad}")

    def finish(self):
        self.bad_check()
        complaints = self.keepalived.complaints()
        check(not complaints, f"keepalived finds fault: {complaints[:3]}")

    def clear(self):
        if self.sluice.process:
            self.sluice.process.kill()
        if self.keepalived.process and self.keepalived.process.running():
            self.keepalived.end(signal.SIGTERM)


def sluice_higher(contest):
    contest.keepalived_start(LOW)
    contest.wait(None, "MASTER", "keepalived alone")
    contest.sluice_start(MIDDLE)
    contest.wait("MASTER", "BACKUP", "Sluice preempts")
    for how in (signal.SIGKILL, signal.SIGTERM):
        contest.sluice_end(how)
        contest.wait(None, "MASTER", f"after {signal.Signals(how).name} of Sluice")
        contest.sluice_start(MIDDLE)
        contest.wait("MASTER", "BACKUP", "Sluice returns")


def keepalived_higher(contest):
    """Goes on from there."""
    contest.keepalived.end(signal.SIGTERM)
    for how in (signal.SIGKILL, signal.SIGTERM):
        contest.keepalived_start(HIGH)
        contest.wait("BACKUP", "MASTER", "keepalived preempts")
        contest.keepalived.end(how)
        contest.wait("MASTER", None, f"after {signal.Signals(how).name} of keepalived")


def no_preempt(contest):
    """Whoever returns stays BACKUP."""
    contest.keepalived_start(HIGH, "nopreempt")
    contest.wait("MASTER", "BACKUP", "keepalived returns and does not preempt")
    contest.sluice_end(signal.SIGTERM)
    contest.wait(None, "MASTER", "Sluice has said priority 0")
    contest.keepalived.end(signal.SIGTERM)
    contest.keepalived_start(LOW)
    contest.wait(None, "MASTER", "keepalived of low priority alone")
    contest.sluice_start(MIDDLE, "nopreempt")
    contest.wait("BACKUP", "MASTER", "Sluice returns and does not preempt")
    contest.keepalived.end(signal.SIGTERM)
    contest.wait("MASTER", None, "keepalived has said priority 0")


def against_keepalived(t, ways):
    transitions = 0
    for name in ways:
        with t.case(name):
            contest = Contest(t, *WAYS[name])
            try:
                sluice_higher(contest)
                keepalived_higher(contest)
                no_preempt(contest)
                contest.finish()
            finally:
                contest.clear()
                transitions += contest.transitions
                t.note(f"{contest.transitions} transitions")
    t.note(f"{transitions} in all")


test("takeover-keepalived", cases=tuple(WAYS), ways=tuple(WAYS))(against_keepalived)

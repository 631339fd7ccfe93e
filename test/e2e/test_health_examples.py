# SPDX-License-Identifier: BSD-3-Clause
"""
The keepalived files of conf/examples run as they are, with all their checkers
and their own timers, between namespaces that have their addresses: a client
at the router's, and a machine for each server.
"""

import dataclasses
import hashlib
import pathlib
import re
import shlex
import time

from case import test
from farm import Certificates, Mail, Names, Web
from health import ALLOWANCE_S, knock
from rig import check, run, wait_for
from sluice import Service, Sluice, endpoint

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "conf" / "examples"
PAGE = "Sluice"
NAMES = ("--local=/example.net/", "--host-record=example.net,www.example.net,192.0.2.1")
DIGEST = re.compile(r"(digest) [0-9a-f]{32}")
PAGE_DIGEST = hashlib.md5(PAGE.encode()).hexdigest()


@dataclasses.dataclass
class Example:
    name: str
    direct: bool            # one arm, and the servers hold the VIP
    vip: str
    fails: dict             # server: its program that is killed
    service: Service        # whose servers are watched then
    bound_s: float          # by the file's numbers
    becomes: dict           # server: state


def service(vip, port, proto, *reals):
    return Service(vip, port, [(address, port_, 1) for address, port_ in reals], "NAT", proto=proto)


EXAMPLE = {
    # A server with inhibit_on_failure: delay_loop 6, connect_timeout 3, retry 1 after 1 s.
    "nat-web-farm": Example("nat-web-farm", False, "192.0.2.80", {"10.0.0.13": "web-8080"},
                            service("192.0.2.80", 80, "TCP", ("10.0.0.11", 80), ("10.0.0.12", 80),
                                    ("10.0.0.13", 8080)),
                            6 + 1 + 3 * 3, {"10.0.0.13:8080": "down"}),
    # delay_loop 2, connect_timeout 1, retry 2 after 0.5 s.
    "dr": Example("dr", True, "198.51.100.80", {"198.51.100.12": "web-80"},
                  service("198.51.100.80", 80, "TCP", ("198.51.100.11", 80), ("198.51.100.12", 80),
                          ("198.51.100.13", 80)),
                  2 + 2 * 0.5 + 4 * 1, {"198.51.100.12:80": "down"}),
    # All three: the slowest has delay_loop 3, connect_timeout 1, retry 3 after 3 s.
    "udp-dns-group": Example("udp-dns-group", False, "192.0.2.53",
                             {f"10.0.0.{n}": "names-53" for n in (21, 22, 23)},
                             service("192.0.2.61", 53, "UDP", ("10.0.0.21", 53), ("10.0.0.22", 53),
                                     ("10.0.0.23", 53), ("10.0.0.99", 53)),
                             3 + 3 * 3 + 5 * 1, {f"10.0.0.{n}:53": "down" for n in (21, 22, 23)}),
}
UP_S = 15 + 1 + 2 * 10      # the longest delay_loop, in which the first attempt comes at random, and its time


class Site:
    """The namespaces of one example; also what Sluice and knock want of a topology."""

    def __init__(self, rig, example, number):
        self.rig, self.example = rig, example
        self.name = f"ex{number}"
        self.text = (EXAMPLES / f"keepalived-{example.name}.conf").read_text()
        self.client, self.sluice = rig.namespace(f"{self.name}-c"), rig.namespace(f"{self.name}-s")
        self.switch = rig.namespace(f"{self.name}-sw")
        run(["ip", "link", "add", "br0", "type", "bridge"], self.switch)
        run(["ip", "link", "set", "br0", "up"], self.switch)
        if example.direct:
            self.plug(self.client, "eth0", "client")
            self.plug(self.sluice, "eth0", "sluice")
        else:
            rig.link(self.client, "eth0", self.sluice, "eth0")
            self.plug(self.sluice, "eth1", "sluice")
        for interface in ("eth0",) if example.direct else ("eth0", "eth1"):
            rig.mute(self.sluice, interface)
        run(["ip", "address", "add", "198.51.100.1/24", "dev", "eth0"], self.client)
        run(["ip", "route", "add", "192.0.2.0/24", "via", "198.51.100.2"], self.client)
        found = re.findall(r"(?:real_server|sorry_server) (\S+) \d+", self.text)
        self.machines = {address: Machine(self, address) for address in dict.fromkeys(found)}

    def plug(self, netns, name, port):
        self.rig.link(netns, name, self.switch, port)
        run(["ip", "link", "set", port, "master", "br0"], self.switch)

    def neighbours_forget(self):
        """They are new."""


class Machine:
    """A server with all the programs that any of the examples asks for."""

    def __init__(self, site, address):
        self.rig, self.address = site.rig, address
        self.name = f"{site.name}-{address}"
        last = address.rpartition(".")[2]
        self.netns = self.rig.namespace(f"{site.name}-{last}")
        site.plug(self.netns, "eth0", f"m{last}")
        if site.example.direct:     # before the address: ARP is about the VIP
            self.rig.sysctl(self.netns, net__ipv4__conf__all__arp_ignore=1, net__ipv4__conf__all__arp_announce=2)
            run(["ip", "address", "add", f"{site.example.vip}/32", "dev", "lo"], self.netns)
        run(["ip", "address", "add", f"{address}/24", "dev", "eth0"], self.netns)
        run(["ip", "route", "add", "default", "via", "198.51.100.1" if site.example.direct else "10.0.0.1"],
            self.netns)
        answer = (f'if ($uri ~ "health|status") {{ return 200 "ready\\n"; }} return 200 "{PAGE}";')
        tls = Certificates(self.rig).pair("good")
        made = {"web-80": Web(self, "0.0.0.0", 80, answer), "web-8080": Web(self, "0.0.0.0", 8080, answer),
                "web-443": Web(self, "0.0.0.0", 443, answer, tls), "mail-25": Mail(self, "0.0.0.0", 25),
                "names-53": Names(self, address, words=NAMES)}
        wanted = [f":{port}" for port in re.findall(rf"{re.escape(address)} (\d+)", site.text)]
        self.programs = {name: program.start() for name, program in made.items()
                         if any(name.endswith(port.replace(":", "-")) for port in wanted)}


class ExampleSluice(Sluice):
    """With a /run of its own, in which the file's files are."""

    def argv(self, *options):
        daemon = " ".join(shlex.quote(str(word)) for word in super().argv(*options))
        return ["sh", "-c", "mount -t tmpfs none /run && mkdir /run/sluice && echo 3 >/run/sluice/spare_capacity && "
                f"exec {daemon}"]


@test("health-examples", cases=tuple(f"{name}-{what}" for name in EXAMPLE for what in ("up", "fails")))
def examples(t):
    """All at once, because their timers are long."""
    sites = {name: Site(t.rig, example, number) for number, (name, example) in enumerate(EXAMPLE.items())}
    sluices = {name: ExampleSluice(site, t.build, DIGEST.sub(rf"\1 {PAGE_DIGEST}", site.text))
               for name, site in sites.items()}
    for sluice in sluices.values():
        sluice.start()
    for name, sluice in sluices.items():
        with t.case(f"{name}-up"):
            began = time.monotonic()
            wait_for(lambda sluice=sluice: all_good(sluice), UP_S + ALLOWANCE_S,
                     lambda sluice=sluice: f"all checks are good: {not_good(sluice)}", every_s=0.2)
            t.note(f"{len(kinds(sluice))} checks of kinds {', '.join(sorted(set(kinds(sluice))))}, "
                   f"good after {time.monotonic() - began:.0f} s")
    for name, site in sites.items():
        for address, program in EXAMPLE[name].fails.items():
            site.machines[address].programs[program].kill()
    for name, sluice in sluices.items():
        with t.case(f"{name}-fails"):
            check_fails(t, sites[name], sluice, EXAMPLE[name])
    for sluice in sluices.values():
        sluice.stop()


def check_fails(t, site, sluice, example):
    began = time.monotonic()

    def states():
        return {real: told["state"] for real, told in sluice.health(example.service).items()}
    wait_for(lambda: all(states()[real] == state for real, state in example.becomes.items()),
             example.bound_s + ALLOWANCE_S, lambda: f"states are {states()}", every_s=0.2)
    t.note(f"noticed after {time.monotonic() - began:.1f} s")
    others = {real: state for real, state in states().items() if real not in example.becomes}
    check(set(others.values()) <= {"up", "sorry", "idle"}, f"the others are {others}")
    before = sluice.real_conns(example.service)
    knock(site, example.service, 12)
    wait_for(lambda: sum(sluice.real_conns(example.service)) >= sum(before) + 12, 5, "connections are counted")
    got = [now - then for now, then in zip(sluice.real_conns(example.service), before)]
    down = [endpoint(real) in example.becomes for real in example.service.reals]
    check(sum(got) == 12 and not any(count for count, out in zip(got, down) if out),
          f"12 connections went {got}")


def all_good(sluice):
    return not not_good(sluice)


def not_good(sluice):
    return [(told["real"], one["check"], one["text"]) for told in sluice.json("health") for one in told["checks"]
            if not (one["good"] and one["state"] == "up" and one["text"])]


def kinds(sluice):
    return [one["check"] for told in sluice.json("health") for one in told["checks"]]

# SPDX-License-Identifier: BSD-3-Clause
"""
Several boxes behind a router that spreads connections over them: the files of
conf/examples (scale-out.conf and bird.conf), real BIRD 2 on each box and on the
router, BGP and BFD by the boxes' taps.

A VIP is announced while it is good, and no longer; and whichever box a client's
connection reaches, it ends at the same server.
"""

import contextlib
import json
import pathlib
import re
import signal
import time

from case import test
from farm import Web
from rig import Failure, check, run, wait_for
from sluice import AF_PACKET, Sluice
from topology import FAMILIES, bracketed

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "conf" / "examples"
TABLE = "100"           # announce_table
BOXES = (1, 2)
SESSIONS_S = 40         # until BGP has come up in both families, on a machine that is busy
WITHDRAWN_S = 1.0       # after the last server of a service has died
KILLED_S = 8.0          # BFD notices after 5 times BFD_MS
BFD_MS = 800            # the files say 200: the machine's few cores are everybody's
CLIENTS = 24            # addresses

ROUTER = """
log "{log}" all;
router id 192.0.2.1;
protocol device {{ }}
protocol kernel kernel4 {{ merge paths on; ipv4 {{ import none; export all; }}; }}
protocol kernel kernel6 {{ merge paths on; ipv6 {{ import none; export all; }}; }}
protocol bfd {{ interface "net" {{ interval 800 ms; multiplier 5; }}; }}
template bgp box {{ hold time 9; bfd on; connect retry time 1; error wait time 1, 2; }}
{sessions}
"""
SESSION = """
protocol bgp box{box}v4 from box {{
    local 192.0.2.1 as 64512; neighbor 192.0.2.1{box} as 64513; ipv4 {{ import all; export none; }};
}}
protocol bgp box{box}v6 from box {{
    local 2001:db8::1 as 64512; neighbor 2001:db8::1{box} as 64513; ipv6 {{ import all; export none; }};
}}
"""


class Box:
    """What Sluice (sluice.py) wants to know of the network that it runs in."""

    def __init__(self, net, number):
        self.rig, self.number = net.rig, number
        self.name = f"{net.name}-box{number}"
        self.sluice = self.rig.namespace(self.name)
        self.ports = (("net", "net", ()),)
        self.bird = None
        self.net = net

    def neighbours_forget(self):
        """Each box has addresses of its own: nothing is stale."""

    def text(self):
        """The example, on a device that there is, as this box."""
        text = (EXAMPLES / "scale-out.conf").read_text()
        text = re.sub(r"device \S+", f'device "{AF_PACKET.format(number=0, interface="net", queues=1)}"', text)
        return self.own(text).replace("router_id box1", f"router_id box{self.number}")

    def own(self, text):
        return text.replace("192.0.2.11", f"192.0.2.1{self.number}").replace(
            "2001:db8::11", f"2001:db8::1{self.number}")

    def bird_start(self):
        name = self.rig.numbered(f"{self.name}-bird")
        log = self.rig.directory / f"{name}.bird.log"
        text = self.own((EXAMPLES / "bird.conf").read_text()).replace("log syslog all", f'log "{log}" all')
        text = text.replace("interval 200 ms", f"interval {BFD_MS} ms").replace("multiplier 4", "multiplier 5")
        self.bird = self.net.bird_run(name, text, self.sluice)

    def routes(self, family):
        """The VIPs in the kernel's table."""
        told = run(["ip", f"-{family[-1]}", "-j", "route", "show", "table", TABLE], self.sluice, ok=False).stdout
        return {route["dst"] for route in json.loads(told or "[]")}


class ScaleOut:
    name = "scale"
    vip = {"ipv4": "203.0.113.80", "ipv6": "2001:db8:80::80"}
    servers_at = {"ipv4": "192.0.2.2{}", "ipv6": "2001:db8::2{}"}
    clients = {"ipv4": [f"198.51.100.{16 + i}" for i in range(CLIENTS)],
               "ipv6": [f"2001:db8:c::{16 + i:x}" for i in range(CLIENTS)]}

    def __init__(self, rig):
        self.rig = rig
        self.client = rig.namespace(f"{self.name}-c")
        self.router = rig.namespace(f"{self.name}-router")
        self.switch = rig.namespace(f"{self.name}-sw")
        self.boxes = [Box(self, number) for number in BOXES]
        self.machines = [rig.namespace(f"{self.name}-s{number}") for number in (1, 2)]
        self.programs = {}
        run(["ip", "link", "add", "br0", "type", "bridge"], self.switch)
        rig.sysctl(self.switch, net__ipv6__conf__all__disable_ipv6=1)
        run(["ip", "link", "set", "br0", "up"], self.switch)
        rig.link(self.client, "eth0", self.router, "clients")
        for netns in (self.router, *self.machines, *(box.sluice for box in self.boxes)):
            inner = "eth0" if netns in self.machines else "net"
            port = rig.numbered("p")
            rig.link(netns, inner, self.switch, port)
            run(["ip", "link", "set", port, "master", "br0"], self.switch)
        for box in self.boxes:
            rig.mute(box.sluice, "net")
        self.address()

    def address(self):
        add = lambda netns, name, *addresses: [
            run(["ip", "address", "add", address, "dev", name, *(["nodad"] if ":" in address else [])], netns)
            for address in addresses]
        add(self.router, "net", "192.0.2.1/24", "2001:db8::1/64")
        add(self.router, "clients", "198.51.100.1/24", "2001:db8:c::1/64")
        self.rig.sysctl(self.router, net__ipv4__ip_forward=1, net__ipv6__conf__all__forwarding=1,
                        net__ipv4__fib_multipath_hash_policy=1, net__ipv6__fib_multipath_hash_policy=1,
                        net__ipv4__conf__all__rp_filter=0, net__ipv4__conf__net__rp_filter=0)
        add(self.client, "eth0", *(f"{a}/24" for a in self.clients["ipv4"]),
            *(f"{a}/64" for a in self.clients["ipv6"]))
        run(["ip", "route", "add", "default", "via", "198.51.100.1"], self.client)
        run(["ip", "-6", "route", "add", "default", "via", "2001:db8:c::1"], self.client)
        for number, netns in enumerate(self.machines, 1):
            self.rig.sysctl(netns, net__ipv4__conf__all__arp_ignore=1, net__ipv4__conf__all__arp_announce=2)
            add(netns, "eth0", f"192.0.2.2{number}/24", f"2001:db8::2{number}/64")
            add(netns, "lo", f"{self.vip['ipv4']}/32", f"{self.vip['ipv6']}/128")
            run(["ip", "route", "add", "default", "via", "192.0.2.1"], netns)
            run(["ip", "-6", "route", "add", "default", "via", "2001:db8::1"], netns)

    def bird_run(self, name, text, netns):
        path = self.rig.directory / f"{name}.conf"
        path.write_text(text)
        return self.rig.spawn(name, ["bird", "-f", "-c", path, "-s", self.rig.directory / f"{name}.ctl",
                                     "-P", self.rig.directory / f"{name}.pid"], netns)

    def router_start(self):
        log = self.rig.directory / f"{self.name}-router.bird.log"
        sessions = "".join(SESSION.format(box=box) for box in BOXES)
        self.bird_run(f"{self.name}-router-bird", ROUTER.format(log=log, sessions=sessions), self.router)

    def servers_start(self):
        for number, netns in enumerate(self.machines, 1):
            machine = Machine(self.rig, netns, f"server-{number}")
            for family in FAMILIES:
                self.programs[number, family] = Web(machine, "0.0.0.0" if family == "ipv4" else "::").start()

    def next_hops(self, family):
        """Where the router sends packets to the VIP: numbers of boxes."""
        told = run(["ip", f"-{family[-1]}", "-j", "route", "show", self.vip[family]], self.router).stdout
        found = set()
        for route in json.loads(told or "[]"):
            for hop in route.get("nexthops", [route]):
                found.add(hop.get("gateway", ""))
        return {self.box_of(gateway) for gateway in found if gateway}

    def box_of(self, gateway):
        """IPv6 next hops are link-local: known by their MAC address, which is in them."""
        for box in self.boxes:
            if gateway in (f"192.0.2.1{box.number}", f"2001:db8::1{box.number}", box.link_local):
                return box.number
        return gateway

    def reaches(self, family, boxes, limit_s, what):
        wait_for(lambda: self.next_hops(family) == set(boxes), limit_s,
                 lambda: f"{what}: the router sends {self.vip[family]} to {self.next_hops(family)}, "
                         f"not {set(boxes)}")

    def ask(self, family, client, ok=True):
        """The name of the server that answers this client."""
        url = f"http://{bracketed(self.vip[family])}/"
        done = run(["curl", "-sS", "-g", "--max-time", 5, "--interface", client, url], self.client, ok=False)
        check(done.returncode == 0 or not ok, f"{client} to {url}: {done.stderr.strip()}")
        return done.stdout.strip()


class Machine:
    def __init__(self, rig, netns, name):
        self.rig, self.netns, self.name = rig, netns, name


def link_local(netns):
    told = json.loads(run(["ip", "-6", "-j", "address", "show", "dev", "sl-net", "scope", "link"], netns).stdout)
    return next((entry["local"] for link in told for entry in link.get("addr_info", ()) if "local" in entry), None)


@contextlib.contextmanager
def running(t):
    """Everything, with both boxes announced."""
    net = ScaleOut(t.rig)
    net.servers_start()
    net.router_start()
    with contextlib.ExitStack() as stack:
        daemons = {}
        for box in net.boxes:
            daemons[box.number] = stack.enter_context(Sluice(box, t.build, box.text()))
            box.link_local = wait_for(lambda box=box: link_local(box.sluice), 5, "sl-net has its addresses")
            box.bird_start()
        for family in FAMILIES:
            net.reaches(family, BOXES, SESSIONS_S, "at the start")
        yield net, daemons


@test("scale-out", cases=("announced", "withdrawn-4", "withdrawn-6", "same-server-4", "same-server-6", "command",
                          "killed", "stopped"))
def scale_out(t):
    with running(t) as (net, daemons):
        with t.case("announced"):
            for box in net.boxes:
                for family in FAMILIES:
                    check(box.routes(family) == {net.vip[family]},
                          f"box {box.number}: table {TABLE} has {box.routes(family)}")
        for family in FAMILIES:
            with t.case(f"withdrawn-{family[-1]}"):
                withdrawn(t, net, family)
        for family in FAMILIES:
            with t.case(f"same-server-{family[-1]}"):
                same_server(t, net, daemons, family)
        with t.case("command"):
            command(t, net, daemons)
        with t.case("killed"):
            killed(t, net, daemons)
        with t.case("stopped"):
            stopped(t, net, daemons)


def withdrawn(t, net, family):
    """The last server of the VIP's service dies: the router has no way to it any more. The other family's stays."""
    other = next(f for f in FAMILIES if f != family)
    net.programs[1, family].kill()
    wait_for(lambda: {net.ask(family, client, ok=False) for client in net.clients[family][:6]} == {"server-2"}, 5,
             "server 2 answers all")
    net.reaches(family, BOXES, 1, "with one server left")
    net.programs[2, family].kill()
    since = time.monotonic()
    net.reaches(family, (), WITHDRAWN_S + 4, "without a server")
    took = time.monotonic() - since
    t.note(f"withdrawn after {took * 1000:.0f} ms")
    check(took <= WITHDRAWN_S, f"withdrawn {took:.2f} s after the last server died")
    net.reaches(other, BOXES, 0.1, "though its servers live")
    for number in (1, 2):
        net.programs[number, family].start()
    since = time.monotonic()
    net.reaches(family, BOXES, 10, "with servers again")
    t.note(f"back after {(time.monotonic() - since) * 1000:.0f} ms")


def same_server(t, net, daemons, family):
    """All clients through one box, then through the other: each meets the server that it met before."""
    met = {}
    for box in BOXES:
        other = next(b for b in BOXES if b != box)
        announce(daemons[other], net, family, "off")
        try:
            net.reaches(family, (box,), 5, f"only box {box} announces")
            met[box] = [net.ask(family, client) for client in net.clients[family]]
        finally:
            announce(daemons[other], net, family, "on")
        net.reaches(family, BOXES, 5, "both announce again")
    check(met[1] == met[2], f"boxes disagree: {met}")
    counts = {server: met[1].count(server) for server in sorted(set(met[1]))}
    check(len(counts) == 2, f"all clients meet {counts}")
    t.note(f"{CLIENTS} clients: {counts}")
    both = [net.ask(family, client) for client in net.clients[family]]
    check(both == met[1], "and where the router chooses the box, they meet others")


def announce(daemon, net, family, on):
    daemon.ctl("service", "edit", "tcp", f"{bracketed(net.vip[family])}:80", "announce", on)


def command(t, net, daemons):
    """Draining the last servers by command withdraws, too."""
    reals = [f"{net.servers_at['ipv4'].format(number)}:80" for number in (1, 2)]
    vip = f"{net.vip['ipv4']}:80"
    for real in reals:
        daemons[1].ctl("real", "drain", "tcp", vip, real)
    net.reaches("ipv4", (2,), 3, "box 1 is drained")
    daemons[1].ctl("real", "undrain", "tcp", vip, reals[0])
    net.reaches("ipv4", BOXES, 3, "box 1 has a server again")
    daemons[1].ctl("real", "undrain", "tcp", vip, reals[1])


def killed(t, net, daemons):
    """No daemon is left that could take its routes away."""
    box = net.boxes[0]
    daemons[1].process.signal(signal.SIGKILL)
    daemons[1].process.wait(2)
    since = time.monotonic()
    for family in FAMILIES:
        wait_for(lambda family=family: not box.routes(family), 1, f"table {TABLE} is empty")
        net.reaches(family, (2,), KILLED_S, "box 1 is dead")
    t.note(f"noticed after {(time.monotonic() - since) * 1000:.0f} ms")
    for family in FAMILIES:
        for client in net.clients[family]:
            net.ask(family, client)
    daemons[1].start()
    box.link_local = wait_for(lambda: link_local(box.sluice), 5, "sl-net has its addresses")
    for family in FAMILIES:
        net.reaches(family, BOXES, SESSIONS_S, "box 1 is back")


def stopped(t, net, daemons):
    """A planned end: routers know before the box forwards no longer, and no request fails."""
    failures = []
    daemons[1].process.signal(signal.SIGTERM)
    number = 0
    while daemons[1].process.running() and number < 1000:
        for family in FAMILIES:
            client = net.clients[family][number % CLIENTS]
            try:
                net.ask(family, client)
            except Failure as failure:
                failures.append(str(failure))
        number += 1
    code = daemons[1].process.wait(2)
    check(code == 0, f"sluiced ended with exit code {code}")
    for family in FAMILIES:
        net.reaches(family, (2,), 1, "box 1 has ended")
    check(not failures, f"{len(failures)} of {2 * number} requests failed meanwhile: {failures[:2]}")
    t.note(f"{2 * number} requests meanwhile")
    daemons[1].start()

# SPDX-License-Identifier: BSD-3-Clause
"""
The network of two boxes: both between a bridge of clients and a bridge of
servers, with a link of their own and a serial line beside.

    client eth0 ---- bridge ---- wan [a] lan ---- bridge ---- eth0 server 1, 2, 3
                     |   '------ wan [b] lan --------'
                     '---------------------------------------- eth1 server 1, 2, 3 (hold the VIP on lo)
    [a] mg ------------ mg [b]          heartbeats, connection sync
    [a] pty === socat === pty [b]       heartbeats

NAT and full NAT use the one arm and the servers' eth0, direct routing their eth1, tunnels eth0 with answers by
eth1. Addresses are found by ARP and neighbour discovery, as everywhere. What lies between the boxes can be cut,
each channel by itself, and joined again.
"""

import json
import pathlib
import sys

from rig import run, wait_for
from sluice import block
from topology import CLIENT_ADDRESS_COUNT, FAMILIES, Topology

HERE = pathlib.Path(__file__).resolve().parent
ECHO_PORT = 7000
HEARTBEAT_PORT, SYNC_PORT = 694, 8848
ADVERT_S = 0.1
PRIORITY = {"a": 150, "b": 100}
KEY = "open sesame"
CHANNELS = ("vrrp", "udp", "serial")


class Box:
    """One of the two, as class Sluice wants a topology."""

    def __init__(self, pair, letter, host):
        self.pair, self.rig, self.letter = pair, pair.rig, letter
        self.name = f"pair-{letter}"
        self.netns = self.sluice = pair.rig.namespace(self.name)
        self.addresses = {"wan": {"ipv4": f"10.1.0.{host}", "ipv6": f"fd01::{host}"},
                          "lan": {"ipv4": f"10.2.0.{host}", "ipv6": f"fd02::{host}"},
                          "mg": {"ipv4": f"10.9.0.{host}", "ipv6": f"fd09::{host}"}}
        self.ports = tuple((name, name, (f"{self.addresses[name]['ipv4']}/24", f"{self.addresses[name]['ipv6']}/64"))
                           for name in ("wan", "lan"))
        self.line = pair.rig.directory / f"{self.name}.line"

    def neighbours_forget(self):
        """Nobody's: the other box may be forwarding."""


class Pair(Topology):
    name = "pair"
    server_count = 3
    kind = "NAT"
    vips = {"NAT": {"ipv4": "10.1.0.100", "ipv6": "fd01::100"}, "DR": {"ipv4": "10.1.0.101", "ipv6": "fd01::101"}}
    vip = vips["NAT"]
    gateway = {"ipv4": "10.2.0.1", "ipv6": "fd02::1"}
    locals = {"ipv4": "10.2.0.200-10.2.0.203", "ipv6": "fd02::200-fd02::203"}
    client_addresses = {
        "ipv4": [f"10.1.0.{16 + i}" for i in range(CLIENT_ADDRESS_COUNT)],
        "ipv6": [f"fd01::{16 + i:x}" for i in range(CLIENT_ADDRESS_COUNT)],
    }

    def wire(self):
        self.boxes = {"a": Box(self, "a", 2), "b": Box(self, "b", 3)}
        self.cable = None
        run(["ip", "link", "add", "br1", "type", "bridge"], self.switch)
        run(["ip", "link", "set", "br1", "up"], self.switch)
        for bridge in ("br0", "br1"):
            self.rig.sysctl(self.switch, **{f"net__ipv6__conf__{bridge}__disable_ipv6": 1})
            run(["ip", "link", "set", bridge, "type", "bridge", "mcast_snooping", "0"], self.switch)
        self.plug_in(self.client, "eth0", "wc", "br1")
        for letter, box in self.boxes.items():
            self.plug_in(box.netns, "wan", f"w{letter}", "br1")
            self.plug_in(box.netns, "lan", f"l{letter}", "br0")
            for interface in ("wan", "lan"):
                self.rig.mute(box.netns, interface)
        for server in self.servers:
            self.plug_in(server.netns, "eth0", f"l{server.number}", "br0")
            self.plug_in(server.netns, "eth1", f"w{server.number}", "br1")
        a, b = self.boxes.values()
        self.rig.link(a.netns, "mg", b.netns, "mg")
        self.own = {family: [box.addresses[port][family] for box in self.boxes.values() for port in ("wan", "lan")]
                    for family in FAMILIES}

    def plug_in(self, netns, name, port, bridge):
        self.rig.link(netns, name, self.switch, port)
        run(["ip", "link", "set", port, "master", bridge], self.switch)

    def address(self):
        self.addresses_add(self.client, "eth0", *(f"{a}/24" for a in self.client_addresses["ipv4"]),
                           *(f"{a}/64" for a in self.client_addresses["ipv6"]))
        for box in self.boxes.values():
            mine = box.addresses["mg"]
            self.addresses_add(box.netns, "mg", f"{mine['ipv4']}/24", f"{mine['ipv6']}/64")
            self.rig.sysctl(box.netns, net__ipv6__conf__mg__keep_addr_on_down=1)
        for server in self.servers:
            n = server.number
            self.rig.sysctl(server.netns, net__ipv4__conf__all__arp_ignore=1, net__ipv4__conf__all__arp_announce=2,
                            net__ipv4__conf__all__rp_filter=0, net__ipv4__conf__eth0__rp_filter=0,
                            net__ipv4__conf__eth1__rp_filter=0)
            self.addresses_add(server.netns, "eth0", f"10.2.0.{10 + n}/24", f"fd02::{10 + n}/64")
            self.addresses_add(server.netns, "eth1", f"10.1.0.{70 + n}/24", f"fd01::{70 + n}/64")
            self.addresses_add(server.netns, "lo", f"{self.vips['DR']['ipv4']}/32", f"{self.vips['DR']['ipv6']}/128")
            # Answers of NAT go back by the gateway, though the clients are neighbours by the other arm.
            for family, subnet in (("-4", "10.2.0.0/24"), ("-6", "fd02::/64")):
                gateway = self.gateway["ipv4" if family == "-4" else "ipv6"]
                run(["ip", family, "route", "add", subnet, "dev", "eth0", "table", "100"], server.netns)
                run(["ip", family, "route", "add", "default", "via", gateway, "dev", "eth0", "table", "100"],
                    server.netns)
                run(["ip", family, "rule", "add", "from", subnet, "table", "100"], server.netns)

    def start(self, world):
        for server in self.servers:
            n = server.number
            for family in FAMILIES:
                server.nginx_start(family, (80, 8080), world.big())
            where = [f"10.2.0.{10 + n}", f"fd02::{10 + n}", *self.vips["DR"].values()]
            self.rig.spawn(f"{server.netns}-echo", [sys.executable, HERE / "gap.py", "echo", ECHO_PORT, *where],
                           server.netns, keep=True)
            wait_for(lambda server=server: f":{ECHO_PORT} " in run(["ss", "-lun"], server.netns).stdout, 10,
                     "the echo server listens")

    # ---- what a service sees ----

    def vip_of(self, kind, family):
        return self.vips["NAT" if kind in ("NAT", "FNAT") else "DR"][family]

    def reals_of(self, kind, family, port):
        """One of each machine, for a service at `port`: 80 is nginx."""
        subnet = {"ipv4": "10.1.0.7{}", "ipv6": "fd01::7{}"} if kind == "DR" else {"ipv4": "10.2.0.1{}",
                                                                                   "ipv6": "fd02::1{}"}
        translated = kind in ("NAT", "FNAT") and port == 80
        return [(subnet[family].format(server.number), 8080 if translated else port, 1) for server in self.servers]

    # ---- the serial line ----

    def cable_plug(self):
        """A cable between the boxes' lines, which are there from now on."""
        ends = [f"pty,raw,echo=0,link={box.line}" for box in self.boxes.values()]
        self.cable = self.rig.spawn(self.rig.numbered("socat"), ["socat", *ends])
        wait_for(lambda: all(box.line.exists() for box in self.boxes.values()), 5, "socat has made the line")

    # ---- cuts: each returns how it is mended ----

    def cut(self, channel):
        return {"vrrp": self.cut_vrrp, "udp": self.cut_udp, "serial": self.cut_serial, "sync": self.cut_sync}[channel]()

    def cut_vrrp(self):
        """The boxes' ports hear everybody but each other. On the servers' side as well, as adverts may be there."""
        self.isolate("on")
        self.rig.undo.append(self.join_vrrp)
        return self.join_vrrp

    def join_vrrp(self):
        self.isolate("off")

    def isolate(self, how):
        for port in ("wa", "wb", "la", "lb"):
            run(["bridge", "link", "set", "dev", port, "isolated", how], self.switch)

    def cut_udp(self):
        return self.drop(f"udp dport {HEARTBEAT_PORT}")

    def cut_sync(self):
        """TCP too: its bulk resynchronisation."""
        mends = [self.drop(f"{proto} dport {SYNC_PORT}") for proto in ("udp", "tcp")]
        return lambda: [mend() for mend in mends]

    def drop(self, match, letters="ab"):
        """What comes to these boxes by their own link."""
        table = self.rig.numbered("cut").replace("-", "_")
        boxes = [self.boxes[letter] for letter in letters]
        for box in boxes:
            run(["nft", "-f", "-"], box.netns, stdin=f"table inet {table} {{\nchain input {{\n"
                f"type filter hook input priority 0;\niifname mg {match} drop\n}}\n}}\n")

        def mend():
            for box in boxes:
                run(["nft", "delete", "table", "inet", table], box.netns, ok=False)
        self.rig.undo.append(mend)
        return mend

    def counter(self, box, match):
        """How many packets have come to a box by the boxes' link that match: a function that tells."""
        table = self.rig.numbered("counter").replace("-", "_")
        run(["nft", "-f", "-"], box.netns, stdin=f"table inet {table} {{\ncounter came {{ }}\nchain input {{\n"
            f"type filter hook input priority -1;\niifname mg {match} counter name came\n}}\n}}\n")
        self.rig.undo.append(lambda: run(["nft", "delete", "table", "inet", table], box.netns, ok=False))

        def packets():
            told = json.loads(run(["nft", "-j", "list", "counters", "table", "inet", table], box.netns).stdout)
            return sum(entry["counter"]["packets"] for entry in told["nftables"] if "counter" in entry)
        return packets

    def cut_serial(self):
        self.cable.kill()
        return self.cable_plug


def instance_text(box, name, vrid, lines=(), addresses=(), excluded=(), priority=None, state="BACKUP", version=3,
                  advert_s=ADVERT_S):
    return block(f"vrrp_instance {name}", f"state {state}", "interface wan", f"virtual_router_id {vrid}",
                 f"priority {priority or PRIORITY[box.letter]}", f"version {version}", f"advert_int {advert_s}", *lines,
                 *block("virtual_ipaddress", *addresses).splitlines(),
                 *(block("virtual_ipaddress_excluded", *excluded).splitlines() if excluded else ()))


def moving(pair, family, kinds=("NAT", "DR")):
    """The addresses of a family that move: VIPs, and with NAT's the servers' gateway."""
    length = 24 if family == "ipv4" else 64
    return [*(f"{pair.vips[kind][family]}/{length}" for kind in kinds),
            *([f"{pair.gateway[family]}/{length} dev lan"] if "NAT" in kinds else ())]


def channels_text(box, channels, dead_s=None):
    """Heartbeats; what is 'vrrp' among them is the instances' own affair."""
    more = [f"dead {dead_s}"] if dead_s else []
    peer = next(other for other in box.pair.boxes.values() if other is not box)
    parts = []
    if "udp" in channels:
        parts.append(block("heartbeat udp mgmt", "interface mg", f"local {box.addresses['mg']['ipv4']}",
                           f"peer {peer.addresses['mg']['ipv4']}", f'key "{KEY}"', *more))
    if "serial" in channels:
        parts.append(block("heartbeat serial line", f"device {box.line}", "baud 115200", f'key "{KEY}"', *more))
    return parts


def sync_text(box, instance=None, gate_s=10, family="ipv4", group=None, threads=1):
    """To a multicast `group`, or to the peer."""
    peer = next(other for other in box.pair.boxes.values() if other is not box)
    return block("connection_sync", "interface mg", *([f"instance {instance}"] if instance else ()), "id 7",
                 f"group {group}" if group else f"peer {peer.addresses['mg'][family]}",
                 f"local {box.addresses['mg'][family]}", f"threads {threads}", f'key "{KEY}"', f"gate {gate_s}")

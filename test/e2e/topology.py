# SPDX-License-Identifier: BSD-3-Clause
"""
The two networks that the tests run in: two arms for NAT, one for direct
routing. Each has a client, Sluice's place, and two servers with real nginx
(one instance a family, so each family can be counted) and dnsmasq.

Nat:    client eth0 ---- wan [sluice] lan ---- switch ---- eth0 server 1, 2
Direct: client eth0 ---- switch ---- one [sluice]
                            '---- eth0 server 1, 2 (hold the VIP on lo)

Both are built once a run and stay as they are; a test that disturbs one puts
it back. In Sluice's namespace the kernel has no addresses and does not
forward: what answers there is Sluice.
"""

import json

from rig import check, run, wait_for

FAMILIES = ("ipv4", "ipv6")
CLIENT_ADDRESS_COUNT = 32
BIG_BYTES = 1 << 30

NGINX = """
daemon off;
user root;
worker_processes 1;
pid {directory}/{name}.pid;
error_log stderr warn;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    keepalive_timeout 900s;
    default_type text/plain;
    client_body_temp_path {directory}/{name}.tmp;
    proxy_temp_path {directory}/{name}.tmp;
    fastcgi_temp_path {directory}/{name}.tmp;
    uwsgi_temp_path {directory}/{name}.tmp;
    scgi_temp_path {directory}/{name}.tmp;
    server {{
        {listen}
        location = / {{ return 200 "{server}\\n"; }}
        location = /big {{ alias {big}; }}
        location = /slow {{ alias {big}; limit_rate 40k; }}
        location = /who {{ return 200 "$remote_addr $remote_port\n"; }}
    }}
    server {{
        listen unix:{directory}/{name}.sock;
        location / {{ stub_status; }}
    }}
}}
"""


def bracketed(address):
    return f"[{address}]" if ":" in address else address


class Server:
    """A namespace with nginx and dnsmasq. `reals` are the (address, port) pairs it can be reached at."""

    def __init__(self, topology, number):
        self.rig = topology.rig
        self.number = number
        self.name = f"server-{number}"
        self.netns = self.rig.namespace(f"{topology.name}-s{number}")
        self.reals = {}
        self.dns = {}
        self.nginx = {}
        self.asked = {family: 0 for family in FAMILIES}

    def nginx_start(self, family, ports, big):
        """One instance for one family."""
        name = f"{self.netns}-nginx-{family}"
        where = "0.0.0.0:{}" if family == "ipv4" else "[::]:{}"
        only = "" if family == "ipv4" else " ipv6only=on"
        listen = "\n        ".join(f"listen {where.format(port)} backlog=8192{only};" for port in ports)
        path = self.rig.directory / f"{name}.conf"
        path.write_text(NGINX.format(directory=self.rig.directory, name=name, listen=listen,
                                     server=self.name, big=big))
        self.nginx[family] = self.rig.directory / f"{name}.sock"
        self.rig.spawn(name, ["nginx", "-c", path], self.netns, keep=True)
        wait_for(self.nginx[family].exists, 10, f"{name} listens")

    def dnsmasq_start(self, port):
        """Answers every name with 192.0.2.<number>, which tells who answered."""
        name = f"{self.netns}-dnsmasq"
        self.rig.spawn(name, [
            "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
            "--pid-file=", "--user=root", "--group=root", f"--port={port}",
            f"--address=/#/192.0.2.{self.number}"], self.netns, keep=True)
        wait_for(lambda: f":{port} " in run(["ss", "-lun"], self.netns).stdout, 10, f"{name} listens")

    def requests(self, family):
        """(connections accepted, requests answered) by nginx so far, this question left out of both."""
        text = run(["curl", "-sS", "--max-time", "5", "--unix-socket", self.nginx[family],
                    "http://status/"]).stdout
        numbers = text.splitlines()[2].split()
        self.asked[family] += 1
        return int(numbers[0]) - self.asked[family], int(numbers[2]) - self.asked[family]


class Topology:
    """What both have in common."""

    name = kind = None
    server_count = 2
    ports = ()                  # of Sluice: (port name, interface, [own addresses])
    web_ports = range(80, 90)   # of virtual services, for tests to share out

    def __init__(self, rig):
        self.rig = rig
        self.client = rig.namespace(f"{self.name}-c")
        self.sluice = rig.namespace(f"{self.name}-sluice")
        self.switch = rig.namespace(f"{self.name}-sw")
        self.servers = [Server(self, 1 + number) for number in range(self.server_count)]
        run(["ip", "link", "add", "br0", "type", "bridge"], self.switch)
        rig.sysctl(self.switch, net__ipv6__conf__all__disable_ipv6=1)
        run(["ip", "link", "set", "br0", "up"], self.switch)
        self.wire()
        for netns in (self.client, *(server.netns for server in self.servers)):
            rig.sysctl(netns, net__ipv4__ip_local_port_range="1024 65535", net__ipv4__tcp_tw_reuse=1,
                       net__ipv4__tcp_max_tw_buckets=2000000, net__core__somaxconn=8192,
                       net__ipv4__tcp_max_syn_backlog=8192, net__ipv6__conf__all__accept_ra=0)
        self.address()

    def plug(self, netns, name, port):
        """A cable from a namespace to the switch."""
        self.rig.link(netns, name, self.switch, port)
        run(["ip", "link", "set", port, "master", "br0"], self.switch)

    @staticmethod
    def addresses_add(netns, name, *addresses):
        for address in addresses:
            more = ["nodad"] if ":" in address else []
            run(["ip", "address", "add", address, "dev", name, *more], netns)

    def servers_start(self, web_ports, dns_port, big):
        for server in self.servers:
            for family in FAMILIES:
                server.nginx_start(family, web_ports, big)
            server.dnsmasq_start(dns_port)

    def neighbours_forget(self):
        """So that each daemon's start resolves addresses anew, both ways."""
        for netns in (self.client, *(server.netns for server in self.servers)):
            run(["ip", "neigh", "flush", "all"], netns)

    def neighbour(self, netns, address):
        """The MAC address that the kernel of a namespace has for an address, or None."""
        told = json.loads(run(["ip", "-j", "neigh", "show", address], netns).stdout or "[]")
        return next((entry.get("lladdr") for entry in told), None)

    def curl(self, url, *options, ok=True, timeout_s=20):
        return run(["curl", "-sS", "-g", "--max-time", timeout_s - 1, *options, url], self.client,
                   timeout_s=timeout_s, ok=ok)

    def ask(self, family, *options, **where):
        """One request: the name of the server that answered it."""
        name = self.curl(self.url(family, **where), *options).stdout.strip()
        check(name.startswith("server-"), f"{self.url(family, **where)} answers {name!r}")
        return name

    def url(self, family, port=80, path="/", vip=None):
        return f"http://{bracketed(vip or self.vip[family])}:{port}{path}"

    def real(self, machine, family, index=0, weight=1, port=80):
        """(address, port, weight) of one of a machine's four real servers, for a service at `port`."""
        address, real_port = self.servers[machine].reals[family][index]
        # Direct routing leaves the packet's port as it is. With NAT each service has real ports of its own.
        return address, port if self.kind == "DR" else real_port + 10 * (port - 80), weight

    def reals(self, family, index=0, weights=(1, 1), port=80):
        """One of each machine."""
        return [self.real(machine, family, index, weight, port) for machine, weight in enumerate(weights)]


class Nat(Topology):
    name, kind = "nat", "NAT"
    ports = (("wan", "wan", ("10.1.0.1/24", "fd01::1/64")), ("lan", "lan", ("10.2.0.1/24", "fd02::1/64")))
    own = {"ipv4": ("10.1.0.1", "10.2.0.1"), "ipv6": ("fd01::1", "fd02::1")}
    vip = {"ipv4": "10.1.0.100", "ipv6": "fd01::100"}
    routed_vip = {"ipv4": "192.0.2.80", "ipv6": "fd0f::80"}   # in no subnet; the client has a route
    client_addresses = {
        "ipv4": [f"10.1.0.{16 + i}" for i in range(CLIENT_ADDRESS_COUNT)],
        "ipv6": [f"fd01::{16 + i:x}" for i in range(CLIENT_ADDRESS_COUNT)],
    }
    dns_port = 5353

    def wire(self):
        self.rig.link(self.client, "eth0", self.sluice, "wan")
        self.plug(self.sluice, "lan", "p0")
        for server in self.servers:
            self.plug(server.netns, "eth0", f"p{server.number}")
        for interface in ("wan", "lan"):
            self.rig.mute(self.sluice, interface)

    def address(self):
        self.addresses_add(self.client, "eth0", *(f"{a}/24" for a in self.client_addresses["ipv4"]),
                           *(f"{a}/64" for a in self.client_addresses["ipv6"]))
        run(["ip", "route", "add", "192.0.2.0/24", "via", "10.1.0.1"], self.client)
        run(["ip", "route", "add", "fd0f::/64", "via", "fd01::1"], self.client)
        for server in self.servers:
            v4, v6 = f"10.2.0.{10 + server.number}", f"fd02::{10 + server.number}"
            self.addresses_add(server.netns, "eth0", f"{v4}/24", f"{v6}/64")
            run(["ip", "route", "add", "default", "via", "10.2.0.1"], server.netns)
            run(["ip", "-6", "route", "add", "default", "via", "fd02::1"], server.netns)
            server.reals = {"ipv4": [(v4, 8080 + i) for i in range(4)],
                            "ipv6": [(v6, 8080 + i) for i in range(4)]}
            server.dns = {"ipv4": (v4, self.dns_port), "ipv6": (v6, self.dns_port)}

    def start(self, world):
        self.servers_start(range(8080, 8120), self.dns_port, world.big())


class Direct(Topology):
    name, kind = "dr", "DR"
    ports = (("one", "one", ("10.3.0.1/24", "fd03::1/64", "10.4.0.1/24", "fd04::1/64")),)
    own = {"ipv4": ("10.3.0.1",), "ipv6": ("fd03::1",)}
    vip = {"ipv4": "10.3.0.100", "ipv6": "fd03::100"}
    client_addresses = {
        "ipv4": [f"10.3.0.{16 + i}" for i in range(CLIENT_ADDRESS_COUNT)],
        "ipv6": [f"fd03::{16 + i:x}" for i in range(CLIENT_ADDRESS_COUNT)],
    }
    # A second subnet on the same wire, for NAT with one arm: the servers reach it through Sluice alone.
    far_client = {"ipv4": "10.4.0.16", "ipv6": "fd04::10"}
    far_vip = {"ipv4": "10.4.0.100", "ipv6": "fd04::100"}
    dns_port = 53

    def wire(self):
        self.plug(self.sluice, "one", "p0")
        self.rig.mute(self.sluice, "one")
        self.plug(self.client, "eth0", "pc")
        for server in self.servers:
            self.plug(server.netns, "eth0", f"p{server.number}")

    def address(self):
        self.addresses_add(self.client, "eth0", *(f"{a}/24" for a in self.client_addresses["ipv4"]),
                           *(f"{a}/64" for a in self.client_addresses["ipv6"]),
                           f"{self.far_client['ipv4']}/24", f"{self.far_client['ipv6']}/64")
        for server in self.servers:
            self.rig.sysctl(server.netns, net__ipv4__conf__all__arp_ignore=1,
                            net__ipv4__conf__all__arp_announce=2)
            number = server.number
            v4 = [f"10.3.0.{60 + 10 * i + number}" for i in range(4)]
            v6 = [f"fd03::{60 + 10 * i + number}" for i in range(4)]
            self.addresses_add(server.netns, "eth0", *(f"{a}/24" for a in v4), *(f"{a}/64" for a in v6))
            self.addresses_add(server.netns, "lo", f"{self.vip['ipv4']}/32", f"{self.vip['ipv6']}/128")
            run(["ip", "route", "add", "default", "via", "10.3.0.1"], server.netns)
            run(["ip", "-6", "route", "add", "default", "via", "fd03::1"], server.netns)
            server.reals = {"ipv4": [(a, 80) for a in v4], "ipv6": [(a, 80) for a in v6]}
            server.dns = {"ipv4": (v4[0], 53), "ipv6": (v6[0], 53)}

    def start(self, world):
        self.servers_start(self.web_ports, self.dns_port, world.big())


class World:
    """Both networks, each built when a test first asks for it, and the file that is worth downloading."""

    def __init__(self, rig):
        self.rig = rig
        self.built = {}

    def get(self, topology):
        if topology not in self.built:
            made = topology(self.rig)
            self.built[topology] = made
            made.start(self)
        return self.built[topology]

    def big(self):
        """1 GB that looks like noise and is the same every time: AES in counter mode over zeros."""
        path = self.rig.directory / "big"
        if not path.exists():
            run(["sh", "-c", f"head -c {BIG_BYTES} /dev/zero | openssl enc -aes-128-ctr -nosalt "
                 f"-K {'5a' * 16} -iv {'00' * 16} > {path}"], timeout_s=120)
            check(path.stat().st_size == BIG_BYTES, f"{path} has not {BIG_BYTES} bytes; is the disk full?")
        return path

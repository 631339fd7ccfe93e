# SPDX-License-Identifier: BSD-3-Clause
"""
Packets that other balancers drop: those in fragments, those that are too
long, and errors, both of others and our own, as real kernels see them.
"""

import contextlib
import dataclasses
import json
import re
import subprocess
import time

from case import test
from forwarding import GROUP, GUE_PORT, PEER_PORT, Decap, counter, serve, told
from rig import check, in_namespace, run
from sluice import AF_XDP, Service, Sluice, configuration
from topology import FAMILIES, Direct, Nat

UDP_PORT = 7001
QUESTIONS = {8_000: 20, 60_000: 8}      # of so many bytes, with answers as long
LINK_MTU, SMALL_MTU = 1500, 1400
CLOSED = 89         # a VIP's port without a service
AT_ONCE_S = 1.0


def udp(vip, port, reals, kind, *more):
    return Service(vip, port, reals, kind, proto="UDP",
                   more=(*(("laddr_group_name outside",) if kind == "FNAT" else ()), *more))


def udp_services(net, inside, outside, kind, first, count=8):
    """One a port, at all servers, where nobody listens. tracepath goes a port further with every probe."""
    return [udp(net.vip[inside], port, [(address, port, 1) for address in addresses(net, outside)], kind)
            for port in range(first, first + count)]


def addresses(net, family):
    """One of each server."""
    return [server.reals[family][0][0] for server in net.servers]


def datagram_servers(net):
    """One a family at each server, at its real addresses or, where there is one, at the VIP."""
    for server in net.servers:
        for family in FAMILIES:
            bound = net.vip[family] if net.kind == "DR" else server.reals[family][0][0]
            serve(net, server.netns, "datagrams.py", "server", bound, UDP_PORT)


# ---- fragments ----

# Name: topology, lb_kind, families of client and servers.
WAYS = {
    "nat-4": (Nat, "NAT", "ipv4", "ipv4"), "nat-6": (Nat, "NAT", "ipv6", "ipv6"),
    "fnat-4": (Nat, "FNAT", "ipv4", "ipv4"), "fnat-6": (Nat, "FNAT", "ipv6", "ipv6"),
    "nat64": (Nat, "FNAT", "ipv6", "ipv4"),
    "dr-4": (Direct, "DR", "ipv4", "ipv4"), "dr-6": (Direct, "DR", "ipv6", "ipv6"),
    "ipip-4in4": (Direct, "TUN", "ipv4", "ipv4"), "ipip-6in6": (Direct, "TUN", "ipv6", "ipv6"),
    "gue-6in4": (Direct, f"TUN type gue port {GUE_PORT} csum", "ipv6", "ipv4"),
    "gre-4in6": (Direct, "TUN type gre csum", "ipv4", "ipv6"),
}
KINDS = {"nat": Nat, "dr": Direct}


def fragments(t, topology, workers):
    net = t.world.get(topology)
    ways = {name: way for name, way in WAYS.items() if way[0] is topology}
    services = {name: udp(net.vip[inside], UDP_PORT + number,
                          [(address, UDP_PORT if topology is Nat else UDP_PORT + number, 1)
                           for address in addresses(net, outside)], kind)
                for number, (name, (_, kind, inside, outside)) in enumerate(ways.items())}
    text = configuration(net, services.values(), workers, device=AF_XDP,
                         more=GROUP if topology is Nat else "")
    with Sluice(net, t.build, text) as sluice:
        decap = Decap(net) if topology is Direct else None
        for server in net.servers:
            for number, (_, _, inside, _) in enumerate(ways.values() if topology is Direct else ()):
                serve(net, server.netns, "datagrams.py", "server", net.vip[inside], UDP_PORT + number)
        if topology is Nat:
            datagram_servers(net)
        for name, (_, _, inside, _) in ways.items():
            with t.case(name):
                if decap:
                    decap.check()
                for size in QUESTIONS:
                    ask_large(t, net, inside, services[name].port, size)
                spread = sluice.real_conns(services[name])
                check(min(spread) > 0, f"round robin placed {spread} flows")
        with t.case("accounting"):
            sluice.quiet()
            if decap:
                t.note(str(decap.counts()))
            t.note(sluice.drops_text())
            sluice.check_accounting()


def ask_large(t, net, family, port, size):
    count = QUESTIONS[size]
    got = told(net.client, "datagrams.py", "client", net.vip[family], port, count, size, size,
               *net.client_addresses[family], timeout_s=60)
    t.note(f"{got['answered']} of {size} bytes in {got['tries']} tries")
    check(got["answered"] == count, f"{got['answered']} of {count} questions of {size} bytes were answered")
    # Only IPv6 clients have to learn the path's MTU, by a first question that is lost, each once.
    check(family == "ipv6" or got["tries"] == count, f"{got['tries']} tries for {count} questions")


for _net, _topology in KINDS.items():
    for _workers in (1, 2):     # net_af_xdp has one queue where the interface is a veth
        test(f"fragments-{_net}-{_workers}w", topology=_topology, workers=_workers,
             cases=(*(name for name, way in WAYS.items() if way[0] is _topology), "accounting"))(fragments)


# ---- path MTU ----

# Name: lvs_method, families of client and servers, the MTU of packets that fit the tunnel.
TUNNELS = {
    "ipip-4in4": ("TUN", "ipv4", "ipv4", 1480), "ipip-6in6": ("TUN", "ipv6", "ipv6", 1460),
    "ipip-4in6": ("TUN", "ipv4", "ipv6", 1460), "ipip-6in4": ("TUN", "ipv6", "ipv4", 1480),
    "gue-4in4": (f"TUN type gue port {GUE_PORT} nocsum", "ipv4", "ipv4", 1468),
    "gue-6in6": (f"TUN type gue port {GUE_PORT} csum", "ipv6", "ipv6", 1448),
    "gre-4in4": ("TUN type gre nocsum", "ipv4", "ipv4", 1476),
    "gre-6in6": ("TUN type gre csum", "ipv6", "ipv6", 1452),
}


def routes_forget(netns):
    for family in ("-4", "-6"):
        run(["ip", family, "route", "flush", "cache"], netns)


def route_mtu(netns, address):
    """The MTU that a kernel has learned for the way to an address, or None."""
    route = json.loads(run(["ip", "-j", "route", "get", address], netns).stdout)[0]
    return next((metric["mtu"] for metric in route.get("metrics", []) if "mtu" in metric), None)


def check_path(t, net, family, port, mtu, tracepath=True):
    """UDP with "do not fragment", ping and tracepath learn the same MTU of the way to a VIP."""
    vip = net.vip[family]
    headers = 28 if family == "ipv4" else 48
    routes_forget(net.client)
    got = told(net.client, "datagrams.py", "path", vip, port, LINK_MTU - headers)
    check((got["before"], got["mtu"], got["error"]) == (LINK_MTU, mtu, "EMSGSIZE"),
          f"UDP learned {got}, should be {mtu}")
    known = route_mtu(net.client, vip)
    check(known == mtu, f"the route to {vip} has MTU {known}, not {mtu}")
    said = run(["ping", "-n", "-c", 1, "-W", 1, "-M", "do", "-s", LINK_MTU - headers, vip], net.client,
               ok=False)
    check(re.search(f"mtu[:=] ?{mtu}\\b", said.stdout + said.stderr), f"ping says {said.stdout}{said.stderr}")
    if tracepath:
        routes_forget(net.client)
        said = run(["tracepath", "-n", "-m", 4, "-p", port, vip], net.client, timeout_s=40, ok=False).stdout
        found = re.search(r"pmtu (\d+)\s+hops|Resume: pmtu (\d+)", said)
        check(found and int(found[1] or found[2]) == mtu, f"tracepath says {said}")
    t.note(f"mtu {mtu}")


@test("mtu-tun", cases=(*TUNNELS, "fits", "accounting"))
def mtu_tunnel(t):
    """A packet that fits the link but not the tunnel: the answer names what fits, and that does fit."""
    net = t.world.get(Direct)
    services, ports = [], {}
    for number, (name, (method, inside, outside, _)) in enumerate(TUNNELS.items()):
        ports[name] = 7100 + 10 * number
        services += udp_services(net, inside, outside, method, ports[name])
    with Sluice(net, t.build, configuration(net, services)) as sluice:
        decap = Decap(net)
        for name, (_, inside, _, mtu) in TUNNELS.items():
            with t.case(name):
                check_path(t, net, inside, ports[name], mtu)
        with t.case("fits"):
            for name, (_, inside, _, mtu) in TUNNELS.items():
                headers = 28 if inside == "ipv4" else 48
                got = told(net.client, "datagrams.py", "refused", net.vip[inside], ports[name], mtu - headers)
                check(got["error"] == "ECONNREFUSED", f"{name}: the server's answer to {mtu} bytes is {got}")
        with t.case("accounting"):
            sluice.quiet()
            counts = decap.counts()
            longest = max(mtu for _, _, _, mtu in TUNNELS.values())
            check(counts["longest"] == longest, f"the longest has {counts['longest']} bytes, not {longest}")
            t.note(sluice.drops_text())
            sluice.check_accounting()


@test("mtu-tun-off", cases=("passes", "accounting"))
def mtu_tunnel_off(t):
    """With `pmtu_disc off` a packet of the link's size goes through in outer fragments, DF or not."""
    net = t.world.get(Direct)
    service = udp(net.vip["ipv4"], 7100, [(address, 7100, 1) for address in addresses(net, "ipv4")], "TUN")
    text = configuration(net, [service], dataplane=("pmtu_disc off",))
    with Sluice(net, t.build, text) as sluice:
        decap = Decap(net, df="clear")
        before = [counter(server.netns, "IpReasmOKs") for server in net.servers]
        with t.case("passes"):
            routes_forget(net.client)
            got = told(net.client, "datagrams.py", "path", net.vip["ipv4"], 7100, LINK_MTU - 28)
            check(got["mtu"] == LINK_MTU and got["error"] in (None, "ECONNREFUSED"), f"UDP learned {got}")
        with t.case("accounting"):
            sluice.quiet()
            whole = sum(counter(server.netns, "IpReasmOKs") for server in net.servers) - sum(before)
            counts = decap.counts()
            check(whole > 0 and counts["longest"] == LINK_MTU, f"{whole} were put together, {counts} arrived")
            sluice.check_accounting()


@contextlib.contextmanager
def small_lan(net):
    """
    The way from Sluice to the servers takes shorter packets than the clients' link. The servers send none
    that are too long, but say in their SYN/ACK what their own link could take.
    """
    def size(mtu):
        for netns, name in ((net.sluice, "lan"), (net.switch, "p0")):
            run(["ip", "link", "set", name, "mtu", mtu], netns)

    def servers_routes(*metrics):
        for server in net.servers:
            for where in (["default", "via", "10.2.0.1"], ["10.2.0.0/24", "dev", "eth0", "proto", "kernel"],
                          ["default", "via", "fd02::1", "metric", 1024],
                          ["fd02::/64", "dev", "eth0", "proto", "kernel", "metric", 256]):
                family = "-6" if "metric" in where else "-4"
                more = [word.replace("+", str(LINK_MTU - (60 if family == "-6" else 40))) for word in metrics]
                run(["ip", family, "route", "replace", *where, *more], server.netns)
    size(SMALL_MTU)
    try:
        servers_routes("mtu", "lock", str(SMALL_MTU), "advmss", "+")
        yield
    finally:
        servers_routes()
        size(LINK_MTU)


# Name: lb_kind, families, the MTU that the client learns.
TRANSLATED = {"nat-4": ("NAT", "ipv4", "ipv4", SMALL_MTU), "nat-6": ("NAT", "ipv6", "ipv6", SMALL_MTU),
              "fnat-4": ("FNAT", "ipv4", "ipv4", SMALL_MTU), "fnat-6": ("FNAT", "ipv6", "ipv6", SMALL_MTU),
              "nat64": ("FNAT", "ipv6", "ipv4", SMALL_MTU + 20)}


@test("mtu-nat", cases=(*TRANSLATED, "upload", "accounting"))
def mtu_nat(t):
    """The servers' link is smaller than the clients': UDP, ping, tracepath and TCP learn it."""
    net = t.world.get(Nat)
    services, ports = [], {}
    for number, (name, (kind, inside, outside, _)) in enumerate(TRANSLATED.items()):
        ports[name] = 7100 + 10 * number
        services += udp_services(net, inside, outside, kind, ports[name])
        services.append(Service(net.vip[inside], ports[name], net.reals(outside, port=80), kind,
                                more=("laddr_group_name outside",) if kind == "FNAT" else ()))
    text = configuration(net, services, more=GROUP, port=(("lan", f"mtu {SMALL_MTU}"),))
    with small_lan(net), Sluice(net, t.build, text) as sluice:
        for name, (_, inside, _, mtu) in TRANSLATED.items():
            with t.case(name):
                check_path(t, net, inside, ports[name], mtu, tracepath=name != "nat64")
        with t.case("upload"):
            for name, (_, inside, _, mtu) in TRANSLATED.items():
                routes_forget(net.client)
                upload(net, net.url(inside, ports[name]))
        with t.case("accounting"):
            sluice.quiet()
            t.note(sluice.drops_text())
            sluice.check_accounting()


def upload(net, url):
    """Half a megabyte, which a server reads and answers."""
    body = net.rig.directory / "upload"
    if not body.exists():
        body.write_bytes(bytes(500_000))
    name = net.curl(url, "--data-binary", f"@{body}", "-H", "Expect:").stdout.strip()
    check(name.startswith("server-"), f"{url} answers an upload with {name!r}")


@test("mss-clamp", cases=("number-4", "number-6", "auto-4", "auto-6", "off", "tun"))
def mss_clamp(t):
    """The least of what both ends said and the service's: in the SYN the server gets, and in its answer."""
    net = t.world.get(Nat)
    rows = {"number-4": ("ipv4", "mss_clamp 1200", 1200, 1200),
            "number-6": ("ipv6", "mss_clamp 1210", 1210, 1210),
            "auto-4": ("ipv4", "mss_clamp auto", SMALL_MTU - 40, SMALL_MTU - 40),
            "auto-6": ("ipv6", "mss_clamp auto", SMALL_MTU - 60, SMALL_MTU - 60),
            "off": ("ipv4", "mss_clamp off", LINK_MTU - 40, LINK_MTU - 40)}
    services = {name: Service(net.vip[family], 7200 + number, [(addresses(net, family)[0], PEER_PORT, 1)],
                              "NAT", more=() if name == "off" else (line,))
                for number, (name, (family, line, _, _)) in enumerate(rows.items())}
    text = configuration(net, services.values(), port=(("lan", f"mtu {SMALL_MTU}"),))
    with small_lan(net), Sluice(net, t.build, text) as sluice:
        routes_forget(net.client)
        serve(net, net.servers[0].netns, "peer.py", "server", "eth0", PEER_PORT)
        for name, (family, _, at_server, at_client) in rows.items():
            with t.case(name):
                check_mss(t, net, family, services[name].port, at_server, at_client)
        sluice.quiet()
        sluice.check_accounting()
    with t.case("tun"):
        mss_tunnel(t)


def check_mss(t, net, family, port, at_server, at_client):
    (_, _, sends, seen), = told(net.client, "peer.py", "client", net.vip[family], port, 1)
    sends += 12 if seen["timestamps"] else 0
    t.note(f"server {seen['mss']}, client {sends}")
    check(seen["mss"] == at_server, f"the SYN came with MSS {seen['mss']}, not {at_server}")
    check(at_client is None or sends == at_client, f"the client sends with MSS {sends}, not {at_client}")


def mss_tunnel(t):
    """The SYN's, since the answer goes another way."""
    net = t.world.get(Direct)
    service = Service(net.vip["ipv4"], PEER_PORT, [(addresses(net, "ipv4")[0], PEER_PORT, 1)], "TUN",
                      more=("mss_clamp 1300",))
    with Sluice(net, t.build, configuration(net, [service])) as sluice:
        decap = Decap(net)
        serve(net, net.servers[0].netns, "peer.py", "server", "tun0", PEER_PORT)
        check_mss(t, net, "ipv4", PEER_PORT, 1300, None)
        decap.check()
        sluice.quiet()
        sluice.check_accounting()


# ---- errors and answers ----

@test("icmp-errors", cases=tuple(TRANSLATED))
def icmp_errors(t):
    """A server's "port unreachable" reaches the client that asked, in the client's words."""
    net = t.world.get(Nat)
    services = {name: udp(net.vip[inside], 7300 + number,
                          [(address, 7999, 1) for address in addresses(net, outside)], kind)
                for number, (name, (kind, inside, outside, _)) in enumerate(TRANSLATED.items())}
    with Sluice(net, t.build, configuration(net, services.values(), 2, 1, more=GROUP)) as sluice:
        for name, (_, inside, _, _) in TRANSLATED.items():
            with t.case(name):
                for _ in range(4):
                    check_refused(net, inside, services[name].port)
        sluice.quiet()
        t.note(sluice.drops_text())
        sluice.check_accounting()


def check_refused(net, family, port, error="ECONNREFUSED"):
    got = told(net.client, "datagrams.py", "refused", net.vip[family], port, 17)
    check(got["error"] == error, f"UDP port {port} answers {got['error']}, not {error}")
    check(error is None or got["seconds"] < AT_ONCE_S, f"after {got['seconds']:.1f} s")


def connect(net, family, port):
    """(curl's exit code, seconds) of a connection that cannot be."""
    began = time.monotonic()
    done = net.curl(net.url(family, port), "--connect-timeout", "1.5", ok=False)
    return done.returncode, time.monotonic() - began


def check_connect_refused(net, family, port):
    code, seconds = connect(net, family, port)
    check(code == 7 and seconds < AT_ONCE_S,
          f"TCP port {port}: curl's exit code is {code} after {seconds:.1f} s")


def check_silent(net, family, port):
    code, _ = connect(net, family, port)
    check(code == 28, f"TCP port {port} is not silent: curl's exit code is {code}")
    check_refused(net, family, port, None)


@test("answers", cases=("closed-4", "closed-6", "no-server-4", "no-server-6", "stray-4", "stray-6",
                        "closed-drop", "reject-off", "unharmed"))
def answers(t):
    """Closed ports, services without a server, segments of no connection: answered as a host does, or not."""
    net = t.world.get(Nat)
    web = {f: Service(net.vip[f], 80, net.reals(f), "NAT") for f in FAMILIES}
    empty = [Service(net.vip[f], 81, net.reals(f, 0, (0, 0)), "NAT", proto=proto)
             for f in FAMILIES for proto in ("TCP", "UDP")]
    with Sluice(net, t.build, configuration(net, [*web.values(), *empty], 2, 1)) as sluice:
        for family in FAMILIES:
            with t.case(f"closed-{family[-1]}"):
                check_connect_refused(net, family, CLOSED)
                check_refused(net, family, CLOSED)
            with t.case(f"no-server-{family[-1]}"):
                check_connect_refused(net, family, 81)
                check_refused(net, family, 81)
            with t.case(f"stray-{family[-1]}"):
                stray(net, sluice, family)
        with t.case("unharmed"):
            for family in FAMILIES:
                net.ask(family)
            answered = sum(worker["answered"] for worker in sluice.workers())
            t.note(f"{answered} answers since the last start; {sluice.drops_text()}")
            sluice.quiet()
            sluice.check_accounting()
    silent = [dataclasses.replace(service, more=("reject off",)) for service in empty]
    text = configuration(net, [*web.values(), *silent], port=("closed_port drop",))
    with Sluice(net, t.build, text) as sluice:
        for name, port in (("closed-drop", CLOSED), ("reject-off", 81)):
            with t.case(name):
                for family in FAMILIES:
                    check_silent(net, family, port)
        check(sum(worker["answered"] for worker in sluice.workers()) == 0, "answers were sent")
        sluice.quiet()
        sluice.check_accounting()


def stray(net, sluice, family):
    """A connection that the balancer has forgotten: its next segment is answered with a reset."""
    with subprocess.Popen(in_namespace(net.client, ["/usr/bin/python3", "-c", STRAY, net.vip[family], "80"]),
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            check(process.stdout.readline() == "open\n", "the connection opens")
            sluice.start()
            process.stdin.write("send\n")
            process.stdin.flush()
            said = process.stdout.readline().strip()
        finally:
            process.kill()
    check(said == "ECONNRESET", f"a segment of no connection is answered with {said}")


STRAY = """
import errno, socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
s.settimeout(5)
print("open", flush=True)
sys.stdin.readline()
try:
    s.sendall(b"GET / HTTP/1.1\\r\\n")
    print(s.recv(100), flush=True)
except OSError as fault:
    print(errno.errorcode.get(fault.errno, fault), flush=True)
"""


@test("traceroute", cases=("nat-4", "nat-6", "tun-4"))
def traceroute(t):
    """A TTL that runs out here is answered by the VIP."""
    for name, topology, family, kind in (("nat-4", Nat, "ipv4", "NAT"), ("nat-6", Nat, "ipv6", "NAT"),
                                         ("tun-4", Direct, "ipv4", "TUN")):
        net = t.world.get(topology)
        services = udp_services(net, family, family, kind, 7400)
        with t.case(name), Sluice(net, t.build, configuration(net, services)) as sluice:
            decap = Decap(net) if topology is Direct else None
            said = run(["tracepath", "-n", "-m", 4, "-p", 7400, net.vip[family]], net.client, timeout_s=40,
                       ok=False).stdout
            t.note(" / ".join(" ".join(line.split()) for line in said.splitlines()))
            first = next((line for line in said.splitlines() if re.match(r" 1: ", line)), "")
            check(net.vip[family] in first, f"the first hop is {first!r}")
            check("reached" in said, f"the server was not reached: {said}")
            if decap:
                decap.check()
            sluice.quiet()
            sluice.check_accounting()

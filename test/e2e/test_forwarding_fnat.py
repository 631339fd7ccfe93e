# SPDX-License-Identifier: BSD-3-Clause
"""
Full NAT through real stacks, on one queue and on two, with one worker and
with two: the servers see local addresses only, and with TOA a server that
reads the option sees who the client really is. IPv6 clients to IPv4 servers
besides (NAT64).
"""

import ipaddress

from case import test
from forwarding import (GROUP, LOCALS, PEER_PORT, check_download, check_requests, group_of, locals_of, requests, serve,
                        told)
from load import Queries
from rig import check
from sluice import Service, Sluice, configuration
from topology import Nat

LOCAL_PORT_FIRST = 1024
# Name: family of client and VIP, of the servers, ports of the web and the DNS service.
WAYS = {"ipv4": ("ipv4", "ipv4", 80, 53), "ipv6": ("ipv6", "ipv6", 80, 53), "nat64": ("ipv6", "ipv4", 81, 54)}
SHAPES = {"1w1q": (1, 1), "1w2q": (1, 2), "2w1q": (2, 1), "2w2q": (2, 2)}
QUERIES, QUERIES_PER_SECOND, QUERY_SOCKETS = 2_000, 1_000, 200
PEER_SERVICE_PORT = 90


def fnat(net, way, proto="TCP", port=None, reals=None, more=()):
    inside, outside, web, dns = WAYS[way]
    if reals is None and proto == "TCP":
        reals = net.reals(outside, port=web)
    elif reals is None:
        reals = [(*server.dns[outside], 1) for server in net.servers]
    return Service(net.vip[inside], port or (web if proto == "TCP" else dns), reals, "FNAT", proto=proto,
                   more=("laddr_group_name outside", *more))


def check_local(way, address, port, addresses=LOCALS):
    """What the server took for its client."""
    check(address in addresses[WAYS[way][1]][1], f"the server sees {address}, which is no local address")
    check(port >= LOCAL_PORT_FIRST, f"the server sees port {port}")


def full_nat(t, workers, queues, number):
    addresses = locals_of(number)
    net = t.world.get(Nat)
    web = {way: fnat(net, way) for way in WAYS}
    dns = {way: fnat(net, way, "UDP") for way in WAYS}
    text = configuration(net, [*web.values(), *dns.values()], workers, queues, more=group_of(addresses))
    with Sluice(net, t.build, text) as sluice:
        results = requests(net, {family: net.url(family) for family in ("ipv4", "ipv6")})
        results["nat64"] = requests(net, {"ipv6": net.url("ipv6", WAYS["nat64"][2])},
                                    served={"ipv6": "ipv4"})["ipv6"]
        for way, (inside, _, port, dns_port) in WAYS.items():
            with t.case(way):
                check_requests(t, results[way])
                spread = sluice.real_conns(web[way])
                check(abs(spread[0] - spread[1]) <= workers, f"round robin placed {spread} connections")
                seen = {net.curl(net.url(inside, port, "/who")).stdout.strip() for _ in range(8)}
                for who in seen:
                    check_local(way, who.split()[0], int(who.split()[1]), addresses)
                check(len(seen) == 8, f"one local address and port was used twice at once: {seen}")
                if way == "ipv4" or workers == queues:
                    check_download(t, net, net.url(inside, port, "/big"))
            with t.case(f"{way}-udp"):
                load = Queries(net, inside, QUERIES, QUERIES_PER_SECOND, dns_port, QUERY_SOCKETS)
                answers = load.result()
                t.note(f"{answers['answered']} of {answers['sent']}, slowest {answers['slowest_ms']} ms")
                check(answers["answered"] == answers["sent"] == QUERIES, f"queries were lost: {answers}")
                check(answers["wrong"] == answers["repeated"] == 0, f"bad answers: {answers}")
        with t.case("accounting"):
            seen = sluice.quiet()
            t.note(sluice.drops_text())
            # A flow belongs to the worker by whose queue it came; its replies are handed to that one.
            for worker in seen[:min(workers, queues)]:
                check(worker["hits"] > 0, f"worker {worker['worker']} forwarded no packet")
            handed = sum(worker["handed_in"] for worker in seen)
            t.note(f"{handed} packets were handed over")
            check((handed > 0) == (workers > 1), f"{handed} packets were handed over")
            sluice.check_accounting()


for _number, (_shape, (_workers, _queues)) in enumerate(SHAPES.items(), 1):
    test(f"fnat-{_shape}", cases=(*(case for way in WAYS for case in (way, f"{way}-udp")), "accounting"),
         workers=_workers, queues=_queues, number=_number)(full_nat)


def peers(net, way, more, count=40, **shape):
    """(sluice's context, the servers' port): a service that tells how connections look, one server."""
    inside, outside, _, _ = WAYS[way]
    address = net.servers[0].reals[outside][0][0]
    service = fnat(net, way, port=PEER_SERVICE_PORT, reals=[(address, PEER_PORT, 1)], more=more)
    return service, [net.vip[inside], PEER_SERVICE_PORT, count, *net.client_addresses[inside][:16]]


@test("fnat-toa", cases=tuple(WAYS))
def toa(t):
    """The option is in the SYN and in the client's data before the server's first answer, then no more."""
    net = t.world.get(Nat)
    asked = {way: peers(net, way, ("toa on",)) for way in WAYS if way != "nat64"}
    service, words = peers(net, "nat64", ("toa on",))
    service.port = words[1] = PEER_SERVICE_PORT + 1
    asked["nat64"] = (service, words)
    text = configuration(net, [service for service, _ in asked.values()], 2, 2, more=GROUP)
    with Sluice(net, t.build, text) as sluice:
        serve(net, net.servers[0].netns, "peer.py", "server", "eth0", PEER_PORT)
        for way, (_, words) in asked.items():
            with t.case(way):
                rows = told(net.client, "peer.py", "client", *words)
                check(len(rows) == words[2], f"{len(rows)} of {words[2]} connections")
                for address, port, _, seen in rows:
                    true = [str(ipaddress.ip_address(address)), port]
                    check_local(way, *seen["peer"])
                    check(seen["toa"] == true, f"the SYN of {true} says {seen['toa']}")
                    check(seen["toa_data"] and all(said == true for said in seen["toa_data"]),
                          f"the first data of {true} say {seen['toa_data']}")
                    check(seen["toa_late"] and not any(seen["toa_late"]),
                          f"data of {true} after the answer still say {seen['toa_late']}")
                t.note(f"{len(rows)} of {len(rows)} true addresses and ports")
        sluice.quiet()
        sluice.check_accounting()


@test("fnat-toa-off", cases=("toa", "timestamps", "kept"))
def toa_off(t):
    """Without `toa on` there is no option; `strip_tcp_timestamps on` takes that one away, off leaves it."""
    net = t.world.get(Nat)
    bare, words = peers(net, "ipv4", (), 5)
    stripped, _ = peers(net, "ipv4", ("strip_tcp_timestamps on",))
    stripped.port += 1
    text = configuration(net, [bare, stripped], more=GROUP)
    with Sluice(net, t.build, text) as sluice:
        serve(net, net.servers[0].netns, "peer.py", "server", "eth0", PEER_PORT)
        rows = told(net.client, "peer.py", "client", *words)
        with t.case("toa"):
            for _, _, _, seen in rows:
                check(seen["toa"] is None and not any(seen["toa_data"]), f"there is a TOA option: {seen}")
        with t.case("kept"):
            check(all(seen["timestamps"] for _, _, _, seen in rows), f"timestamps are gone: {rows}")
        words[1] += 1
        with t.case("timestamps"):
            rows = told(net.client, "peer.py", "client", *words)
            check(not any(seen["timestamps"] for _, _, _, seen in rows), f"timestamps are there: {rows}")
        sluice.quiet()
        sluice.check_accounting()

# SPDX-License-Identifier: BSD-3-Clause
"""
Packets that other balancers drop: those in fragments, those that are too
long, and errors, both of others and our own, as real kernels see them.
"""

from case import test
from forwarding import Decap, serve, told
from rig import check
from sluice import AF_XDP, Service, Sluice, configuration
from topology import FAMILIES, Direct, Nat

UDP_PORT = 7001
QUESTIONS = 20


def udp(vip, port, reals, kind, *more):
    return Service(vip, port, reals, kind, proto="UDP",
                   more=(*(("laddr_group_name outside",) if kind == "FNAT" else ()), *more))


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
    "dr-4": (Direct, "DR", "ipv4", "ipv4"), "dr-6": (Direct, "DR", "ipv6", "ipv6"),
}
SIZES = (8_000, 60_000)     # bytes of a question and of its answer
KINDS = {"nat": Nat, "dr": Direct}


def fragments(t, topology, workers):
    net = t.world.get(topology)
    ways = {name: way for name, way in WAYS.items() if way[0] is topology}
    services = {name: udp(net.vip[inside], UDP_PORT + number,
                          [(address, UDP_PORT if topology is Nat else UDP_PORT + number, 1)
                           for address in addresses(net, outside)], kind)
                for number, (name, (_, kind, inside, outside)) in enumerate(ways.items())}
    text = configuration(net, services.values(), workers, device=AF_XDP)
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
                for size in SIZES:
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
    got = told(net.client, "datagrams.py", "client", net.vip[family], port, QUESTIONS, size, size,
               *net.client_addresses[family], timeout_s=60)
    t.note(f"{got['answered']} of {size} bytes in {got['tries']} tries")
    check(got["answered"] == QUESTIONS,
          f"{got['answered']} of {QUESTIONS} questions of {size} bytes were answered")
    # Only IPv6 clients have to learn the path's MTU, by a first question that is lost, each once.
    check(family == "ipv6" or got["tries"] == QUESTIONS, f"{got['tries']} tries for {QUESTIONS} questions")


for _net, _topology in KINDS.items():
    for _workers in (1, 2):     # net_af_xdp has one queue where the interface is a veth
        test(f"fragments-{_net}-{_workers}w", topology=_topology, workers=_workers,
             cases=(*(name for name, way in WAYS.items() if way[0] is _topology), "accounting"))(fragments)

# SPDX-License-Identifier: BSD-3-Clause
"""Tunnels: an ICMP error of the network about a packet that a server sent from the VIP goes to that server, found by
the quoted packet, through its tunnel. All four combinations of families."""

from rig import *

KINDS4 = [(3, code) for code in (0, 1, 3, 4, 10, 13)] + [(4, 0), (11, 0), (12, 0)]
KINDS6 = [(1, 0), (1, 1), (1, 3), (1, 4), (2, 0), (3, 0), (4, 1)]

variants = {
    f"{kind}-{inner}in{outer}-{proto.lower()}": dict(kind=kind, inner=inner, outer=outer, proto=proto)
    for kind, proto in (("ipip", "TCP"), ("gue-csum", "UDP"))
    for inner in (4, 6)
    for outer in (4, 6)
}


def make(kind, inner, outer, proto):
    client, vip = (CLIENT4, VIP4) if inner == 4 else (CLIENT6, VIP6)
    real = (SERVER4 if outer == 4 else SERVER6)[1]
    way = Tunnel.named(kind)
    flow = TunnelFlow(way, outer, proto=proto, client=client, vip=vip)
    tcp = proto == "TCP"

    def row(type_, code, keep=None):
        about = ip(vip, client, 60) / flow.l4(sport=flow.vport, dport=flow.cport) / (b"data" * 20)
        rest = 1400 if (type_, code) in ((3, 4), (2, 0)) else 0
        return (
            from_client(error(client, vip, type_, code, seen_as(about, keep), rest)),
            flow.wrapped(error(client, vip, type_, code, seen_as(about, keep), rest, ttl=63)),
        )

    traffic = [flow.request(**dict(flags="S") if tcp else {})]
    traffic += [row(*each) for each in (KINDS4 if inner == 4 else KINDS6)]
    traffic += [row(3 if inner == 4 else 1, 1, (20 if inner == 4 else 40) + 8)]
    return dict(config=one_arm() + service(proto, vip, 80, way.words(), [(real, 80)]), traffic=traffic)

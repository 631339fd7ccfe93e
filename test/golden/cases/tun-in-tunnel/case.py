# SPDX-License-Identifier: BSD-3-Clause
"""Tunnel packets that come in are not taken out of their tunnel: IPIP, 6in4, GRE to a VIP are dropped as protocol,
GUE to a VIP as any other UDP without a service; what a client wraps never reaches a service by it. To an own address
they are for the box itself, which does not answer."""

from rig import *

variants = {
    "4": dict(client=CLIENT4, vip=VIP4, own=OWN4, outer=4),
    "6": dict(client=CLIENT6, vip=VIP6, own=OWN6, outer=6),
}


def make(client, vip, own, outer):
    inners = [
        ip(CLIENT4, VIP4) / TCP(sport=1, dport=80, flags="S"),
        ip(CLIENT6, VIP6) / TCP(sport=1, dport=80, flags="S"),
        ip(CLIENT4, VIP4) / UDP(sport=1, dport=53) / b"q",
    ]
    ways = [Tunnel("ipip"), Tunnel("gre"), Tunnel("gre", "csum")]
    wrapped = {
        to: [(from_client(way.wrap(inner, client, to)), None) for way in ways for inner in inners] for to in (vip, own)
    }
    gue = [Tunnel("gue", "csum").wrap(inner, client, vip) for inner in inners]
    for each in gue:
        each[UDP].dport = 9  # not that of the rig's tunnels, which may leave
    flow = TunnelFlow(Tunnel(), proto="TCP", cport=2)
    return dict(
        config=(
            one_arm()
            + service("TCP", VIP4, 80, "TUN", [(SERVER4[1], 80)])
            + service("TCP", VIP6, 80, "TUN", [(SERVER4[1], 80)])
            + service("UDP", VIP4, 53, "NAT", [(SERVER4[1], 53)])
        ),
        traffic=wrapped[vip]
        + wrapped[own]
        + [(each, unreachable_port(each)) for each in map(from_client, gue)]
        + [flow.request(flags="S")],
        drops={"protocol": 9, ("punt_ignored", "protocol"): 9, "no_service": 3},
        conns=["TCP SYN_RECV 203.0.113.5:2 192.0.2.1:80 10.0.0.11:80"],
    )

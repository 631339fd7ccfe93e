# SPDX-License-Identifier: BSD-3-Clause
"""IPv6 replies go to the next hop of the longest matching prefix: host route, /64, /48, default gateway; a client
on the link is reached directly."""

from rig import *

ROUTERS = {n: (f"2001:db8:1::{n}", f"02:00:00:00:02:{n:02}") for n in (10, 11, 12)}

config = (one_arm(extra="\n".join(f"static_neighbor {address} {mac} dev wan" for address, mac in ROUTERS.values()) + """
static_route 2001:db8:c::/48 via 2001:db8:1::10
static_route 2001:db8:c:7::/64 via 2001:db8:1::11
static_route 2001:db8:c:7::8 via 2001:db8:1::12
""") + service("UDP", VIP6, 53, "NAT", [(SERVER6[1], 5353)]))

# client -> where its reply has to go
NEXT_HOP = {
    "2001:db8:b:ffff::1": GATEWAY_MAC,
    "2001:db8:c::5": ROUTERS[10][1],
    "2001:db8:c:6:ffff:ffff:ffff:ffff": ROUTERS[10][1],
    "2001:db8:c:7::7": ROUTERS[11][1],
    "2001:db8:c:7::8": ROUTERS[12][1],
    "2001:db8:c:7::9": ROUTERS[11][1],
    "2001:db8:c:8::": ROUTERS[10][1],
    "2001:db8:d::": GATEWAY_MAC,
    LINK_CLIENT6: LINK_CLIENT_MAC,
}


def rows(client, mac):
    flow = Flow("UDP", vport=53, sport=5353, client=client, vip=VIP6)
    sent, left = flow.reply(b"answer")
    packet = left.data.copy()
    packet[Ether].dst = mac
    return [flow.request(b"question"), (sent, Frame(left.port, packet))]


traffic = [row for client, mac in NEXT_HOP.items() for row in rows(client, mac)]

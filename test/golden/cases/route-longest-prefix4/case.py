# SPDX-License-Identifier: BSD-3-Clause
"""Replies go to the next hop of the longest matching prefix: host route, /26, /25, default gateway; a client on
the link is reached directly."""

from rig import *

ROUTERS = {n: (f"198.51.100.{n}", f"02:00:00:00:02:{n:02}") for n in (10, 11, 12)}

config = (one_arm(extra="\n".join(f"static_neighbor {address} {mac} dev wan" for address, mac in ROUTERS.values()) + """
static_route 203.0.113.128/25 via 198.51.100.10
static_route 203.0.113.192/26 via 198.51.100.11
static_route 203.0.113.200 via 198.51.100.12
""") + service("UDP", VIP4, 53, "NAT", [(SERVER4[1], 5353)]))

# client -> where its reply has to go
NEXT_HOP = {
    "203.0.113.5": GATEWAY_MAC,
    "203.0.113.127": GATEWAY_MAC,
    "203.0.113.128": ROUTERS[10][1],
    "203.0.113.191": ROUTERS[10][1],
    "203.0.113.192": ROUTERS[11][1],
    "203.0.113.199": ROUTERS[11][1],
    "203.0.113.200": ROUTERS[12][1],
    "203.0.113.201": ROUTERS[11][1],
    "203.0.113.255": ROUTERS[11][1],
    "203.0.114.0": GATEWAY_MAC,
    LINK_CLIENT4: LINK_CLIENT_MAC,
}


def rows(client, mac):
    flow = Flow("UDP", vport=53, sport=5353, client=client)
    sent, left = flow.reply(b"answer")
    packet = left.data.copy()
    packet[Ether].dst = mac
    return [flow.request(b"question"), (sent, Frame(left.port, packet))]


traffic = [row for client, mac in NEXT_HOP.items() for row in rows(client, mac)]

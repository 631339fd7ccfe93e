# SPDX-License-Identifier: BSD-3-Clause
"""`mss_clamp auto`: the MSS of a SYN is lowered to what the way to the server has room for: 1500 less the tunnel's
headers and those of the client's packet; without a tunnel nothing is taken from 1460 (IPv6: 1440)."""

from rig import *
from rig import tunnel

variants = {name: dict(name=name) for name in (*tunnel.names, "nat")}


def make(name):
    way = Tunnel.named(name) if name != "nat" else None
    config, rows = one_arm(), []
    for inner, outer, port in ((4, 4, 81), (4, 6, 82), (6, 4, 83), (6, 6, 84)) if way else ((4, 4, 81), (6, 6, 82)):
        client, vip = (CLIENT4, VIP4) if inner == 4 else (CLIENT6, VIP6)
        real = (SERVER4 if outer == 4 else SERVER6)[1]
        room = 1500 - (way.overhead(outer) if way else 0) - (40 if inner == 4 else 60)
        config += service("TCP", vip, port, way.words() if way else "NAT", [(real, port)], "rr", "mss_clamp auto")
        for number, mss in enumerate((536, room - 1, room, room + 1, 1460, 9000)):
            fields = dict(client=client, vip=vip, vport=port, cport=1000 + number)
            flow = TunnelFlow(way, outer, **fields) if way else Flow(sport=port, **fields)
            rows.append(
                (
                    flow.sent(options=[("MSS", mss)], flags="S"),
                    flow.delivered(options=[("MSS", min(mss, room))], flags="S"),
                )
            )
    return dict(config=config, traffic=rows)

# SPDX-License-Identifier: BSD-3-Clause
"""A packet whose TTL or hop limit is 1 or 0 is not forwarded, by NAT in neither direction and not by DR either;
with 2 it leaves with 1."""

from rig import *

config = (one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])
          + service("TCP", VIP6, 80, "NAT", [(SERVER6[1], 8080)])
          + service("UDP", VIP4, 53, "DR", [(SERVER4[2], 53)])
          + service("UDP", VIP6, 53, "DR", [(SERVER6[2], 53)]))

nat = [Flow(), Flow(client=CLIENT6, vip=VIP6)]
direct = [Flow("UDP", "DR", vport=53, server=2), Flow("UDP", "DR", vport=53, server=2, client=CLIENT6, vip=VIP6)]

traffic = []
for flow in nat:
    traffic += [flow.request(flags="S", ttl=2), flow.reply(flags="SA", ttl=2)]
    for ttl in (1, 0):
        traffic.append((flow.sent(b"late", flags="PA", ttl=ttl), None))
        late = ip(flow.real, flow.client, ttl) / TCP(sport=8080, dport=40000, flags="A")
        traffic.append((from_server(1, late), None))
    traffic += [flow.request(flags="A", ttl=255), flow.reply(flags="A", ttl=2)]
for flow in direct:
    traffic += [flow.request(b"a", ttl=2), (flow.sent(b"b", ttl=1), None), (flow.sent(b"c", ttl=0), None)]

drops = {"ttl": 2 * 4 + 2 * 2}

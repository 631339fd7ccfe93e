# SPDX-License-Identifier: BSD-3-Clause
"""A packet whose TTL or hop limit is 1 or 0 is not forwarded, by NAT in neither direction and not by DR either,
and its sender hears of it: the client by the VIP, the server by the box's address on its link. With 2 it leaves with 1."""

from rig import *

config = (one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])
          + service("TCP", VIP6, 80, "NAT", [(SERVER6[1], 8080)])
          + service("UDP", VIP4, 53, "DR", [(SERVER4[2], 53)])
          + service("UDP", VIP6, 53, "DR", [(SERVER6[2], 53)]))

nat = [Flow(), Flow(client=CLIENT6, vip=VIP6)]
direct = [Flow("UDP", "DR", vport=53, server=2), Flow("UDP", "DR", vport=53, server=2, client=CLIENT6, vip=VIP6)]



def told(frame):
    return frame, ran_out(frame)


def server_told(packet):
    four = packet.version == 4
    answer = error(OWN_LAN4 if four else OWN_LAN6, packet.src, 11 if four else 3, 0, packet)
    return from_server(1, packet), own_error(to_server(1, answer))


traffic = []
for flow in nat:
    traffic += [flow.request(flags="S", ttl=2), flow.reply(flags="SA", ttl=2), Then()]
    for ttl in (1, 0):
        traffic.append(told(flow.sent(b"late", flags="PA", ttl=ttl)))
        late = ip(flow.real, flow.client, ttl) / TCP(sport=8080, dport=40000, flags="A")
        traffic.append(server_told(late))
    traffic += [flow.request(flags="A", ttl=255), flow.reply(flags="A", ttl=2)]
for flow in direct:
    traffic += [flow.request(b"a", ttl=2), told(flow.sent(b"b", ttl=1)), told(flow.sent(b"c", ttl=0))]

drops = {"ttl": 2 * 4 + 2 * 2}
answers = (2 * 4 + 2 * 2, 0)

# SPDX-License-Identifier: BSD-3-Clause
"""Without a gateway, replies to clients that no route covers end as no_route, others go on; a server that no route
covers is no_route too."""

from rig import *

config = (one_arm(gateway=False) + service("UDP", VIP4, 53, "NAT", [(SERVER4[1], 5353)])
          + service("UDP", VIP6, 53, "NAT", [(SERVER6[1], 5353)])
          + service("UDP", VIP4, 54, "NAT", [("10.9.9.9", 5353)]))

far4, far6 = Flow("UDP", vport=53, sport=5353), Flow("UDP", vport=53, sport=5353, client=CLIENT6, vip=VIP6)


def near(frame):
    packet = frame.data.copy()
    packet[Ether].dst = LINK_CLIENT_MAC
    return Frame(frame.port, packet)


def near_rows(client, vip):
    flow = Flow("UDP", vport=53, sport=5353, client=client, vip=vip)
    sent, left = flow.reply(b"a")
    return [flow.request(b"q"), (sent, near(left))]


traffic = [far4.request(b"q"), (far4.reply(b"a")[0], None), far6.request(b"q"), (far6.reply(b"a")[0], None)]
traffic += near_rows(LINK_CLIENT4, VIP4) + near_rows(LINK_CLIENT6, VIP6)
traffic += [(Flow("UDP", vport=54).sent(b"q"), None)]

drops = {"no_route": 3}

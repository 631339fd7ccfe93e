# SPDX-License-Identifier: BSD-3-Clause
"""NAT64: a reply grows by 20 bytes on its way. With DF and too long for the clients' port it is answered to the
server with 1480; without DF it goes in fragments."""

from rig import *
from rig import icmp

config = (
    one_arm()
    + local_group("snat", LOCAL4)
    + service("UDP", VIP6, 53, "FNAT", [(SERVER4[1], 53)], "rr", "laddr_group_name snat")
)

flow = FnatFlow("UDP", 4, client=CLIENT6, vip=VIP6, vport=53, sport=53)


def reply(size, **fields):
    return flow.reply(bytes(n % 251 for n in range(size - 28)), ip_fields=fields)


came, _left = reply(1481, flags="DF")
there, back = reply(1500, id=7)


def told(own):
    """By an address of the box on that port."""

    def build(address, port):
        quote = bytes(came.build(address, port).payload)[: icmp.QUOTE4]
        return to_server(1, error(own, SERVER4[1], 3, 4, quote, 1480)).data

    return loosely(Later("wan", flow.local, build, tells=False), "ip4.ttl", "ip4.id", "ip4.flags", "ip4.tos")


traffic = [
    flow.request(b"q"),
    Then(),
    reply(1480, flags="DF"),
    (came, one_of(told(OWN4), told(OWN_LAN4), told(LOCAL4))),
    (there, cut_by_box(back, 1500)),
]
drops = {"too_big": 1}
answers = (1, 0)

# SPDX-License-Identifier: BSD-3-Clause
"""What a server sends on its own, or to a client port that has no connection, or from another port than it was
asked on, is not translated and not forwarded: it is transit."""

from rig import *

config = (one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])
          + service("UDP", VIP6, 53, "NAT", [(SERVER6[1], 5353)]))

tcp, udp = Flow(), Flow("UDP", vport=53, sport=5353, client=CLIENT6, vip=VIP6)


def lost(exchange):
    return exchange[0], None


traffic = [
    lost(tcp.reply(flags="SA")),                                       # before any request
    tcp.request(flags="S"),
    tcp.reply(flags="SA"),
    lost(Flow(cport=40001).reply(flags="SA")),                         # another client port
    lost(Flow(sport=8081).reply(flags="SA")),                          # another server port
    lost(Flow(server=2).reply(flags="SA")),                            # another server
    lost(Flow("UDP").reply(b"same ports, other protocol")),
    lost(udp.reply(b"")),
    udp.request(b"q"),
    lost(Flow("UDP", vport=53, sport=5354, client=CLIENT6, vip=VIP6).reply(b"a")),
    udp.reply(b"a"),
]

drops = {"transit": 7}

stats = {
    # service, server                            Conns InPkts OutPkts InBytes OutBytes Active InAct
    "TCP 192.0.2.1:80":                          (1, 1, 1, 40, 40),
    "TCP 192.0.2.1:80 -> 10.0.0.11:8080":        (1, 1, 1, 40, 40, 1, 0),
    "UDP [2001:db8:2::1]:53":                    (1, 1, 1, 49, 49),
    "UDP [2001:db8:2::1]:53 -> [fd00::11]:5353": (1, 1, 1, 49, 49, 0, 1),
}

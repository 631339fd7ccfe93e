# SPDX-License-Identifier: BSD-3-Clause
"""NAT to the same port number changes the address alone; TCP and UDP of one client, one port and one VIP are two
connections that do not meet."""

from rig import *

config = (one_arm() + service("TCP", VIP4, 53, "NAT", [(SERVER4[1], 53)])
          + service("UDP", VIP4, 53, "NAT", [(SERVER4[2], 53)]))

tcp, udp = Flow(vport=53, sport=53), Flow("UDP", vport=53, server=2, sport=53)

traffic = [
    tcp.request(flags="S"),
    udp.request(b"q"),
    tcp.reply(flags="SA"),
    udp.reply(b"a"),
    tcp.request(flags="A"),
    udp.request(b"q2"),
]

stats = {
    # service, server                   Conns InPkts OutPkts InBytes OutBytes Active InAct
    "TCP 192.0.2.1:53":                 (1, 2, 1, 80, 40),
    "TCP 192.0.2.1:53 -> 10.0.0.11:53": (1, 2, 1, 80, 40, 1, 0),
    "UDP 192.0.2.1:53":                 (1, 2, 1, 59, 29),
    "UDP 192.0.2.1:53 -> 10.0.0.12:53": (1, 2, 1, 59, 29, 0, 1),
}

conns = [
    "TCP ESTABLISHED 203.0.113.5:40000 192.0.2.1:53 10.0.0.11:53",
    "UDP UDP         203.0.113.5:40000 192.0.2.1:53 10.0.0.12:53",
]

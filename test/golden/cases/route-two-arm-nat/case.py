# SPDX-License-Identifier: BSD-3-Clause
"""NAT between two ports: requests come in by wan and leave by lan with lan's MAC, replies go the other way."""

from rig import *

config = (two_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])
          + service("UDP", VIP6, 53, "NAT", [(SERVER6[2], 5353)]))

live = "lan"

tcp = Flow(server_port="lan")
udp = Flow("UDP", vport=53, server=2, sport=5353, client=CLIENT6, vip=VIP6, server_port="lan")

traffic = [
    tcp.request(flags="S"),
    udp.request(b"question"),
    Then(conns=["TCP SYN_RECV 203.0.113.5:40000 192.0.2.1:80 10.0.0.11:8080",
                "UDP UDP [2001:db8:c::5]:40000 [2001:db8:2::1]:53 [fd00::12]:5353"]),
    tcp.reply(flags="SA"),
    udp.reply(b"answer"),
    tcp.reply(b"data", flags="PA"),
]

stats = {
    # service, server                            Conns InPkts OutPkts InBytes OutBytes Active InAct
    "TCP 192.0.2.1:80":                          (1, 1, 2, 40, 84),
    "TCP 192.0.2.1:80 -> 10.0.0.11:8080":        (1, 1, 2, 40, 84, 1, 0),
    "UDP [2001:db8:2::1]:53":                    (1, 1, 1, 56, 54),
    "UDP [2001:db8:2::1]:53 -> [fd00::12]:5353": (1, 1, 1, 56, 54, 0, 1),
}

conns = [
    "TCP ESTABLISHED 203.0.113.5:40000 192.0.2.1:80 10.0.0.11:8080",
    "UDP UDP [2001:db8:c::5]:40000 [2001:db8:2::1]:53 [fd00::12]:5353",
]

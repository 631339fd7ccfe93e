# SPDX-License-Identifier: BSD-3-Clause
"""A packet whose IPv4 header checksum is wrong is ip_checksum: a new one opens no connection, one of a connection does
not count or move its state, and neither does a ping or a reply."""

from rig import *

config = one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])

flow = Flow()


def broken(frame, error=1):
    packet = frame.data.copy()
    packet[IP].chksum = (int.from_bytes(frame.raw()[24:26], "big") + error) & 0xFFFF
    return Frame(frame.port, packet), None


traffic = [
    broken(Flow(cport=39999).sent(flags="S")),
    flow.request(flags="S"),
    flow.reply(flags="SA"),
    flow.request(flags="A"),
    broken(flow.sent(flags="FA")),
    broken(flow.sent(flags="R"), 0x8000),
    broken(flow.reply(flags="R")[0], 0x0100),
    broken(from_client(IP(src=CLIENT4, dst=VIP4) / ICMP(type=8) / b"ping")),
]

drops = {"ip_checksum": 5}
conns = ["TCP ESTABLISHED 203.0.113.5:40000 192.0.2.1:80 10.0.0.11:8080"]
stats = {
    # service, server                      Conns InPkts OutPkts InBytes OutBytes Active InAct
    "TCP 192.0.2.1:80":                    (1, 2, 1, 80, 40),
    "TCP 192.0.2.1:80 -> 10.0.0.11:8080":  (1, 2, 1, 80, 40, 1, 0),
}

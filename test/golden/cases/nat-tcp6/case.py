# SPDX-License-Identifier: BSD-3-Clause
"""NAT, TCP over IPv6: a request leaves with the server's address and port, its reply with the VIP's; nothing
else changes but MACs, hop limit and checksum; both directions are one connection and are counted as ipvsadm counts."""

from rig import *

config = one_arm() + service("TCP", VIP6, 80, "NAT", [("fd00::11", 8080)])

C, S = "2001:db8:c::5", "fd00::11"

traffic = [
    (from_client(IPv6(src=C, dst=VIP6, hlim=64, fl=0x12345, tc=0x28) / TCP(dport=80, sport=40000, flags="S", seq=1)),
     to_server(1, IPv6(src=C, dst=S, hlim=63, fl=0x12345, tc=0x28) / TCP(dport=8080, sport=40000, flags="S", seq=1))),
    (from_server(1, IPv6(src=S, dst=C, hlim=64, fl=0x54321) / TCP(sport=8080, dport=40000, flags="SA", seq=9, ack=2)),
     to_client(IPv6(src=VIP6, dst=C, hlim=63, fl=0x54321) / TCP(sport=80, dport=40000, flags="SA", seq=9, ack=2))),
    (from_client(IPv6(src=C, dst=VIP6, hlim=2) / TCP(dport=80, sport=40000, flags="PA", seq=2, ack=10) / b"odd"),
     to_server(1, IPv6(src=C, dst=S, hlim=1) / TCP(dport=8080, sport=40000, flags="PA", seq=2, ack=10) / b"odd")),
    (from_server(1, IPv6(src=S, dst=C, hlim=255) / TCP(sport=8080, dport=40000, flags="A", seq=10, ack=5) / bytes(900)),
     to_client(IPv6(src=VIP6, dst=C, hlim=254) / TCP(sport=80, dport=40000, flags="A", seq=10, ack=5) / bytes(900))),
]

stats = {
    # service, server                               Conns InPkts OutPkts InBytes OutBytes Active InAct
    "TCP [2001:db8:2::1]:80":                       (1, 2, 2, 60 + 63, 60 + 960),
    "TCP [2001:db8:2::1]:80 -> [fd00::11]:8080":    (1, 2, 2, 60 + 63, 60 + 960, 1, 0),
}

conns = ["TCP ESTABLISHED [2001:db8:c::5]:40000 [2001:db8:2::1]:80 [fd00::11]:8080"]

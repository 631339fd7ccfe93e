# SPDX-License-Identifier: BSD-3-Clause
"""DR, TCP over IPv6: a packet leaves unchanged but for MACs and hop limit; nothing is counted as out."""

from rig import *

config = one_arm() + service("TCP", VIP6, 443, "DR", [("fd00::12", 443)])

C = "2001:db8:c::5"

traffic = [
    (from_client(IPv6(src=C, dst=VIP6, hlim=64, tc=0xB9, fl=0xABCDE) / TCP(dport=443, sport=40000, flags="S")),
     to_server(2, IPv6(src=C, dst=VIP6, hlim=63, tc=0xB9, fl=0xABCDE) / TCP(dport=443, sport=40000, flags="S"))),
    (from_client(IPv6(src=C, dst=VIP6, hlim=2) / TCP(dport=443, sport=40000, flags="A", seq=1, ack=7) / b"odd"),
     to_server(2, IPv6(src=C, dst=VIP6, hlim=1) / TCP(dport=443, sport=40000, flags="A", seq=1, ack=7) / b"odd")),
]

stats = {
    # service, server                           Conns InPkts OutPkts InBytes OutBytes Active InAct
    "TCP [2001:db8:2::1]:443":                  (1, 2, 0, 60 + 63, 0),
    "TCP [2001:db8:2::1]:443 -> [fd00::12]:443": (1, 2, 0, 60 + 63, 0, 1, 0),
}

conns = ["TCP ESTABLISHED [2001:db8:c::5]:40000 [2001:db8:2::1]:443 [fd00::12]:443"]

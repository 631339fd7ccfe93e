# SPDX-License-Identifier: BSD-3-Clause
"""DR, UDP over IPv6: datagrams leave unchanged but for MACs and hop limit."""

from rig import *

config = one_arm() + service("UDP", VIP6, 53, "DR", [("fd00::13", 53)])

C = "2001:db8:c::5"

traffic = [
    (from_client(IPv6(src=C, dst=VIP6, hlim=64) / UDP(sport=40000, dport=53) / b"plain"),
     to_server(3, IPv6(src=C, dst=VIP6, hlim=63) / UDP(sport=40000, dport=53) / b"plain")),
    (from_client(IPv6(src=C, dst=VIP6, hlim=33) / UDP(sport=40000, dport=53, chksum=0xBAD) / b"wrong"),
     to_server(3, IPv6(src=C, dst=VIP6, hlim=32) / UDP(sport=40000, dport=53, chksum=0xBAD) / b"wrong")),
]

stats = {
    # service, server                         Conns InPkts OutPkts InBytes OutBytes Active InAct
    "UDP [2001:db8:2::1]:53":                 (1, 2, 0, 2 * 48 + 10, 0),
    "UDP [2001:db8:2::1]:53 -> [fd00::13]:53": (1, 2, 0, 2 * 48 + 10, 0, 0, 1),
}

conns = ["UDP UDP [2001:db8:c::5]:40000 [2001:db8:2::1]:53 [fd00::13]:53"]

# SPDX-License-Identifier: BSD-3-Clause
"""DR, UDP over IPv4: datagrams leave unchanged but for MACs, TTL and IP checksum; a UDP checksum of 0 stays 0."""

from rig import *

config = one_arm() + service("UDP", VIP4, 53, "DR", [("10.0.0.13", 53)])

C = "203.0.113.5"

traffic = [
    (from_client(IP(src=C, dst=VIP4, ttl=64) / UDP(sport=40000, dport=53) / b"plain"),
     to_server(3, IP(src=C, dst=VIP4, ttl=63) / UDP(sport=40000, dport=53) / b"plain")),
    (from_client(IP(src=C, dst=VIP4, ttl=64) / UDP(sport=40000, dport=53, chksum=0) / b"without"),
     to_server(3, IP(src=C, dst=VIP4, ttl=63) / UDP(sport=40000, dport=53, chksum=0) / b"without")),
    (from_client(IP(src=C, dst=VIP4, ttl=64) / UDP(sport=40000, dport=53, chksum=0xBAD) / b"wrong"),
     to_server(3, IP(src=C, dst=VIP4, ttl=63) / UDP(sport=40000, dport=53, chksum=0xBAD) / b"wrong")),
]

stats = {
    # service, server                    Conns InPkts OutPkts InBytes OutBytes Active InAct
    "UDP 192.0.2.1:53":                  (1, 3, 0, 3 * 28 + 17, 0),
    "UDP 192.0.2.1:53 -> 10.0.0.13:53":  (1, 3, 0, 3 * 28 + 17, 0, 0, 1),
}

conns = ["UDP UDP 203.0.113.5:40000 192.0.2.1:53 10.0.0.13:53"]

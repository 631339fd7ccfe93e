# SPDX-License-Identifier: BSD-3-Clause
"""DR, TCP over IPv4: a packet leaves unchanged but for MACs, TTL and IP checksum; replies are never seen, so the
connection is followed by the input-only table and nothing is counted as out."""

from rig import *

config = one_arm() + service("TCP", VIP4, 80, "DR", [("10.0.0.11", 80)])

C = "203.0.113.5"

traffic = [
    (from_client(IP(src=C, dst=VIP4, ttl=64, id=1) / TCP(dport=80, sport=40000, seq=1000, flags="S")),
     to_server(1, IP(src=C, dst=VIP4, ttl=63, id=1) / TCP(dport=80, sport=40000, seq=1000, flags="S"))),
    (from_client(IP(src=C, dst=VIP4, ttl=64, id=2) / TCP(dport=80, sport=40000, seq=1001, ack=1, flags="A")),
     to_server(1, IP(src=C, dst=VIP4, ttl=63, id=2) / TCP(dport=80, sport=40000, seq=1001, ack=1, flags="A"))),
    (from_client(IP(src=C, dst=VIP4, ttl=2, tos=0xB9, flags="DF", id=3) /
                 TCP(dport=80, sport=40000, seq=1001, ack=1, flags="PA") / (b"p" * 333)),
     to_server(1, IP(src=C, dst=VIP4, ttl=1, tos=0xB9, flags="DF", id=3) /
               TCP(dport=80, sport=40000, seq=1001, ack=1, flags="PA") / (b"p" * 333))),
]

stats = {
    # service, server                    Conns InPkts OutPkts InBytes OutBytes Active InAct
    "TCP 192.0.2.1:80":                  (1, 3, 0, 40 + 40 + 373, 0),
    "TCP 192.0.2.1:80 -> 10.0.0.11:80":  (1, 3, 0, 40 + 40 + 373, 0, 1, 0),
}

conns = ["TCP ESTABLISHED 203.0.113.5:40000 192.0.2.1:80 10.0.0.11:80"]

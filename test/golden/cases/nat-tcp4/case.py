# SPDX-License-Identifier: BSD-3-Clause
"""NAT, TCP over IPv4: a request leaves with the server's address and port, its reply with the VIP's; nothing
else changes but MACs, TTL and checksums; both directions are one connection and are counted as ipvsadm counts."""

from rig import *

config = one_arm() + service("TCP", VIP4, 80, "NAT", [("10.0.0.11", 8080)])

request = dict(sport=40000, seq=1001, ack=5001)
answer = dict(dport=40000, seq=5001, ack=1001)

traffic = [
    (from_client(IP(src="203.0.113.5", dst=VIP4, ttl=64, id=7) / TCP(dport=80, sport=40000, seq=1000, flags="S")),
     to_server(1, IP(src="203.0.113.5", dst="10.0.0.11", ttl=63, id=7) /
               TCP(dport=8080, sport=40000, seq=1000, flags="S"))),
    (from_server(1, IP(src="10.0.0.11", dst="203.0.113.5", ttl=64, id=8) /
                 TCP(sport=8080, dport=40000, seq=5000, ack=1001, flags="SA")),
     to_client(IP(src=VIP4, dst="203.0.113.5", ttl=63, id=8) /
               TCP(sport=80, dport=40000, seq=5000, ack=1001, flags="SA"))),
    (from_client(IP(src="203.0.113.5", dst=VIP4, ttl=61, tos=0x28, flags="DF", id=9) /
                 TCP(dport=80, **request, flags="PA", window=512) / b"GET / HTTP/1.0\r\n\r\n"),
     to_server(1, IP(src="203.0.113.5", dst="10.0.0.11", ttl=60, tos=0x28, flags="DF", id=9) /
               TCP(dport=8080, **request, flags="PA", window=512) / b"GET / HTTP/1.0\r\n\r\n")),
    (from_server(1, IP(src="10.0.0.11", dst="203.0.113.5", ttl=255, tos=3, id=10) /
                 TCP(sport=8080, **answer, flags="A") / (b"x" * 1200)),
     to_client(IP(src=VIP4, dst="203.0.113.5", ttl=254, tos=3, id=10) /
               TCP(sport=80, **answer, flags="A") / (b"x" * 1200))),
]

stats = {
    # service, server                        Conns InPkts OutPkts InBytes OutBytes Active InAct
    "TCP 192.0.2.1:80":                      (1, 2, 2, 40 + 58, 40 + 1240),
    "TCP 192.0.2.1:80 -> 10.0.0.11:8080":    (1, 2, 2, 40 + 58, 40 + 1240, 1, 0),
}

conns = ["TCP ESTABLISHED 203.0.113.5:40000 192.0.2.1:80 10.0.0.11:8080"]

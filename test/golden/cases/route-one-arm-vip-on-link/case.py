# SPDX-License-Identifier: BSD-3-Clause
"""One arm, one subnet for everything: client, VIP and servers in the port's own network, NAT and DR."""

from rig import *

VIP, NEAR4, NEAR_MAC = "198.51.100.10", "198.51.100.21", "02:00:00:00:03:21"

config = (one_arm(extra=f"static_neighbor {NEAR4} {NEAR_MAC} dev wan")
          + service("TCP", VIP, 80, "NAT", [(NEAR4, 8080)]) + service("TCP", VIP, 81, "DR", [(NEAR4, 81)]))

WAN, C = PORT_MAC["wan"], LINK_CLIENT4


def frame(src, dst, packet):
    return Frame("wan", Ether(src=src, dst=dst) / packet)


traffic = [
    (frame(LINK_CLIENT_MAC, WAN, IP(src=C, dst=VIP, ttl=64) / TCP(sport=5000, dport=80, flags="S")),
     frame(WAN, NEAR_MAC, IP(src=C, dst=NEAR4, ttl=63) / TCP(sport=5000, dport=8080, flags="S"))),
    (frame(NEAR_MAC, WAN, IP(src=NEAR4, dst=C, ttl=64) / TCP(sport=8080, dport=5000, flags="SA")),
     frame(WAN, LINK_CLIENT_MAC, IP(src=VIP, dst=C, ttl=63) / TCP(sport=80, dport=5000, flags="SA"))),
    (frame(LINK_CLIENT_MAC, WAN, IP(src=C, dst=VIP, ttl=64) / TCP(sport=5001, dport=81, flags="S")),
     frame(WAN, NEAR_MAC, IP(src=C, dst=VIP, ttl=63) / TCP(sport=5001, dport=81, flags="S"))),
]

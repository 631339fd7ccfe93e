# SPDX-License-Identifier: BSD-3-Clause
"""What is for neither a VIP, an own address nor a connection is transit: the box is no router."""

from rig import *

config = (one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])
          + service("TCP", VIP6, 80, "NAT", [(SERVER6[1], 8080)]))

DESTINATIONS = ["8.8.8.8", "192.0.2.2", "192.0.2.0", SERVER4[1], GATEWAY4, "2001:db8:2::2", SERVER6[1], "2001:db8::1"]

traffic = []
for to in DESTINATIONS:
    source = CLIENT6 if ":" in to else CLIENT4
    traffic += [(from_client(ip(source, to) / l4), None)
                for l4 in (TCP(sport=40000, dport=80, flags="S"), UDP(sport=40000, dport=80) / b"x")]

drops = {"transit": 2 * len(DESTINATIONS)}
stats = {}
conns = []

# SPDX-License-Identifier: BSD-3-Clause
"""TCP and UDP to an own address that is no VIP are for the box itself, where nobody listens: punt_ignored."""

from rig import *

config = (one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])
          + service("TCP", VIP6, 80, "NAT", [(SERVER6[1], 8080)]))

traffic = [(from_client(ip(CLIENT6 if ":" in own else CLIENT4, own) / l4), None)
           for own in (OWN4, OWN_LAN4, OWN6, OWN_LAN6)
           for l4 in (TCP(sport=40000, dport=80, flags="S"), TCP(sport=40000, dport=22, flags="A"),
                      UDP(sport=40000, dport=53) / b"q")]

drops = {"punt_ignored": 12}
stats = {}
conns = []

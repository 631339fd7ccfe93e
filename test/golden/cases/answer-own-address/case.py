# SPDX-License-Identifier: BSD-3-Clause
"""What comes to an own address, a local address of full NAT, or is transit is not answered: no closed port of a
VIP's, no service, and the box is no router."""

from rig import *

config = (
    one_arm()
    + local_group("snat", LOCAL4)
    + service("UDP", VIP4, 80, "FNAT", [(SERVER4[1], 8080)], "rr", "laddr_group_name snat")
)

TO = [OWN4, OWN_LAN4, OWN6, LOCAL4, "192.0.2.99", "8.8.8.8", "2001:db8::99"]

traffic = [
    (from_client(ip(CLIENT6 if ":" in to else CLIENT4, to) / l4), None)
    for to in TO
    for l4 in (UDP(sport=5, dport=9) / b"x", TCP(sport=5, dport=9, flags="S"), TCP(sport=5, dport=9, flags="A"))
]

drops = {("punt_ignored", "transit", "no_connection"): len(traffic)}
answers = (0, 0)

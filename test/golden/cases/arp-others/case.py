# SPDX-License-Identifier: BSD-3-Clause
"""ARP requests for addresses that are neither VIPs nor own are not answered, and neither is what asks for none; an
answer that nobody asked for makes nothing leave."""

from rig import *

config = one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])

ALL, NONE = "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00"

OTHERS = ["198.51.100.3", "192.0.2.2", SERVER4[1], GATEWAY4, "0.0.0.0", "198.51.100.255"]

traffic = [(Frame("wan", Ether(src=LINK_CLIENT_MAC, dst=ALL) /
                  ARP(op=1, hwsrc=LINK_CLIENT_MAC, psrc=LINK_CLIENT4, hwdst=NONE, pdst=address)), None)
           for address in OTHERS]
traffic += [(Frame("wan", Ether(src=LINK_CLIENT_MAC, dst=PORT_MAC["wan"]) /
                   ARP(op=2, hwsrc=LINK_CLIENT_MAC, psrc=LINK_CLIENT4, hwdst=PORT_MAC["wan"], pdst=OWN4)), None)]

# SPDX-License-Identifier: BSD-3-Clause
"""ARP requests for VIPs and own addresses are answered with the port's MAC, to the asker alone: broadcast or unicast
requests, VIPs inside and outside the port's subnets, and address probes from 0.0.0.0."""

from rig import *

NEAR_VIP = "198.51.100.10"

config = (one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])
          + service("UDP", NEAR_VIP, 53, "DR", [(SERVER4[1], 53)]))

WAN, ALL, NONE = PORT_MAC["wan"], "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00"


def asks(address, who, mac, to=ALL):
    asked = Ether(src=mac, dst=to) / ARP(op=1, hwsrc=mac, psrc=who, hwdst=NONE, pdst=address)
    answer = Ether(src=WAN, dst=mac) / ARP(op=2, hwsrc=WAN, psrc=address, hwdst=mac, pdst=who)
    return Frame("wan", asked), Frame("wan", answer)


traffic = [asks(address, GATEWAY4, GATEWAY_MAC) for address in (VIP4, NEAR_VIP, OWN4)]
traffic += [asks(OWN_LAN4, SERVER4[1], SERVER_MAC[1]), asks(VIP4, SERVER4[1], SERVER_MAC[1])]
traffic += [asks(OWN4, GATEWAY4, GATEWAY_MAC, to=WAN)]
traffic += [asks(NEAR_VIP, "0.0.0.0", LINK_CLIENT_MAC)]

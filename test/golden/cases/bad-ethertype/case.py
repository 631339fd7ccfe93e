# SPDX-License-Identifier: BSD-3-Clause
"""Frames that are neither IPv4, IPv6 nor ARP - VLAN tags, MPLS, LLDP, spanning tree, PPPoE, garbage - are ethertype."""

from rig import *

config = one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])

WAN = PORT_MAC["wan"]
syn = ip(CLIENT4, VIP4) / TCP(sport=40000, dport=80, flags="S")

TYPES = [0x8100, 0x88A8, 0x8847, 0x88CC, 0x8864, 0x0801, 0x0000, 0xFFFF, 0x0026]

traffic = [(Frame("wan", Ether(src=GATEWAY_MAC, dst=WAN) / Dot1Q(vlan=5) / syn), None),
           (Frame("wan", Ether(src=GATEWAY_MAC, dst=WAN) / Dot1Q(vlan=0) / syn), None)]
traffic += [(Frame("wan", Ether(src=GATEWAY_MAC, dst=WAN, type=kind) / Raw(bytes(syn))), None) for kind in TYPES]
traffic += [Flow().request(flags="S")]

drops = {"ethertype": 2 + len(TYPES)}
conns = ["TCP SYN_RECV 203.0.113.5:40000 192.0.2.1:80 10.0.0.11:8080"]

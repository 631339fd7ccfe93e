# SPDX-License-Identifier: BSD-3-Clause
"""Somebody else who claims a VIP or an own address is counted as arp_conflict, and the VIP goes on working."""

from rig import *

config = one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])

ALL, STRANGER = "ff:ff:ff:ff:ff:ff", "02:66:66:66:66:66"

flow = Flow()

traffic = [flow.request(flags="S")]
traffic += [(Frame("wan", Ether(src=STRANGER, dst=ALL) /
                   ARP(op=op, hwsrc=STRANGER, psrc=address, hwdst=ALL, pdst=address)), None)
            for op in (1, 2) for address in (VIP4, OWN4)]
traffic += [Then(), flow.reply(flags="SA"), flow.request(flags="A")]

drops = {"arp_conflict": 4}
conns = ["TCP ESTABLISHED 203.0.113.5:40000 192.0.2.1:80 10.0.0.11:8080"]

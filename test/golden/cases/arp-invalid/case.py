# SPDX-License-Identifier: BSD-3-Clause
"""Malformed ARP - another hardware or protocol type, wrong lengths, an unknown operation, a multicast or zero sender
MAC - is arp_invalid and not answered; cut off, it is truncated or arp_invalid. A padded one is fine."""

from rig import *

config = one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])

ALL, NONE, WAN = "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", PORT_MAC["wan"]
good = dict(op=1, hwsrc=GATEWAY_MAC, psrc=GATEWAY4, hwdst=NONE, pdst=VIP4)


def frame(padding=b"", **fields):
    return Frame("wan", Ether(src=GATEWAY_MAC, dst=ALL) / ARP(**{**good, **fields}) / padding)


answer = Frame("wan", Ether(src=WAN, dst=GATEWAY_MAC) /
               ARP(op=2, hwsrc=WAN, psrc=VIP4, hwdst=GATEWAY_MAC, pdst=GATEWAY4))

traffic = [
    (frame(hwtype=6), None),
    (frame(ptype=0x86DD), None),
    (frame(hwlen=8, hwsrc=GATEWAY_MAC, hwdst=NONE), None),
    (frame(plen=16), None),
    (frame(op=0), None),
    (frame(op=9), None),
    (frame(hwsrc="01:00:5e:00:00:01"), None),
    (frame(hwsrc=NONE), None),
    (Frame("wan", frame().raw()[:14]), None),
    (Frame("wan", frame().raw()[:30]), None),
    (Frame("wan", frame().raw()[:41]), None),
    (frame(padding=bytes(18)), answer),
]

drops = {"arp_invalid": 5, ("arp_invalid", "punt_ignored"): 3, ("arp_invalid", "truncated"): 3}

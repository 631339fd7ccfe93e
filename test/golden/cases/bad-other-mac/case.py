# SPDX-License-Identifier: BSD-3-Clause
"""Frames that are addressed to another MAC are not_to_us, even if their IP address is a VIP; and IP for a VIP that
comes as an Ethernet multicast or broadcast is not forwarded or answered either (RFC 1812 5.3.4)."""

from rig import *

config = one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)]) + service(
    "TCP", VIP6, 80, "NAT", [(SERVER6[1], 8080)])

OTHERS = ["02:70:63:61:70:01", "02:00:00:00:00:99", "00:00:00:00:00:00"]
GROUPS = ["01:00:5e:00:00:01", "33:33:00:00:00:01", "ff:ff:ff:ff:ff:ff"]


def to(mac, packet):
    return Frame("wan", Ether(src=GATEWAY_MAC, dst=mac) / packet), None


syn4 = ip(CLIENT4, VIP4) / TCP(sport=40000, dport=80, flags="S")
syn6 = ip(CLIENT6, VIP6) / TCP(sport=40000, dport=80, flags="S")

traffic = [to(mac, packet) for mac in OTHERS + GROUPS for packet in (syn4, syn6)]
traffic += [to(mac, ip(CLIENT4, VIP4) / ICMP(type=8) / b"ping") for mac in OTHERS + GROUPS]
traffic += [Flow().request(flags="S")]

drops = {"not_to_us": 3 * len(OTHERS), ("not_to_us", "transit", "punt_ignored"): 3 * len(GROUPS)}
conns = ["TCP SYN_RECV 203.0.113.5:40000 192.0.2.1:80 10.0.0.11:8080"]

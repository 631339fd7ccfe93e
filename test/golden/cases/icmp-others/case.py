# SPDX-License-Identifier: BSD-3-Clause
"""ICMP messages that are nobody's question - echo replies, timestamps, errors about unknown connections - get no
answer. They are icmp_ignored, to VIPs and own addresses alike, but errors to a VIP, which are icmp_no_flow."""

from rig import *
from scapy.layers.inet6 import ICMPv6PacketTooBig, ICMPv6TimeExceeded

config = (one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])
          + service("TCP", VIP6, 80, "NAT", [(SERVER6[1], 8080)]))

MESSAGES4 = [dict(type=0), dict(type=3, code=3), dict(type=3, code=4), dict(type=4), dict(type=11), dict(type=13)]

traffic = []
for address in (VIP4, OWN4):
    about = ip(address, "203.0.113.99") / UDP(sport=80, dport=9)
    traffic += [(from_client(ip(CLIENT4, address) / ICMP(**message) / about), None) for message in MESSAGES4]
for address in (VIP6, OWN6):
    about = ip(address, "2001:db8:c::99") / UDP(sport=80, dport=9)
    traffic += [(from_client(ip(CLIENT6, address) / message / about), None)
                for message in (ICMPv6DestUnreach(code=4), ICMPv6PacketTooBig(), ICMPv6TimeExceeded())]
    traffic += [(from_client(ip(CLIENT6, address) / ICMPv6EchoReply(id=1, data=b"x")), None)]

ERRORS = 4 + 3  # of one address of each family
drops = {"icmp_ignored": 2 * len(MESSAGES4) + 2 * 4 - ERRORS, "icmp_no_flow": ERRORS}
conns = []

# SPDX-License-Identifier: BSD-3-Clause
"""Ping over IPv6: VIPs and own addresses answer echo requests, with the same identifier, sequence number and payload,
even of odd length, and to the way they came."""

from rig import *

config = one_arm() + service("TCP", VIP6, 80, "NAT", [(SERVER6[1], 8080)])

PAYLOADS = [b"", b"x", b"0123456789" * 5, bytes(range(256)) * 5 + b"!"]


def ping(address, number, payload):
    echo = dict(id=0x1234 + number, seq=number)
    asked = from_client(IPv6(src=CLIENT6, dst=address) / ICMPv6EchoRequest(**echo, data=payload))
    answer = to_client(IPv6(src=address, dst=CLIENT6) / ICMPv6EchoReply(**echo, data=payload))
    return asked, loosely(answer, "ip6.hlim", "ip6.flow")


traffic = [ping(address, number, payload) for number, payload in enumerate(PAYLOADS)
           for address in (VIP6, OWN6, OWN_LAN6)]

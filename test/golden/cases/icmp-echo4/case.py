# SPDX-License-Identifier: BSD-3-Clause
"""Ping over IPv4: VIPs and own addresses answer echo requests, with the same identifier, sequence number and payload,
even of odd length, and to the way they came; other ICMP messages are not answered."""

from rig import *

config = one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])

PAYLOADS = [b"", b"x", b"0123456789" * 5, bytes(range(256)) * 5 + b"!"]


def ping(address, number, payload):
    echo = dict(id=0x1234 + number, seq=number)
    asked = from_client(IP(src=CLIENT4, dst=address, id=99) / ICMP(type=8, **echo) / payload)
    answer = to_client(IP(src=address, dst=CLIENT4) / ICMP(type=0, **echo) / payload)
    return asked, loosely(answer, "ip4.ttl", "ip4.id", "ip4.flags")


traffic = [ping(address, number, payload) for number, payload in enumerate(PAYLOADS)
           for address in (VIP4, OWN4, OWN_LAN4)]
traffic += [(from_client(IP(src=CLIENT4, dst=VIP4) / ICMP(type=kind, code=0) / bytes(12)), None)
            for kind in (0, 13, 15, 17, 10)]

drops = {"icmp_ignored": 5}

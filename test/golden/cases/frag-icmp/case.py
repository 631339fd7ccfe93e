# SPDX-License-Identifier: BSD-3-Clause
"""ICMP in fragments to a VIP is not put together: dropped as fragment, first and later ones, pings and errors; what
is not balanced is dropped as protocol or as fragment, and no fragment of it waits."""

from rig import *

config = (
    one_arm()
    + service("UDP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])
    + service("UDP", VIP6, 80, "NAT", [(SERVER6[1], 8080)])
)

echo4 = ip(CLIENT4, VIP4) / ICMP(type=8, id=1) / bytes(2000)
echo6 = IPv6(src=CLIENT6, dst=VIP6) / ICMPv6EchoRequest(id=1, data=bytes(2000))
about4 = error(CLIENT4, VIP4, 3, 3, ip(VIP4, CLIENT4) / UDP(sport=80, dport=40000) / bytes(500))
about6 = error(CLIENT6, VIP6, 1, 4, ip(VIP6, CLIENT6) / UDP(sport=80, dport=40000) / bytes(500))
other = IP(src=CLIENT4, dst=VIP4, proto=132) / Raw(bytes(500))

traffic = [(from_client(part), None) for packet in (echo4, echo6) for part in pieces(packet, 1000)]
traffic += [(from_client(part), None) for packet in (about4, about6) for part in pieces(packet, 200)]
traffic += [(from_client(part), None) for part in pieces(other, 200)]

drops = {"fragment": 8, ("fragment", "protocol"): 2}

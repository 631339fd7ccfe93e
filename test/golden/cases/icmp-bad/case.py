# SPDX-License-Identifier: BSD-3-Clause
"""Echo requests with a wrong checksum or cut short are icmp_invalid and not answered, those to somebody else are
transit, and the next good one is answered."""

from rig import *

config = (one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])
          + service("TCP", VIP6, 80, "NAT", [(SERVER6[1], 8080)]))

good4 = IP(src=CLIENT4, dst=VIP4) / ICMP(type=8, id=1, seq=1) / b"data"
good6 = IPv6(src=CLIENT6, dst=VIP6) / ICMPv6EchoRequest(id=1, seq=1, data=b"data")

traffic = [
    (from_client(IP(src=CLIENT4, dst=VIP4) / ICMP(type=8, id=1, seq=1, chksum=0x1234) / b"data"), None),
    (from_client(IPv6(src=CLIENT6, dst=VIP6) / ICMPv6EchoRequest(id=1, seq=1, data=b"data", cksum=0x1234)), None),
    (from_client(IP(src=CLIENT4, dst=VIP4, proto=1) / Raw(b"\x08\x00\xf7")), None),
    (from_client(IPv6(src=CLIENT6, dst=VIP6, nh=58) / Raw(b"\x80\x00\x01")), None),
    (from_client(IP(src=CLIENT4, dst="192.0.2.99") / ICMP(type=8) / b"data"), None),
    (from_client(good4),
     loosely(to_client(IP(src=VIP4, dst=CLIENT4) / ICMP(type=0, id=1, seq=1) / b"data"),
             "ip4.ttl", "ip4.id", "ip4.flags")),
    (from_client(good6),
     loosely(to_client(IPv6(src=VIP6, dst=CLIENT6) / ICMPv6EchoReply(id=1, seq=1, data=b"data")),
             "ip6.hlim", "ip6.flow")),
]

drops = {"icmp_invalid": 2, ("icmp_invalid", "truncated", "l4_header"): 2, "transit": 1}

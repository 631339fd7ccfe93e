# SPDX-License-Identifier: BSD-3-Clause
"""A packet whose source can be nobody's - zero, loopback, multicast, broadcast, a VIP - is source, opens no connection
and gets no answer. Both families."""

from rig import *

config = (one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])
          + service("UDP", OTHER_VIP4, 53, "DR", [(SERVER4[1], 53)])
          + service("TCP", VIP6, 80, "NAT", [(SERVER6[1], 8080)])
          + service("UDP", OTHER_VIP6, 53, "DR", [(SERVER6[1], 53)]))

SOURCES4 = ["0.0.0.0", "127.0.0.1", "127.255.255.255", "224.0.0.1", "239.255.255.250", "255.255.255.255", VIP4,
            OTHER_VIP4]
SOURCES6 = ["::", "::1", "ff02::1", "ff0e::5", VIP6, OTHER_VIP6]

traffic = []
for sources, vip, other in ((SOURCES4, VIP4, OTHER_VIP4), (SOURCES6, VIP6, OTHER_VIP6)):
    for source in sources:
        echo = ICMP(type=8) if ":" not in vip else ICMPv6EchoRequest()
        traffic += [(from_client(ip(source, vip) / TCP(sport=40000, dport=80, flags="S")), None),
                    (from_client(ip(source, other) / UDP(sport=40000, dport=53) / b"q"), None),
                    (from_client(ip(source, vip) / echo), None)]

drops = {"source": 3 * (len(SOURCES4) + len(SOURCES6))}
stats = {}
conns = []

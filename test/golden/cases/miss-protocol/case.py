# SPDX-License-Identifier: BSD-3-Clause
"""A protocol that is not balanced, sent to a VIP, is dropped as such: SCTP, GRE, ESP, AH, IPIP, OSPF and an unknown
one."""

from rig import *

config = (one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])
          + service("TCP", VIP6, 80, "NAT", [(SERVER6[1], 8080)]))

PROTOCOLS4 = [132, 47, 50, 51, 4, 41, 89, 2, 253]
PROTOCOLS6 = [132, 47, 4, 41, 89, 253]

traffic = [(from_client(IP(src=CLIENT4, dst=VIP4, proto=proto) / Raw(bytes(40))), None) for proto in PROTOCOLS4]
traffic += [(from_client(IPv6(src=CLIENT6, dst=VIP6, nh=proto) / Raw(bytes(40))), None) for proto in PROTOCOLS6]

drops = {"protocol": len(PROTOCOLS4) + len(PROTOCOLS6)}
conns = []

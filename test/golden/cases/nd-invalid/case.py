# SPDX-License-Identifier: BSD-3-Clause
"""A neighbour solicitation that came through a router (hop limit below 255), with a wrong checksum, code, target, or
with an option of length zero is nd_invalid (or icmp_invalid where the message itself is broken) and not answered."""

from rig import *

config = one_arm() + service("TCP", VIP6, 80, "NAT", [(SERVER6[1], 8080)])

GROUP, GROUP_MAC, WAN = "ff02::1:ff00:1", "33:33:ff:00:00:01", PORT_MAC["wan"]


def frame(hlim=255, src=GATEWAY6, option=None, **fields):
    option = ICMPv6NDOptSrcLLAddr(lladdr=GATEWAY_MAC) if option is None else option
    return Frame("wan", Ether(src=GATEWAY_MAC, dst=GROUP_MAC) / IPv6(src=src, dst=GROUP, hlim=hlim) /
                 ICMPv6ND_NS(**{"tgt": VIP6, **fields}) / option)


traffic = [
    (frame(hlim=254), None),
    (frame(hlim=1), None),
    (frame(tgt="ff02::1"), None),
    (frame(code=1), None),
    (frame(option=Raw(bytes([1, 0, 2, 0, 0, 0, 1, 1]))), None),
    (frame(option=Raw(bytes([1, 1, 2, 0]))), None),
    (frame(src="::"), None),       # with a source link-layer address option, which RFC 4861 7.1.1 forbids
    (frame(cksum=0x1234), None),
    (frame(), loosely(Frame("wan", Ether(src=WAN, dst=GATEWAY_MAC) / IPv6(src=VIP6, dst=GATEWAY6, hlim=255) /
                            ICMPv6ND_NA(tgt=VIP6, R=0, S=1, O=1) / ICMPv6NDOptDstLLAddr(lladdr=WAN)),
                      "na.router", "ip6.flow")),
]

drops = {"nd_invalid": 7, ("nd_invalid", "icmp_invalid"): 1}

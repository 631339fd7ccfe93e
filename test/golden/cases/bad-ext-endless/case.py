# SPDX-License-Identifier: BSD-3-Clause
"""IPv6 extension headers that go on and on are dropped as ext_header, and so are those that run past the packet (there
truncated or ip_header will do too)."""

from rig import *

config = one_arm() + service("UDP", VIP6, 53, "NAT", [(SERVER6[1], 5353)])


def chained(headers, rest=UDP(sport=40000, dport=53) / b"q"):
    packet = ip(CLIENT6, VIP6, 64)
    for each in headers:
        packet = packet / each
    return from_client(packet / rest), None


def options(count):
    return [IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 4)]) for _ in range(count)]


endless = [chained(options(count)) for count in (60, 100)]
past = [
    chained([IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 4)], len=200)]),
    chained([IPv6ExtHdrHopByHop(options=[PadN(optdata=b"\0" * 4)], len=255)]),
    (from_client(IPv6(src=CLIENT6, dst=VIP6, hlim=64, nh=60) / Raw(b"")), None),
    (from_client(IPv6(src=CLIENT6, dst=VIP6, hlim=64, nh=60) / Raw(b"\x3c")), None),
    (from_client(IPv6(src=CLIENT6, dst=VIP6, hlim=64, nh=60) / Raw(b"\x11\0\1\4\0\0\0")), None),
]

flow = Flow("UDP", vport=53, sport=5353, client=CLIENT6, vip=VIP6)

traffic = endless + past + [flow.request(b"q")]

drops = {"ext_header": len(endless), ("ext_header", "truncated", "ip_header", "l4_header"): len(past)}
conns = ["UDP UDP [2001:db8:c::5]:40000 [2001:db8:2::1]:53 [fd00::11]:5353"]

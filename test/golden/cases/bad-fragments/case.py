# SPDX-License-Identifier: BSD-3-Clause
"""IP fragments, first, middle and last, of both families, are dropped as fragment and open no connection; DF without
fragmentation is none."""

from rig import *

config = (one_arm() + service("UDP", VIP4, 53, "NAT", [(SERVER4[1], 5353)])
          + service("UDP", VIP6, 53, "DR", [(SERVER6[1], 53)]))

datagram = bytes(UDP(sport=40000, dport=53, len=2008, chksum=0x1234)) + bytes(2000)


def piece4(start, end):
    more = "MF" if end < len(datagram) else 0
    header = IP(src=CLIENT4, dst=VIP4, id=7, proto=17, flags=more, frag=start // 8)
    return from_client(header / Raw(datagram[start:end])), None


def piece6(start, end):
    header = IPv6ExtHdrFragment(nh=17, offset=start // 8, m=int(end < len(datagram)), id=7)
    return from_client(IPv6(src=CLIENT6, dst=VIP6) / header / Raw(datagram[start:end])), None


PIECES = [(0, 1000), (1000, 1600), (1600, 2008)]

traffic = [piece(start, end) for piece in (piece4, piece6) for start, end in PIECES]
traffic += [(from_client(ip(CLIENT4, VIP4, 64, flags="DF") / UDP(sport=40000, dport=53) / b"whole"),
             to_server(1, ip(CLIENT4, SERVER4[1], 63, flags="DF") / UDP(sport=40000, dport=5353) / b"whole"))]

drops = {"fragment": 6}
conns = ["UDP UDP 203.0.113.5:40000 192.0.2.1:53 10.0.0.11:5353"]

# SPDX-License-Identifier: BSD-3-Clause
"""An IPv6 packet with extension headers, or an IPv4 packet with options, goes into the tunnel as it is, headers and
all, and belongs to the same connection as those without."""

from rig import *

config = (
    one_arm()
    + service("UDP", VIP6, 80, "TUN", [(SERVER4[1], 80)])
    + service("UDP", VIP4, 80, "TUN type gre", [(SERVER6[1], 80)])
)

CHAINS = [
    [],
    [IPv6ExtHdrHopByHop(options=[PadN(optdata=b"\0" * 4)])],
    [IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 20)])],
    [IPv6ExtHdrHopByHop(options=[PadN(optdata=b"\0" * 12)]), IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 4)])],
]

six = TunnelFlow(Tunnel(), 4, proto="UDP", client=CLIENT6, vip=VIP6)
four = TunnelFlow(Tunnel("gre"), 6, proto="UDP")


def chained(chain, ttl):
    packet = ip(CLIENT6, VIP6, ttl)
    for header in chain:
        packet = packet / header
    return packet / UDP(sport=40000, dport=80) / b"data"


def optioned(ttl):
    return ip(CLIENT4, VIP4, ttl, options=[IPOption_NOP()] * 4) / UDP(sport=40000, dport=80) / b"data"


traffic = [(from_client(chained(chain, 64)), six.wrapped(chained(chain, 63))) for chain in CHAINS]
traffic += [four.request(b"data"), (from_client(optioned(64)), four.wrapped(optioned(63)))]

conns = [
    "UDP UDP [2001:db8:c::5]:40000 [2001:db8:2::1]:80 10.0.0.11:80",
    "UDP UDP 203.0.113.5:40000 192.0.2.1:80 [fd00::11]:80",
]

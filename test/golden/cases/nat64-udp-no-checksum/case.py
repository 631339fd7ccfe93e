# SPDX-License-Identifier: BSD-3-Clause
"""NAT64: an IPv4 server's datagram without checksum gets one, because IPv6 wants it (RFC 7915 4.5), whatever its
length."""

from rig import *

config = (
    one_arm()
    + local_group("snat", LOCAL4)
    + service("UDP", VIP6, 53, "FNAT", [(SERVER4[1], 53)], "rr", "laddr_group_name snat")
)

flow = FnatFlow("UDP", 4, client=CLIENT6, vip=VIP6, vport=53, sport=53)


def computed(payload):
    """It comes without, and leaves with scapy's."""
    there, _back = flow.reply(payload, chksum=0)
    return there, flow.reply(payload)[1]


traffic = [flow.request(b"q"), Then()]
traffic += [computed(payload) for payload in (b"", b"a", b"ab", b"abc", bytes(range(256)) * 5, b"\xff" * 1401)]

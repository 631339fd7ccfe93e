# SPDX-License-Identifier: BSD-3-Clause
"""NAT64, headers (RFC 7915 4.1, 5.1): the traffic class becomes the TOS and back, the flow label goes, DF is set only
for a large packet, extension headers that only IPv6 has are left out."""

from rig import *

config = (
    one_arm()
    + local_group("snat", LOCAL4)
    + service("UDP", VIP6, 53, "FNAT", [(SERVER4[1], 53)], "rr", "laddr_group_name snat")
)

flow = FnatFlow("UDP", 4, client=CLIENT6, vip=VIP6, vport=53, sport=53)


def chained(*headers):
    """With extension headers; the server sees none of them."""
    sent, left = flow.request(b"chain")
    packet = ip(CLIENT6, VIP6)
    for header in headers:
        packet = packet / header
    return from_client(packet / sent.data[UDP].copy()), left


traffic = [flow.request(b"first"), Then(), flow.reply(b"answer")]
traffic += [
    flow.request(b"x", ip_fields=dict(tc=tc, fl=fl)) for tc, fl in ((0xB8, 0), (0x01, 5), (0x03, 0xFFFFF), (0xFF, 1))
]
traffic += [flow.reply(b"y", ip_fields=dict(tos=tos)) for tos in (0xB8, 1, 3, 0xFF)]
traffic += [
    flow.reply(b"z", ip_fields=fields) for fields in (dict(flags="DF", id=0), dict(flags="DF", id=9), dict(id=77))
]
traffic += [flow.request(bytes(size - 48)) for size in (1200, 1232, 1290, 1400, 1500)]
traffic += [flow.reply(bytes(size - 28), ip_fields=dict(flags="DF")) for size in (1200, 1260, 1280, 1400, 1480)]
traffic += [
    chained(IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 4)])),
    chained(IPv6ExtHdrHopByHop(options=[PadN(optdata=b"\0" * 4)])),
]

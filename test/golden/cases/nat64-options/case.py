# SPDX-License-Identifier: BSD-3-Clause
"""NAT64: IPv4 options of a reply are left out (RFC 7915 4.1), but a packet with an unexpired source route is dropped;
TCP options are kept."""

from scapy.layers.inet import IPOption_LSRR

from rig import *

config = (
    one_arm()
    + local_group("snat", LOCAL4)
    + service("TCP", VIP6, 80, "FNAT", [(SERVER4[1], 8080)], "rr", "laddr_group_name snat")
)

flow = FnatFlow("TCP", 4, client=CLIENT6, vip=VIP6)
OPTIONS = [("MSS", 1400), ("NOP", None), ("WScale", 7), ("SAckOK", b"")]


def optioned(options, **tcp):
    return flow.reply(b"", ip_fields=dict(options=options), **tcp)[0], reply_back(**tcp)


def reply_back(**tcp):
    return flow.reply(b"", **tcp)[1]


traffic = [
    flow.request(flags="S", options=OPTIONS),
    Then(),
    flow.reply(flags="SA", seq=9, options=OPTIONS),
    flow.request(flags="A", ack=10),
    optioned([IPOption_NOP()] * 4, flags="A", seq=10),
    (flow.reply(ip_fields=dict(options=[IPOption_LSRR(pointer=4, routers=["10.9.9.9"])]), flags="A", seq=11)[0], None),
]

drops = {("translate", "ip_header"): 1}

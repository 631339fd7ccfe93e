# SPDX-License-Identifier: BSD-3-Clause
"""ICMP errors about flows that do not exist, sent in thousands to a VIP and to a local address: nothing is forwarded,
no connection is made, each is counted, and the connections that exist go on."""

from rig import *

config = (
    one_arm()
    + local_group("snat", LOCAL4)
    + service("UDP", VIP4, 53, "NAT", [(SERVER4[1], 5353)])
    + service("UDP", VIP4, 54, "FNAT", [(SERVER4[1], 54)], "rr", "laddr_group_name snat")
)

flow, full = Flow("UDP", vport=53, sport=5353), FnatFlow("UDP", vport=54, sport=54)


def spoofed(to, quoted_from, number):
    about = ip(quoted_from, CLIENT4) / UDP(sport=53, dport=1000 + number) / b"data data"
    return from_client(error("203.0.113.66", to, 3, 3, seen_as(about))), None


COUNT = 150

traffic = [flow.request(b"q"), full.request(b"q")]
traffic += [spoofed(to, to, number) for number in range(COUNT) for to in (VIP4, LOCAL4)]
traffic += [Then(), flow.reply(b"a"), full.reply(b"a"), flow.request(b"q2")]

drops = {("icmp_no_flow", "transit"): 2 * COUNT}
conns = [
    "UDP UDP 203.0.113.5:40000 192.0.2.1:53 10.0.0.11:5353",
    "UDP UDP 203.0.113.5:40000 192.0.2.1:54 10.0.0.11:54",
]

# SPDX-License-Identifier: BSD-3-Clause
"""NAT, UDP over IPv4: request and reply are rewritten with exact checksums, whatever the payload's length; the
connection is shown as UDP and counts as inactive."""

from rig import *

config = one_arm() + service("UDP", VIP4, 53, "NAT", [("10.0.0.11", 5353)])

C = "203.0.113.5"
questions = [b"", b"q", b"qu", b"que", bytes(range(256)), b"\xff" * 511]


def request(payload):
    return (from_client(IP(src=C, dst=VIP4, ttl=64) / UDP(sport=40000, dport=53) / payload),
            to_server(1, IP(src=C, dst="10.0.0.11", ttl=63) / UDP(sport=40000, dport=5353) / payload))


def reply(payload):
    return (from_server(1, IP(src="10.0.0.11", dst=C, ttl=64) / UDP(sport=5353, dport=40000) / payload),
            to_client(IP(src=VIP4, dst=C, ttl=63) / UDP(sport=53, dport=40000) / payload))


traffic = [row for question in questions for row in (request(question), reply(question + b"!"))]

stats = {
    # service, server                     Conns InPkts OutPkts InBytes OutBytes Active InAct
    "UDP 192.0.2.1:53":                   (1, 6, 6, 6 * 28 + 773, 6 * 29 + 773),
    "UDP 192.0.2.1:53 -> 10.0.0.11:5353": (1, 6, 6, 6 * 28 + 773, 6 * 29 + 773, 0, 1),
}

conns = ["UDP UDP 203.0.113.5:40000 192.0.2.1:53 10.0.0.11:5353"]

# SPDX-License-Identifier: BSD-3-Clause
"""NAT, UDP over IPv6: request and reply are rewritten with exact checksums, whatever the payload's length; the
connection is shown as UDP and counts as inactive."""

from rig import *

config = one_arm() + service("UDP", VIP6, 53, "NAT", [("fd00::11", 5353)])

C, S = "2001:db8:c::5", "fd00::11"
questions = [b"", b"q", b"qu", b"que", bytes(range(256)), b"\xff" * 511]


def request(payload):
    return (from_client(IPv6(src=C, dst=VIP6, hlim=64) / UDP(sport=40000, dport=53) / payload),
            to_server(1, IPv6(src=C, dst=S, hlim=63) / UDP(sport=40000, dport=5353) / payload))


def reply(payload):
    return (from_server(1, IPv6(src=S, dst=C, hlim=64) / UDP(sport=5353, dport=40000) / payload),
            to_client(IPv6(src=VIP6, dst=C, hlim=63) / UDP(sport=53, dport=40000) / payload))


traffic = [row for question in questions for row in (request(question), reply(question + b"!"))]

stats = {
    # service, server                            Conns InPkts OutPkts InBytes OutBytes Active InAct
    "UDP [2001:db8:2::1]:53":                    (1, 6, 6, 6 * 48 + 773, 6 * 49 + 773),
    "UDP [2001:db8:2::1]:53 -> [fd00::11]:5353": (1, 6, 6, 6 * 48 + 773, 6 * 49 + 773, 0, 1),
}

conns = ["UDP UDP [2001:db8:c::5]:40000 [2001:db8:2::1]:53 [fd00::11]:5353"]

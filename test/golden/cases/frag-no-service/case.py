# SPDX-License-Identifier: BSD-3-Clause
"""Fragments to a closed port: the first one is answered by port unreachable, once; the others are dropped,
unanswered."""

from rig import *

variants = {"4": dict(client=CLIENT4, vip=VIP4), "6": dict(client=CLIENT6, vip=VIP6)}


def make(client, vip):
    closed = Flow("UDP", client=client, vip=vip, vport=9)
    parts = [from_client(part) for part in pieces(closed.packet(bytes(1000)), 400, 800)]
    return dict(
        config=one_arm() + service("UDP", vip, 80, "NAT", [(Flow("UDP", client=client, vip=vip).real, 8080)]),
        traffic=[(parts[0], unreachable_port(parts[0])), (parts[1], None), (parts[2], None)],
        drops=None,
        answers=(1, 0),
        conns=[],
    )

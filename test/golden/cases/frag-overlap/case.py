# SPDX-License-Identifier: BSD-3-Clause
"""Fragments that overlap are refused: partly, wholly inside of one before (teardrop), on top of the first one's
ports, over the end of the packet. The first fragment has gone its way; whoever puts the rest together misses a
piece."""

from rig import *

variants = {f"{mode}-{family}": dict(mode=mode, family=family) for mode in ("NAT", "DR") for family in (4, 6)}


def make(mode, family):
    client, vip, real = (CLIENT4, VIP4, SERVER4[1]) if family == 4 else (CLIENT6, VIP6, SERVER6[1])
    flow = Flow("UDP", mode, client=client, vip=vip)
    port = 8080 if mode == "NAT" else 80
    payload = bytes(n % 251 for n in range(1992))
    sent, left = flow.request(payload)

    def first(number, end=800):
        return (
            from_client(piece(sent.data.payload, 0, end, number)),
            to_server(1, piece(left.data.payload, 0, end, number)),
        )

    def lost(start, end, number, more=None):
        return from_client(piece(sent.data.payload, start, end, number, more, data=b"\xee" * (end - start))), None

    traffic = [
        first(1),
        lost(792, 1592, 1),  # partly
        first(2),
        lost(24, 48, 2),  # inside
        first(3),
        lost(8, 808, 3),  # on top of what follows the ports
        first(4),
        lost(0, 400, 4, True),  # ports again, other length
        first(5),
        lost(400, 800, 5, False),
    ]  # "ends" inside
    return dict(
        config=one_arm() + service("UDP", vip, 80, mode, [(real, port)]),
        traffic=traffic + [flow.request(b"good")],
        drops={("frag_overlap", "frag_invalid"): 5},
    )

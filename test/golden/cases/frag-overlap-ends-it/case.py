# SPDX-License-Identifier: BSD-3-Clause
"""IPv6: once a fragment has overlapped another, nothing more of its packet goes on, later pieces included, whether
they overlap or not (RFC 5722, RFC 8200 4.5); other packets do."""

from rig import *

config = one_arm() + service("UDP", VIP6, 80, "NAT", [(SERVER6[1], 8080)])

flow = Flow("UDP", client=CLIENT6, vip=VIP6)
sent, left = flow.request(bytes(n % 251 for n in range(1992)))


def row(start, end, number, goes=True):
    return (
        from_client(piece(sent.data.payload, start, end, number)),
        to_server(1, piece(left.data.payload, start, end, number)) if goes else None,
    )


traffic = [
    row(0, 800, 1),
    row(0, 800, 2),
    row(792, 1200, 1, False),
    row(800, 1200, 2),
    row(1200, 1600, 1, False),
    row(1200, 2000, 2),
    row(1600, 2000, 1, False),
]
drops = {("frag_overlap", "frag_invalid"): 3}

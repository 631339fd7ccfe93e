# SPDX-License-Identifier: BSD-3-Clause
"""A fragment that comes twice, as networks do it, does no harm: its packet arrives whole, the second copy is
forwarded or dropped."""

from rig import *

variants = {"4": dict(client=CLIENT4, vip=VIP4), "6": dict(client=CLIENT6, vip=VIP6)}


def make(client, vip):
    flow = Flow("UDP", client=client, vip=vip)
    sent, left = flow.request(bytes(n % 251 for n in range(1992)))
    parts = [
        (from_client(one), repeated(to_server(1, two)))
        for one, two in zip(pieces(sent.data.payload, 800, 1600), pieces(left.data.payload, 800, 1600))
    ]

    def check(result):
        """A copy that comes when its packet is complete may wait for a first fragment of its own."""
        held = sum(each.held for each in result.balances)
        over = set(result.drops) - {"frag_overlap", "frag_timeout"}
        gone = len(result.output["wan"]) + sum(result.drops.values()) + held
        return [f"drops: {result.drops}, {held} wait, {gone} of 5 accounted for"] if over or gone != 5 else []

    return dict(
        config=one_arm() + service("UDP", vip, 80, "NAT", [(flow.real, 8080)]),
        traffic=[parts[0], parts[1], (parts[1][0], None), parts[2], (parts[2][0], None)],
        drops=None,
        check=check,
    )

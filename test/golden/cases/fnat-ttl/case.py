# SPDX-License-Identifier: BSD-3-Clause
"""A packet with TTL 1 goes no further by full NAT, in neither direction: its sender is told, the client by the
VIP."""

from rig import *

variants = {
    "44": dict(client=CLIENT4, vip=VIP4, outer=4),
    "66": dict(client=CLIENT6, vip=VIP6, outer=6),
    "64": dict(client=CLIENT6, vip=VIP6, outer=4),
}


def make(client, vip, outer):
    flow = FnatFlow("UDP", outer, client=client, vip=vip, vport=53, sport=53)
    group, real = (LOCAL4, SERVER4[1]) if outer == 4 else (LOCAL6, SERVER6[1])
    late = flow.sent(b"late", ttl=1)
    return dict(
        config=one_arm()
        + local_group("snat", group)
        + service("UDP", vip, 53, "FNAT", [(real, 53)], "rr", "laddr_group_name snat"),
        traffic=[flow.request(b"q", ttl=2), (late, ran_out(late)), Then(), flow.reply(b"a", ttl=2)],
        drops={"ttl": 1},
        answers=(1, 0),
    )

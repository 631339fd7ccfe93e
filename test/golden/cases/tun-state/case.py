# SPDX-License-Identifier: BSD-3-Clause
"""Connections by tunnel follow the input-only table of LVS: every flag from every state a client can reach. A segment
that belongs to none opens none and is answered by a reset."""

from rig import *
from rig import lvs

variants = {"4in4": dict(client=CLIENT4, vip=VIP4, outer=4), "6in4": dict(client=CLIENT6, vip=VIP6, outer=4)}

PATHS = [
    ["S"],
    ["S", "A"],
    ["S", "A", "FA"],
    ["S", "A", "FA", "A"],
    ["S", "A", "R"],
    ["S", "R"],
    ["S", "FA"],
    ["S", "A", "S"],
    ["S", "A", ""],
    ["S", "A", "FA", "R"],
    ["S", "A", "R", "A"],
]


def make(client, vip, outer):
    flows = [TunnelFlow(Tunnel("gre"), outer, client=client, vip=vip, cport=1000 + n) for n in range(len(PATHS))]
    stray = TunnelFlow(Tunnel("gre"), outer, client=client, vip=vip, cport=999).sent(b"x", flags="PA", seq=5, ack=77)
    text = {
        VIP4: "203.0.113.5:{} 192.0.2.1:80 10.0.0.11:80",
        VIP6: "[2001:db8:c::5]:{} [2001:db8:2::1]:80 10.0.0.11:80",
    }
    return dict(
        config=one_arm() + service("TCP", vip, 80, "TUN type gre", [(SERVER4[1], 80)]),
        traffic=[flow.request(flags=flags) for flow, path in zip(flows, PATHS) for flags in path]
        + [(stray, reset(stray))],
        drops={"no_connection": 1},
        answers=(1, 0),
        conns=[
            f"TCP {lvs.tcp_state(lvs.INPUT_ONLY, path)} {text[vip].format(1000 + n)}" for n, path in enumerate(PATHS)
        ],
    )

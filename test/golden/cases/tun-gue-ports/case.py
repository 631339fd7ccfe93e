# SPDX-License-Identifier: BSD-3-Clause
"""GUE's source port comes from the flow: the same for all its packets, from 49152 up, and different for most flows,
so that routers and servers can spread them."""

from rig import *

variants = {"4in4": dict(outer=4), "4in6": dict(outer=6)}


def make(outer):
    way = Tunnel("gue", "csum")
    real = (SERVER4 if outer == 4 else SERVER6)[1]
    flows = [TunnelFlow(way, outer, proto="UDP", client=f"203.0.113.{1 + n % 40}", cport=5000 + n) for n in range(120)]

    def check(result):
        at = 34 if outer == 4 else 54
        used = {raw[at : at + 2] for raw in result.output["wan"] if len(raw) > 80}
        return [] if len(used) > 100 else [f"{len(flows)} flows have {len(used)} GUE source ports"]

    return dict(
        config=one_arm() + service("UDP", VIP4, 80, way.words(), [(real, 80)]),
        traffic=[flow.request(bytes([n]) * 40) for n in range(3) for flow in flows],
        check=check,
    )

# SPDX-License-Identifier: BSD-3-Clause
"""DF of an outer IPv4 header is the inner packet's, and clear around IPv6; with `pmtu_disc off` it is always clear.
An outer IPv6 header has no such thing."""

from rig import *

variants = {
    f"{state}-{inner}in{outer}": dict(state=state, inner=inner, outer=outer)
    for state in ("on", "off")
    for inner, outer in ((4, 4), (6, 4), (4, 6))
}


def make(state, inner, outer):
    client, vip = (CLIENT4, VIP4) if inner == 4 else (CLIENT6, VIP6)
    real = (SERVER4 if outer == 4 else SERVER6)[1]
    flow = TunnelFlow(Tunnel(), outer, proto="UDP", client=client, vip=vip, pmtu_disc=state == "on")
    fields = [dict(flags="DF", id=0), dict(flags="DF", id=9), dict(flags=0, id=1), dict(flags="DF", id=9)]
    return dict(
        config=one_arm(dataplane=f"pmtu_disc {state}") + service("UDP", vip, 80, Tunnel().words(), [(real, 80)]),
        traffic=[flow.request(b"x", ip_fields=each if inner == 4 else None) for each in fields],
    )

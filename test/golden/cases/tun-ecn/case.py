# SPDX-License-Identifier: BSD-3-Clause
"""DSCP and ECN of the outer header (RFC 6040, LVS's full functionality): the inner one's, but that CE inside is
ECT(0) outside; the inner header keeps its own. Every DSCP class and every ECN codepoint, all four combinations of
families."""

from rig import *

variants = {f"{inner}in{outer}": dict(inner=inner, outer=outer) for inner in (4, 6) for outer in (4, 6)}


def make(inner, outer):
    client, vip = (CLIENT4, VIP4) if inner == 4 else (CLIENT6, VIP6)
    real = (SERVER4 if outer == 4 else SERVER6)[1]
    flow = TunnelFlow(Tunnel(), outer, proto="UDP", client=client, vip=vip)
    values = [dscp << 2 | ecn for dscp in (0, 1, 10, 46, 48, 63) for ecn in range(4)]
    return dict(
        config=one_arm() + service("UDP", vip, 80, Tunnel().words(), [(real, 80)]),
        traffic=[flow.request(b"x", ip_fields={"tos" if inner == 4 else "tc": value}) for value in values],
    )

# SPDX-License-Identifier: BSD-3-Clause
"""Outer IPv4 headers without DF have identifications that do not repeat: over packets of one flow and of many, in
bursts that arrive at once, whoever of several workers sends them."""

from rig import *
from rig import frames

config = one_arm() + service("UDP", VIP4, 80, Tunnel().words(), [(SERVER4[1], 80)])

flows = [TunnelFlow(Tunnel(), proto="UDP", client=f"203.0.113.{1 + n % 40}", cport=5000 + n) for n in range(60)]
traffic = [flow.request(bytes([n])) for n in range(5) for flow in flows]


def check(result):
    numbers = [view.number for view in map(frames.tunnel_of, result.output["wan"]) if view]
    return [] if None not in numbers and len(numbers) == 300 else [f"{len(numbers)} tunnel packets, some with DF"]

# SPDX-License-Identifier: BSD-3-Clause
"""A packet that fits a tunnel to the byte goes; one byte more is answered with exactly the MTU that the tunnel leaves
of the port's 1500: DF set by fragmentation needed, IPv6 by packet too big. DF clear, and it goes in fragments of the
outer packet."""

from rig import *
from rig import tunnel

variants = {
    f"{name}-{inner}in{outer}": dict(name=name, inner=inner, outer=outer)
    for name in tunnel.names
    for inner in (4, 6)
    for outer in (4, 6)
}


def make(name, inner, outer):
    way = Tunnel.named(name)
    client, vip = (CLIENT4, VIP4) if inner == 4 else (CLIENT6, VIP6)
    real = (SERVER4 if outer == 4 else SERVER6)[1]
    flow = TunnelFlow(way, outer, proto="UDP", client=client, vip=vip)
    fits, header = 1500 - way.overhead(outer), 28 if inner == 4 else 48
    kept = dict(flags="DF", id=5) if inner == 4 else {}
    long = [flow.sent(bytes(size - header), ip_fields=kept) for size in (fits + 1, 1500)]
    traffic = [flow.request(bytes(fits - header), ip_fields=kept)] + [(each, too_big(each, fits)) for each in long]
    if inner == 4:
        for size in (fits + 1, 1500):
            sent, left = flow.request(bytes(n % 251 for n in range(size - header)), ip_fields=dict(id=size))
            traffic.append((sent, cut_by_box(left, 1500)))
    traffic += [flow.request(bytes(fits - header), ip_fields=kept)]
    return dict(
        config=one_arm() + service("UDP", vip, 80, way.words(), [(real, 80)]),
        traffic=traffic,
        drops={"too_big": 2},
        answers=(2, 0),
    )

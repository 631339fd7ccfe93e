# SPDX-License-Identifier: BSD-3-Clause
"""`pmtu_disc off`: an IPv4 packet that is too long for an IPv4 tunnel is not answered, DF or not: the outer packet,
without DF, goes in fragments."""

from rig import *

variants = {kind: dict(kind=kind) for kind in ("ipip", "gue-csum", "gre-csum")}


def make(kind):
    way = Tunnel.named(kind)
    flow = TunnelFlow(way, 4, proto="UDP", pmtu_disc=False)
    fits = 1500 - way.overhead(4)

    def request(size, **fields):
        return flow.request(bytes(n % 251 for n in range(size - 28)), ip_fields=fields)

    traffic = [request(fits, flags="DF", id=1)]
    for size in (fits + 1, 1500):
        for fields in (dict(flags="DF", id=size), dict(id=size)):
            sent, left = request(size, **fields)
            traffic.append((sent, cut_by_box(left, 1500)))
    return dict(
        config=one_arm(dataplane="pmtu_disc off") + service("UDP", VIP4, 80, way.words(), [(SERVER4[1], 80)]),
        traffic=traffic,
    )

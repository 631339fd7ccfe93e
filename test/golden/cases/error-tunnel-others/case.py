# SPDX-License-Identifier: BSD-3-Clause
"""Errors about own tunnel packets other than too big - host, net, protocol unreachable, forbidden, time exceeded -
are told to the client with the same type and code, as if they were about its own packet."""

from rig import *

variants = {
    f"{kind}-{family}": dict(kind=kind, family=family) for kind in ("ipip", "gue-csum", "gre") for family in (4, 6)
}


def make(kind, family):
    way = Tunnel.named(kind)
    client, vip, real, own, router = (
        (CLIENT4, VIP4, SERVER4[1], OWN_LAN4, "10.0.0.99")
        if family == 4
        else (CLIENT6, VIP6, SERVER6[1], OWN_LAN6, "fd00::99")
    )
    flow = TunnelFlow(way, family, proto="UDP", client=client, vip=vip)
    sent, left = flow.request(b"data" * 30)
    outer = bytes(left.frame.data.payload)
    about = bytes(flow.packet(b"data" * 30, 63))
    kinds = [(3, 0), (3, 1), (3, 2), (3, 13), (11, 0)] if family == 4 else [(1, 0), (1, 1), (1, 3), (3, 0)]
    rows = [
        (from_server(1, error(router, own, *each, outer)), own_error(to_client(error(vip, client, *each, about))))
        for each in kinds
    ]
    return dict(
        config=one_arm() + service("UDP", vip, 80, way.words(), [(real, 80)]),
        traffic=[(sent, left), Then()] + rows,
        drops=None,
    )

# SPDX-License-Identifier: BSD-3-Clause
"""A port whose MTU leaves a tunnel over IPv6 less than IPv6's least, 1280, carries no tunnel over IPv6: its packets
are dropped as tunnel, however short, and not answered. One that leaves just 1280 does."""

from rig import *

variants = {
    "1319-6in6": dict(mtu=1319, inner=6),
    "1319-4in6": dict(mtu=1319, inner=4),
    "1320-6in6": dict(mtu=1320, inner=6),
    "1320-4in6": dict(mtu=1320, inner=4),
}


def make(mtu, inner):
    client, vip = (CLIENT4, VIP4) if inner == 4 else (CLIENT6, VIP6)
    flow = TunnelFlow(Tunnel(), 6, proto="UDP", client=client, vip=vip, server_port="lan")
    works = mtu == 1320
    sent = [flow.request(b"small"), flow.request(bytes(1280 - (28 if inner == 4 else 48)))]
    return dict(
        config=two_arm(lan=f"mtu {mtu}") + service("UDP", vip, 80, "TUN", [(SERVER6[1], 80)]),
        traffic=sent if works else [(there, None) for there, _left in sent],
        drops={} if works else {"tunnel": 2},
        answers=(0, 0),
    )

# SPDX-License-Identifier: BSD-3-Clause
"""Fragments whose first one never comes are thrown away when their time is over, as frag_timeout; they open no
connection and reach no server. One that comes with the last moment's first is not among them."""

from rig import *

variants = {"4": dict(client=CLIENT4, vip=VIP4), "6": dict(client=CLIENT6, vip=VIP6)}


def make(client, vip):
    flow = Flow("UDP", client=client, vip=vip)
    lost = [
        part for number in range(4) for part in pieces(flow.packet(bytes(1992)), 800, 1600, number=100 + number)[1:]
    ]
    traffic = [(from_client(part), None) for part in lost]
    traffic += [
        Then(wait=lambda control: control.drops().get("frag_timeout") == len(lost), what="fragments have timed out"),
        flow.request(b"good"),
    ]
    return dict(
        config=one_arm() + service("UDP", vip, 80, "NAT", [(flow.real, 8080)]),
        traffic=traffic,
        drops={"frag_timeout": len(lost)},
    )

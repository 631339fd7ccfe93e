# SPDX-License-Identifier: BSD-3-Clause
"""TCP segments in fragments, both ways and both families: a SYN with data opens the connection by its first fragment,
the rest follows it."""

from rig import *

variants = {"4": dict(client=CLIENT4, vip=VIP4), "6": dict(client=CLIENT6, vip=VIP6)}


def make(client, vip):
    flow = Flow("TCP", client=client, vip=vip)
    data = bytes(n % 251 for n in range(1000))

    def cut(row, wrap_in, wrap_out, number):
        return [
            (wrap_in(one), wrap_out(two))
            for one, two in zip(
                pieces(row[0].data.payload, 400, 808, number=number),
                pieces(row[1].data.payload, 400, 808, number=number),
            )
        ]

    traffic = cut(flow.request(data, flags="S", seq=1), from_client, lambda part: to_server(1, part), 1)
    traffic += cut(flow.reply(data, flags="SA", seq=1), lambda part: from_server(1, part), to_client, 2)
    traffic += cut(flow.request(data, flags="A", seq=1002), from_client, lambda part: to_server(1, part), 3)
    text = {
        VIP4: "203.0.113.5:40000 192.0.2.1:80 10.0.0.11:8080",
        VIP6: "[2001:db8:c::5]:40000 [2001:db8:2::1]:80 [fd00::11]:8080",
    }
    return dict(
        config=one_arm() + service("TCP", vip, 80, "NAT", [(flow.real, 8080)]),
        traffic=traffic,
        conns=["TCP ESTABLISHED " + text[vip]],
    )

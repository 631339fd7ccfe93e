# SPDX-License-Identifier: BSD-3-Clause
"""A packet of a client whose TTL or hop limit is 1 or 0 goes no further in any mode: time exceeded, from the VIP,
quoting it. A reply of a server's is answered to the server, by an address of the box. With 2 it leaves with 1."""

from rig import *

variants = {f"{mode}-{family}": dict(mode=mode, family=family) for mode in ("nat", "dr", "tun") for family in (4, 6)}


def make(mode, family):
    client, vip, real, owns = (
        (CLIENT4, VIP4, SERVER4[1], (OWN4, OWN_LAN4)) if family == 4 else (CLIENT6, VIP6, SERVER6[1], (OWN6, OWN_LAN6))
    )
    fields = dict(proto="UDP", client=client, vip=vip, sport=80)
    flow = TunnelFlow(Tunnel(), family, **fields) if mode == "tun" else Flow(kind=mode.upper(), **fields)
    sent = [flow.sent(b"late" * size, ttl=ttl) for ttl in (1, 0) for size in (1, 10, 340)]
    traffic = [flow.request(b"q", ttl=2)] + [(each, ran_out(each)) for each in sent] + [flow.request(b"q", ttl=3)]
    count = len(sent)
    if mode == "nat":
        traffic.append(Then())
        for ttl in (1, 0):
            came, _left = flow.reply(b"late", ttl=ttl)
            kind, code = (11, 0) if family == 4 else (3, 0)
            traffic.append(
                (
                    came,
                    one_of(
                        *(
                            own_error(to_server(1, error(own, real, kind, code, bytes(came.data.payload))))
                            for own in owns
                        )
                    ),
                )
            )
            count += 1
    return dict(
        config=one_arm() + service("UDP", vip, 80, mode.upper(), [(real, 80)]),
        traffic=traffic,
        drops={"ttl": count},
        answers=(count, 0),
    )

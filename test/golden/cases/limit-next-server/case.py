# SPDX-License-Identifier: BSD-3-Clause
"""A server that has reached its uthreshold gets no connection more: the next ones go to the other server, in every
mode and by every scheduler, and the packets of its own go on. With two workers the limit is the box's."""

from rig import *

UPPER, FLOWS = 5, 24

variants = {
    f"{mode.lower()}{family}-{algo}": dict(mode=mode, family=family, algo=algo)
    for mode, family, algo in (
        ("NAT", 4, "rr"),
        ("DR", 6, "wrr"),
        ("TUN", 4, "lc"),
        ("FNAT", 4, "wlc"),
        ("NAT", 6, "wlc"),
        ("FNAT", 6, "rr"),
    )
}


def make(mode, family, algo):
    client, vip, reals, group = (CLIENT4, VIP4, SERVER4, LOCAL4) if family == 4 else (CLIENT6, VIP6, SERVER6, LOCAL6)
    more = ["laddr_group_name snat"] if mode == "FNAT" else []
    text = service("UDP", vip, 53, mode, [(reals[1], 53), (reals[2], 53)], algo, *more)
    limited = text.replace("weight 1\n", f"weight 1\n        uthreshold {UPPER}\n", 1)
    flows = [
        [Flow("UDP", mode, client=client, vip=vip, vport=53, sport=53, cport=5000 + n, server=server) for server in (1, 2)]
        for n in range(FLOWS)
    ]
    exact = mode in ("NAT", "DR")  # tunnels and local ports are other cases' claim

    def packets(number):
        payload = b"%d" % number
        return [
            (each[0].sent(payload), one_of(*(flow.delivered(payload) for flow in each)) if exact else None)
            for each in flows
        ]

    size = (20 if family == 4 else 40) + 8 + 1
    where = (lambda address: address) if family == 4 else "[{}]".format
    name = f"UDP {where(vip)}:53"
    got = {1: UPPER, 2: FLOWS - UPPER}
    return dict(
        config=one_arm() + local_group("snat", group) + limited,
        traffic=packets(1) + [Then()] + packets(2),
        also_out=[] if exact else None,
        drops={},
        stats={name: (FLOWS, 2 * FLOWS, 0, 2 * FLOWS * size, 0)}
        | {f"{name} -> {where(reals[n])}:53": (c, 2 * c, 0, 2 * c * size, 0, 0, c) for n, c in got.items()},
    )

# SPDX-License-Identifier: BSD-3-Clause
"""A server's reply in fragments: each goes to the client from the VIP, in order, reversed and mixed, by NAT and full
NAT."""

from rig import *

FAMILIES = {"nat-4": (4, 4), "nat-6": (6, 6), "fnat-44": (4, 4), "fnat-66": (6, 6), "fnat-64": (6, 4)}

variants = {f"{mode}-{order}": dict(mode=mode, order=order) for mode in FAMILIES for order in ("forward", "mixed")}

CUTS = (800, 1200)
SIZE = 2000


def make(mode, order):
    kind, (inner, outer) = mode.split("-")[0], FAMILIES[mode]
    client, vip = (CLIENT4, VIP4) if inner == 4 else (CLIENT6, VIP6)
    real, group = (SERVER4[1], LOCAL4) if outer == 4 else (SERVER6[1], LOCAL6)

    def flow_of(cport):
        fields = dict(proto="UDP", client=client, cport=cport, vip=vip)
        return FnatFlow(outer=outer, **fields) if kind == "fnat" else Flow(kind="NAT", **fields)

    def rows(flow, number):
        payload = bytes((n * 7 + flow.cport + number) % 256 for n in range(SIZE))
        there, back = flow.reply(payload)
        lefts = [to_client(part) for part in pieces(back.data.payload, *CUTS, number=number)]
        if kind == "nat":
            cames = [from_server(1, part) for part in pieces(there.data.payload, *CUTS, number=number)]
        else:

            def came(index):
                return Later(
                    "wan",
                    flow.local,
                    lambda address, port: from_server(
                        1, pieces(there.build(address, port).payload, *CUTS, number=number)[index]
                    ).data,
                )

            cames = [came(index) for index in range(3)]
        return list(zip(cames, lefts))

    flows = [flow_of(40000 + n) for n in range(3)]
    a, b, c = (rows(flow, 7 + n) for n, flow in enumerate(flows))
    if order == "forward":
        traffic = a + b + c
    else:
        first, second, third = rows(flows[0], 11)
        traffic = [
            (third[0], None),
            (second[0], None),
            (first[0], [first[1], second[1], third[1]]),
            a[0],
            (b[2][0], None),
            c[0],
            a[2],
            (b[0][0], [b[0][1], b[2][1]]),
            c[1],
            Then(),
            b[1],
            a[1],
            c[2],
        ]
    return dict(
        config=one_arm()
        + local_group("snat", group)
        + service(
            "UDP", vip, 80, kind.upper(), [(real, 8080)], "rr", *(["laddr_group_name snat"] if kind == "fnat" else [])
        ),
        traffic=[flow.request(b"%d" % flow.cport) for flow in flows] + [Then()] + traffic,
    )

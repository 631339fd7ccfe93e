# SPDX-License-Identifier: BSD-3-Clause
"""NAT64: ICMP errors change their family with the packets they are about (RFC 7915 4.2, 4.3, 5.2, 5.3): type, code,
pointer and MTU by its tables, the quoted packet's header translated; those that have no counterpart are dropped."""

from rig import *

# What the server's side says -> what the client hears, with the 32 bits behind the checksum.
TO_CLIENT = [
    ((3, 0, 0), (1, 0, 0)),
    ((3, 1, 0), (1, 0, 0)),
    ((3, 2, 0), (4, 1, 6)),
    ((3, 3, 0), (1, 4, 0)),
    ((3, 4, 1400), (2, 0, 1420)),
    ((3, 5, 0), (1, 0, 0)),
    ((3, 9, 0), (1, 1, 0)),
    ((3, 10, 0), (1, 1, 0)),
    ((3, 13, 0), (1, 1, 0)),
    ((3, 15, 0), (1, 1, 0)),
    ((3, 14, 0), None),
    ((4, 0, 0), None),
    ((11, 0, 0), (3, 0, 0)),
    ((11, 1, 0), (3, 1, 0)),
    ((12, 0, 8 << 24), (4, 0, 7)),
    ((12, 0, 9 << 24), (4, 0, 6)),
    ((12, 0, 12 << 24), (4, 0, 8)),
    ((12, 0, 16 << 24), (4, 0, 24)),
    ((12, 1, 0), None),
]
# What the client's side says -> what the server hears.
TO_SERVER = [
    ((1, 0, 0), (3, 1, 0)),
    ((1, 1, 0), (3, 10, 0)),
    ((1, 2, 0), (3, 1, 0)),
    ((1, 3, 0), (3, 1, 0)),
    ((1, 4, 0), (3, 3, 0)),
    ((2, 0, 1400), (3, 4, 1380)),
    ((3, 0, 0), (11, 0, 0)),
    ((3, 1, 0), (11, 1, 0)),
    ((4, 0, 6), (12, 0, 9 << 24)),
    ((4, 0, 7), (12, 0, 8 << 24)),
    ((4, 0, 8), (12, 0, 12 << 24)),
    ((4, 0, 24), (12, 0, 16 << 24)),
    ((4, 1, 6), (3, 2, 0)),
    ((4, 2, 0), None),
]

variants = {
    f"{proto.lower()}-{side}": dict(proto=proto, side=side)
    for proto in ("TCP", "UDP")
    for side in ("server", "client")
}


def make(proto, side):
    flow = FnatFlow(proto, 4, client=CLIENT6, vip=VIP6)
    tcp = proto == "TCP"
    data = b"data" * 20

    def four(address, port, back=False):
        ends = (flow.real, address) if back else (address, flow.real)
        ports = (flow.sport, port) if back else (port, flow.sport)
        return ip(*ends, 60) / flow.l4(sport=ports[0], dport=ports[1]) / data

    def six(back=False):
        ends, ports = (VIP6, CLIENT6), (flow.vport, flow.cport)
        if not back:
            ends, ports = ends[::-1], ports[::-1]
        return ip(*ends, 60) / flow.l4(sport=ports[0], dport=ports[1]) / data

    def row(said, heard):
        if side == "server":
            came = Later(
                "wan",
                flow.local,
                lambda address, port: from_server(
                    1, error(flow.real, address, *said[:2], four(address, port), said[2])
                ).data,
            )
            left = heard and loosely(
                to_client(error(VIP6, CLIENT6, *heard[:2], six(), heard[2], ttl=63)), "quote", "ip6.flow"
            )
            return came, left
        came = from_client(error(CLIENT6, VIP6, *said[:2], six(True), said[2]))
        left = heard and loosely(
            Later(
                "wan",
                flow.local,
                lambda address, port: to_server(
                    1, error(address, flow.real, *heard[:2], four(address, port, True), heard[2], ttl=63)
                ).data,
                tells=False,
            ),
            "quote",
            "ip4.id",
            "ip4.flags",
        )
        return came, left

    table = TO_CLIENT if side == "server" else TO_SERVER
    lost = sum(heard is None for _said, heard in table)
    return dict(
        config=one_arm()
        + local_group("snat", LOCAL4)
        + service(proto, VIP6, 80, "FNAT", [(flow.real, 8080)], "rr", "laddr_group_name snat"),
        traffic=[
            flow.request(b"q", **dict(flags="S") if tcp else {}),
            Then(),
            flow.reply(b"a", **dict(flags="SA", seq=9) if tcp else {}),
        ]
        + [row(*each) for each in table],
        drops={("translate", "icmp_ignored"): lost},
    )

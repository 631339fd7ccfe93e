# SPDX-License-Identifier: BSD-3-Clause
"""Fragments are forwarded one by one to the server of their first one, in every mode, in whatever order they come:
those that come before the first wait for it. Several datagrams, of one client and of several, with one identification
and with several, mixed. Each counts as a packet of its connection."""

from rig import *

FAMILIES = {
    "nat-4": (4, 4),
    "nat-6": (6, 6),
    "dr-4": (4, 4),
    "dr-6": (6, 6),
    "tun-4in4": (4, 4),
    "tun-4in6": (4, 6),
    "tun-6in4": (6, 4),
    "tun-6in6": (6, 6),
    "fnat-44": (4, 4),
    "fnat-66": (6, 6),
    "fnat-64": (6, 4),
}

variants = {f"{mode}-{order}": dict(mode=mode, order=order) for mode in FAMILIES for order in ("forward", "mixed")}

CUTS = (800, 1200)
SIZE = 2000


def make(mode, order):
    kind, (inner, outer) = mode.split("-")[0], FAMILIES[mode]
    vip = VIP4 if inner == 4 else VIP6
    real, group = (SERVER4[1], LOCAL4) if outer == 4 else (SERVER6[1], LOCAL6)
    clients = ["203.0.113.5", "203.0.113.6"] if inner == 4 else ["2001:db8:c::5", "2001:db8:c::6"]

    def flow_of(client, cport):
        fields = dict(proto="UDP", client=client, cport=cport, vip=vip)
        if kind == "tun":
            return TunnelFlow(Tunnel(), outer, **fields)
        return FnatFlow(outer=outer, **fields) if kind == "fnat" else Flow(kind=kind.upper(), **fields)

    def rows(flow, number):
        """The rows of one datagram's three fragments."""
        payload = bytes((n * 7 + flow.cport + number + 13 * int(flow.client[-1])) % 256 for n in range(SIZE))
        whole = flow.packet(payload)
        left = flow.delivered(payload)
        out = []
        for index, part in enumerate(pieces(whole, *CUTS, number=number)):
            out.append((from_client(part), fragment_out(flow, left, index, number)))
        return out

    def fragment_out(flow, left, index, number):
        if kind == "tun":
            return flow.wrapped(pieces(inner_of(left), *CUTS, number=number)[index])
        if kind != "fnat":
            return to_server(1, pieces(left.data.payload, *CUTS, number=number)[index])
        later = left.frame if hasattr(left, "frame") else left
        # Clients behind one local address may have used one identification: the box gives datagrams their own.
        return Later(
            "wan",
            flow.local,
            lambda address, port: to_server(
                1,
                pieces(
                    later.build(address, port).payload,
                    *CUTS,
                    number=flow.local.numbers.get(number, number) if outer == 4 else number,
                )[index],
            ).data,
            tells=index == 0,
            number=number if outer == 4 else None,
        )

    one, two, three = flow_of(clients[0], 40000), flow_of(clients[1], 40000), flow_of(clients[0], 40001)
    a, b, c, d = rows(one, 7), rows(two, 17 if kind == "fnat" and outer == 6 else 7), rows(three, 8), rows(one, 9)
    if order == "forward":
        traffic = a + b + c + d
    else:
        traffic = arriving(rows(one, 11), (2, 1, 0))
        traffic += [
            a[0],
            b[1],
            c[0],
            *arrived(b[0], b[1]),
            a[2],
            c[2],
            d[2],
            a[1],
            d[1],
            b[2],
            c[1],
            *arrived(d[0], d[1], d[2]),
        ]
        traffic = quiet(traffic, [(b, 1), (d, 2), (d, 1)])
    header = 20 if inner == 4 else 48
    size = SIZE + 8 + 3 * header
    count = 4 if order == "forward" else 5
    text = {4: "192.0.2.1:80", 6: "[2001:db8:2::1]:80"}[inner]
    port = 80 if kind in ("tun", "dr") else 8080
    server = f"{real}:{port}" if outer == 4 else f"[{real}]:{port}"
    config = (
        one_arm()
        + local_group("snat", group)
        + service(
            "UDP", vip, 80, kind.upper(), [(real, port)], "rr", *(["laddr_group_name snat"] if kind == "fnat" else [])
        )
    )
    return dict(
        config=config,
        traffic=traffic,
        stats={
            f"UDP {text}": (3, 3 * count, 0, count * size, 0),
            f"UDP {text} -> {server}": (3, 3 * count, 0, count * size, 0, 0, 3),
        },
    )


def inner_of(left):
    """The packet in a tunnel packet, as scapy has it."""
    raw = left.frame.raw()
    at = 34 if raw[12:14] == b"\x08\x00" else 54
    return (IP if raw[at] >> 4 == 4 else IPv6)(raw[at:])


def arriving(rows, order):
    """Rows of one datagram in another order of arrival: the first fragment leaves first, then those that waited, by their
    offsets."""
    came = [rows[index] for index in order]
    first = order.index(0)
    return (
        [(row[0], None) for row in came[:first]]
        + [(rows[0][0], [rows[index][1] for index in sorted(order[: first + 1])])]
        + came[first + 1 :]
    )


def arrived(first, *others):
    """The first fragment, upon which those that waited leave too."""
    return [(first[0], [first[1]] + [row[1] for row in others])]


def quiet(rows, which):
    """These rows' fragments wait, so they do not leave when they come."""
    ids = {id(group[index]) for group, index in which}
    return [(row[0], None) if id(row) in ids else row for row in rows]

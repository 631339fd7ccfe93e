# SPDX-License-Identifier: BSD-3-Clause
"""An IPv6 packet with a fragment header that is not one of several (atomic, RFC 6946) is a whole packet: forwarded,
header included, by itself, whatever other fragments of the same identification do; to an IPv4 server without the
header."""

from rig import *

MODES = ("nat", "dr", "tun", "fnat-66", "fnat-64")
variants = {mode: dict(mode=mode) for mode in MODES}


def make(mode):
    kind = mode.partition("-")[0]
    outer = 4 if mode == "fnat-64" else 6
    real, group = (SERVER4[1], LOCAL4) if outer == 4 else (SERVER6[1], LOCAL6)
    fields = dict(proto="UDP", client=CLIENT6, vip=VIP6)
    flow = (
        TunnelFlow(Tunnel(), 6, **fields)
        if kind == "tun"
        else FnatFlow(outer=outer, **fields)
        if kind == "fnat"
        else Flow(kind=kind.upper(), **fields)
    )

    def row(payload, number):
        sent, left = flow.request(payload)
        whole = sent.data.payload
        came = from_client(atom(whole, number))
        if kind == "tun":
            return came, flow.wrapped(atom(flow.packet(payload, 63), number))
        if mode == "fnat-64":
            return came, left
        if kind == "fnat":
            return came, Later(
                "wan",
                flow.local,
                lambda address, port: to_server(1, atom(left.build(address, port).payload, number)).data,
            )
        return came, to_server(1, atom(left.data.payload, number))

    port = 80 if kind in ("tun", "dr") else 8080
    return dict(
        config=one_arm()
        + local_group("snat", group)
        + service(
            "UDP", VIP6, 80, kind.upper(), [(real, port)], "rr", *(["laddr_group_name snat"] if kind == "fnat" else [])
        ),
        traffic=[row(b"one", 1), row(b"two", 1), flow.request(b"plain"), row(b"three", 2)],
    )


def atom(packet, number):
    return piece(packet, 0, len(bytes(packet.payload)), number, more=False)

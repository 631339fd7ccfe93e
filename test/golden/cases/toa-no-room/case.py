# SPDX-License-Identifier: BSD-3-Clause
"""A segment whose header has no room for the option (40 bytes of options at most), or that would not fit the MTU with
it, goes without it, otherwise as always; one that has just room goes with it."""

import ipaddress
import struct

from rig import *

variants = {"4": dict(client=CLIENT4, vip=VIP4), "6": dict(client=CLIENT6, vip=VIP6)}


def make(client, vip):
    size = 8 if vip == VIP4 else 20
    real, group = (SERVER4[1], LOCAL4) if vip == VIP4 else (SERVER6[1], LOCAL6)
    header = 40 if vip == VIP4 else 60

    def row(number, options, payload=b"", fits=True):
        flow = FnatFlow("TCP", client=client, vip=vip, cport=6000 + number)
        told = (254, struct.pack(">H", 6000 + number) + ipaddress.ip_address(client).packed)
        tcp = dict(flags="S", seq=number, options=options)
        return (
            flow.sent(payload, **tcp),
            flow.delivered(payload, out=dict(options=[told] + options) if fits else None, **tcp),
        )

    nops = [("NOP", None)]
    rows = [
        row(0, nops * 40, fits=False),
        row(1, nops * (40 - size + 4), fits=False),
        row(2, nops * (40 - size)),
        row(3, nops * 4),
        row(4, [], bytes(1500 - header - size)),
        row(5, [], bytes(1500 - header - size + 1), fits=False),
        row(6, [], bytes(1500 - header), fits=False),
    ]
    return dict(
        config=one_arm()
        + local_group("snat", group)
        + service("TCP", vip, 80, "FNAT", [(real, 8080)], "rr", "laddr_group_name snat", "toa on"),
        traffic=rows,
    )

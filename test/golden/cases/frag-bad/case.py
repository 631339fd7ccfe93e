# SPDX-License-Identifier: BSD-3-Clause
"""Fragments that no sender makes are dropped and open nothing: too long for a packet (ping of death), not the last
and not a multiple of eight bytes, empty, a first one too small for its ports; the next good datagram goes."""

from rig import *

variants = {f"{mode}-{family}": dict(mode=mode, family=family) for mode in ("NAT", "DR", "TUN") for family in (4, 6)}


def make(mode, family):
    client, vip, real = (CLIENT4, VIP4, SERVER4[1]) if family == 4 else (CLIENT6, VIP6, SERVER6[1])
    fields = dict(proto="UDP", client=client, vip=vip)
    flow = TunnelFlow(Tunnel(), family, **fields) if mode == "TUN" else Flow(kind=mode, **fields)
    port = 8080 if mode == "NAT" else 80
    whole = flow.packet(bytes(1000))
    tcp = ip(client, vip) / TCP(sport=40000, dport=81, flags="S") / bytes(100)
    invalid = [
        piece(whole, 65528, 65536, number=20, more=False, data=bytes(100)),  # ends behind 65535
        piece(whole, 65528, 65536, number=21, more=True, data=bytes(16)),
        piece(whole, 0, 801, number=22, more=True),  # not a multiple of 8
        piece(whole, 800, 805, number=23, more=True),
        piece(whole, 0, 0, number=24, more=True),  # empty
        piece(whole, 800, 800, number=25, more=True),
        piece(tcp, 0, 8, number=26, more=True),  # no room for TCP's header
        piece(tcp, 0, 16, number=27, more=True),
    ]
    return dict(
        config=one_arm() + service("UDP", vip, 80, mode, [(real, port)]) + service("TCP", vip, 81, mode, [(real, 81)]),
        traffic=[(from_client(each), None) for each in invalid] + [flow.request(b"good")],
        drops={("frag_invalid", "l4_header", "ip_header"): len(invalid)},
    )

# SPDX-License-Identifier: BSD-3-Clause
"""A tunnel wraps the client's packet, one hop older and otherwise untouched, in an outer header of the server's
family with the box's own address towards the server as source: IPIP, GUE and GRE with each of their checksums, both
families inside and outside, TCP and UDP. The connection is followed by the input-only table; its bytes are the inner
packets'."""

from rig import *
from rig import tunnel

variants = {
    f"{name}-{inner}in{outer}-{proto.lower()}": dict(name=name, inner=inner, outer=outer, proto=proto)
    for name in tunnel.names
    for inner in (4, 6)
    for outer in (4, 6)
    for proto in ("TCP", "UDP")
}


def make(name, inner, outer, proto):
    way = Tunnel.named(name)
    client, vip = (CLIENT4, VIP4) if inner == 4 else (CLIENT6, VIP6)
    real = (SERVER4 if outer == 4 else SERVER6)[1]
    flow = TunnelFlow(way, outer, proto=proto, client=client, vip=vip)
    fields = (
        [dict(id=7), dict(tos=0xB8, flags="DF"), dict(tos=0x02, id=8)]
        if inner == 4
        else [dict(), dict(tc=0xB8, fl=0xABCDE), dict(tc=0x02)]
    )
    if proto == "TCP":
        traffic = [
            flow.request(flags="S", seq=1, ip_fields=fields[0]),
            flow.request(flags="A", seq=2, ack=1, ip_fields=fields[1]),
            flow.request(b"odd", flags="PA", seq=2, ack=1, ttl=2, ip_fields=fields[2]),
            flow.request(bytes(range(256)) * 4, flags="PA", seq=5, ack=1, ttl=255, ip_fields=fields[1]),
        ]
        size, length = 20, 3 + 1024
    else:
        traffic = [
            flow.request(b"", ip_fields=fields[0]),
            flow.request(b"odd", ip_fields=fields[1], ttl=2),
            flow.request(bytes(range(256)) * 4, ip_fields=fields[2], ttl=255),
            flow.request(b"\xff" * 77, ip_fields=fields[1]),
        ]
        size, length = 8, 3 + 1024 + 77
    size = 4 * (size + (20 if inner == 4 else 40)) + length
    text = {4: "192.0.2.1:80", 6: "[2001:db8:2::1]:80"}[inner]
    server = f"{real}:80" if outer == 4 else f"[{real}]:80"
    source = "203.0.113.5:40000" if inner == 4 else "[2001:db8:c::5]:40000"
    tcp = proto == "TCP"
    return dict(
        config=one_arm() + service(proto, vip, 80, way.words(), [(real, 80)]),
        traffic=traffic,
        stats={
            f"{proto} {text}": (1, 4, 0, size, 0),
            f"{proto} {text} -> {server}": (1, 4, 0, size, 0, int(tcp), int(not tcp)),
        },
        conns=[f"{proto} {'ESTABLISHED' if tcp else 'UDP'} {source} {text} {server}"],
    )

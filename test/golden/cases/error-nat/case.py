# SPDX-License-Identifier: BSD-3-Clause
"""NAT: an ICMP error of a server (or of a router before it) about a client's packet reaches the client as the VIP's,
and one about a reply reaches the server; the quoted packet is what each of them knows, down to eight bytes of its
payload. The ICMP checksum is right, the quoted one of TCP or UDP what it was. Every type and code that is an
error."""

from rig import *

KINDS4 = [(3, code) for code in (0, 1, 2, 3, 4, 5, 9, 10, 13)] + [(4, 0), (11, 0), (11, 1), (12, 0)]
KINDS6 = [(1, code) for code in (0, 1, 2, 3, 4)] + [(2, 0), (3, 0), (3, 1), (4, 0), (4, 1)]
REST = {(3, 4): 1400, (2, 0): 1400, (12, 0): 0x01000000, (4, 0): 6}

variants = {
    f"{family}-{proto.lower()}-{side}": dict(family=family, proto=proto, side=side)
    for family in (4, 6)
    for proto in ("TCP", "UDP")
    for side in ("server", "client")
}


def make(family, proto, side):
    client, vip = (CLIENT4, VIP4) if family == 4 else (CLIENT6, VIP6)
    router = {"server": {4: "10.0.0.99", 6: "fd00::99"}, "client": {4: "203.0.113.254", 6: "2001:db8:c::fe"}}[side][
        family
    ]
    flow = Flow(proto, client=client, vip=vip)
    tcp = proto == "TCP"
    open_it = [
        flow.request(**dict(flags="S") if tcp else {}),
        flow.reply(**dict(flags="SA", seq=9) if tcp else {}),
        flow.request(b"data", **dict(flags="A", ack=10) if tcp else {}),
    ]
    least = (20 if family == 4 else 40) + 8

    def row(kind, code, keep, sender):
        rest = REST.get((kind, code), 0)
        if side == "server":
            about = flow.delivered(b"data" * 20, **dict(flags="PA", seq=5) if tcp else {}).data.payload
            came = error(sender, client, kind, code, seen_as(about, keep), rest)
            left = error(vip, client, kind, code, seen_as(about, keep, dst=vip, dport=flow.vport), rest, ttl=63)
            return from_server(1, came), to_client(left)
        about = flow.reply(b"data" * 20, **dict(flags="PA", seq=5) if tcp else {})[1].data.payload
        came = error(sender, vip, kind, code, seen_as(about, keep), rest)
        left = error(
            sender, flow.real, kind, code, seen_as(about, keep, src=flow.real, sport=flow.sport), rest, ttl=63
        )
        return from_client(came), to_server(1, left)

    near = flow.real if side == "server" else client
    traffic = [row(kind, code, None, near) for kind, code in (KINDS4 if family == 4 else KINDS6)]
    traffic += [row(3 if family == 4 else 1, 1, keep, router) for keep in (least, least + 1, least + 12, 99)]
    return dict(
        config=one_arm() + service(proto, vip, 80, "NAT", [(flow.real, 8080)]),
        traffic=open_it + traffic + [flow.request(b"goes on", **dict(flags="A", ack=10) if tcp else {})],
        conns=None,
    )

# SPDX-License-Identifier: BSD-3-Clause
"""`toa on`: the client's address and port go first among the TCP options of its SYN, and of each of its segments
until it acknowledges data of the server; the server's SYN/ACK has its MSS lowered by the room that takes. An IPv4
client's option has 8 bytes, an IPv6 client's 20 (also to an IPv4 server)."""

import ipaddress
import struct

from rig import *

FAMILIES = {"44": (CLIENT4, VIP4, 4), "66": (CLIENT6, VIP6, 6), "64": (CLIENT6, VIP6, 4)}
variants = {
    f"{families}-{name}": dict(families=families, name=name)
    for families in FAMILIES
    for name in ("plain", "options", "off")
}

OPTIONS = {
    "plain": [],
    "off": [("MSS", 1460)],
    "options": [("MSS", 1460), ("SAckOK", b""), ("NOP", None), ("WScale", 7), ("NOP", None), ("NOP", None)],
}
TS = [("NOP", None), ("NOP", None), ("Timestamp", (7, 8))]


def toa(client, cport):
    return (254, struct.pack(">H", cport) + ipaddress.ip_address(client).packed)


def make(families, name):
    client, vip, outer = FAMILIES[families]
    real, group = (SERVER4[1], LOCAL4) if outer == 4 else (SERVER6[1], LOCAL6)
    flow = FnatFlow("TCP", outer, client=client, vip=vip)
    on = name != "off"
    less = (8 if vip == VIP4 else 20) if on else 0
    first = [toa(client, 40000)] if on else []

    def told(payload=b"", options=(), **tcp):
        """With the option at the server."""
        options = list(options)
        return (
            flow.sent(payload, options=options, **tcp),
            flow.delivered(payload, options=options, out=dict(options=first + options), **tcp),
        )

    more = ["laddr_group_name snat"] + (["toa on"] if on else [])
    reply = flow.reply(
        flags="SA",
        seq=5000,
        ack=101,
        options=[("MSS", 1460), ("NOP", None), ("WScale", 7)],
        out=dict(options=[("MSS", 1460 - less), ("NOP", None), ("WScale", 7)]),
    )
    # The first segment that is fed after the server's data acknowledges it.
    traffic = [
        told(options=OPTIONS[name], flags="S", seq=100),
        told(options=OPTIONS[name], flags="S", seq=100),
        Then(),
        reply,
        Then(),
        told(options=TS if name == "options" else [], flags="A", seq=101, ack=5001),
        told(b"GET / HTTP/1.0\r\n\r\n", flags="PA", seq=101, ack=5001),
        told(b"odd", flags="PA", seq=119, ack=5001),
        Then(),
        flow.reply(b"200 OK", flags="PA", seq=5001, ack=122),
        Then(),
        told(b"still", flags="PA", seq=122, ack=5001),
        Then(),
        flow.request(flags="A", seq=127, ack=5007),
        flow.request(b"more", flags="PA", seq=127, ack=5007),
        flow.reply(b"end", flags="FPA", seq=5007, ack=131),
    ]
    return dict(
        config=one_arm() + local_group("snat", group) + service("TCP", vip, 80, "FNAT", [(real, 8080)], "rr", *more),
        traffic=traffic,
    )

# SPDX-License-Identifier: BSD-3-Clause
"""TOA, MSS clamping and stripping of timestamps together: the option first, the MSS lowered, the timestamps gone; an
option of the same kind that a client brings does not deceive the server: ours stands before it."""

import ipaddress
import struct

from rig import *

config = (
    one_arm()
    + local_group("snat", LOCAL4)
    + service(
        "TCP",
        VIP4,
        80,
        "FNAT",
        [(SERVER4[1], 8080)],
        "rr",
        "laddr_group_name snat",
        "toa on",
        "mss_clamp 1200",
        "strip_tcp_timestamps on",
    )
)


def toa(client, port):
    return (254, struct.pack(">H", port) + ipaddress.ip_address(client).packed)


def row(number, before, after):
    flow = FnatFlow(cport=6000 + number)
    tcp = dict(flags="S", seq=number, options=before)
    return flow, (flow.sent(**tcp), flow.delivered(out=dict(options=[toa(CLIENT4, 6000 + number)] + after), **tcp))


one, first = row(
    0,
    [("MSS", 1460), ("SAckOK", b""), ("Timestamp", (1, 0)), ("NOP", None), ("WScale", 7)],
    [("MSS", 1200), ("SAckOK", b"")] + [("NOP", None)] * 11 + [("WScale", 7)],
)
_two, second = row(1, [toa("8.8.8.8", 53), ("MSS", 800)], [toa("8.8.8.8", 53), ("MSS", 800)])

SERVERS = [("MSS", 1460), ("NOP", None), ("WScale", 7)]
traffic = [
    first,
    second,
    Then(),
    one.reply(flags="SA", seq=9, options=SERVERS, out=dict(options=[("MSS", 1192)] + SERVERS[1:])),
]

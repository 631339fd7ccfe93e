# SPDX-License-Identifier: BSD-3-Clause
"""`strip_tcp_timestamps on`: the timestamps option of a client's SYN is overwritten by no-operations; other options,
other segments, and the server's SYN/ACK stay as they are. NAT, DR and full NAT."""

from rig import *

variants = {f"{mode}-{family}": dict(mode=mode, family=family) for mode in ("nat", "dr", "fnat") for family in (4, 6)}

TS = ("Timestamp", (12345, 0))
NOPS = [("NOP", None)] * 10
CASES = [
    (
        [("MSS", 1460), ("SAckOK", b""), TS, ("NOP", None), ("WScale", 7)],
        [("MSS", 1460), ("SAckOK", b"")] + NOPS + [("NOP", None), ("WScale", 7)],
    ),
    ([("NOP", None), ("NOP", None), TS], [("NOP", None)] * 2 + NOPS),
    ([("MSS", 1460)], None),
    ([], None),
]


def make(mode, family):
    client, vip, real, group = (
        (CLIENT4, VIP4, SERVER4[1], LOCAL4) if family == 4 else (CLIENT6, VIP6, SERVER6[1], LOCAL6)
    )
    there, back = [], []
    for number, (options, after) in enumerate(CASES):
        fields = dict(client=client, vip=vip, cport=1000 + number, sport=80)
        flow = FnatFlow(**fields) if mode == "fnat" else Flow(kind=mode.upper(), **fields)
        tcp = dict(flags="S", seq=number)
        there.append(
            (flow.sent(options=options, **tcp), flow.delivered(options=options if after is None else after, **tcp))
        )
        if mode != "dr":
            back.append(flow.reply(options=options, flags="SA", seq=9))
        back.append(flow.request(options=[("NOP", None), ("NOP", None), TS], flags="A", seq=number + 1, ack=10))
    more = ["strip_tcp_timestamps on"] + (["laddr_group_name snat"] if mode == "fnat" else [])
    return dict(
        config=one_arm()
        + local_group("snat", group)
        + service("TCP", vip, 80, mode.upper(), [(real, 80)], "rr", *more),
        traffic=there + [Then()] + back,
    )

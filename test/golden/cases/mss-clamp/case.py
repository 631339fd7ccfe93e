# SPDX-License-Identifier: BSD-3-Clause
"""`mss_clamp`: the MSS option of a SYN, and of a SYN/ACK where it is seen, is lowered to the number, never raised,
wherever it stands among the options; segments without it, without SYN, or with options that are malformed leave as
they came."""

from rig import *

variants = {
    f"{mode}-{family}": dict(mode=mode, family=family) for mode in ("nat", "dr", "tun", "fnat") for family in (4, 6)
}

CLAMP = 1300
TS = ("Timestamp", (5, 6))
# Options before, and after where that is something else.
SYNS = [
    ([("MSS", 1460)], [("MSS", CLAMP)]),
    ([("MSS", 1301)], [("MSS", CLAMP)]),
    ([("MSS", 1300)], None),
    ([("MSS", 536)], None),
    ([("MSS", 0)], None),
    ([("MSS", 65535)], [("MSS", CLAMP)]),
    ([], None),
    (
        [("NOP", None), ("WScale", 7), ("MSS", 9000), ("SAckOK", b"")],
        [("NOP", None), ("WScale", 7), ("MSS", CLAMP), ("SAckOK", b"")],
    ),
    (
        [("NOP", None), ("NOP", None), TS, ("NOP", None), ("MSS", 1400)],
        [("NOP", None), ("NOP", None), TS, ("NOP", None), ("MSS", CLAMP)],
    ),
    ([("WScale", 3), ("SAckOK", b"")], None),
]
# Raw option bytes that are no sound list: length 0, 1, past the end, an MSS of a wrong length, after the end of options.
BROKEN = [
    b"\x08\x00\x02\x04\x05\xb4\x00\x00",
    b"\x08\x01\x02\x04\x05\xb4\x00\x00",
    b"\x02\x14\x05\xb4",
    b"\x02\x03\x05\x00",
    b"\x00\x02\x04\x05\xb4\x00\x00\x00",
    b"\x01\x01\x01\x02",
    b"\xfd\x00\x00\x00",
]


def make(mode, family):
    client, vip, real, group = (
        (CLIENT4, VIP4, SERVER4[1], LOCAL4) if family == 4 else (CLIENT6, VIP6, SERVER6[1], LOCAL6)
    )

    def flow(number):
        fields = dict(client=client, vip=vip, cport=1000 + number, sport=80)
        return (
            TunnelFlow(Tunnel(), family, **fields)
            if mode == "tun"
            else FnatFlow(**fields)
            if mode == "fnat"
            else Flow(kind=mode.upper(), **fields)
        )

    def changed(each, options, after, **tcp):
        """What is sent, and what leaves of it."""
        return each.sent(options=options, **tcp), each.delivered(options=options if after is None else after, **tcp)

    there, back = [], []
    for number, (options, after) in enumerate(SYNS):
        each = flow(number)
        there.append(changed(each, options, after, flags="S", seq=number))
        if mode in ("nat", "fnat"):
            came, _left = each.reply(options=options, flags="SA", seq=9)
            back.append((came, each.reply(options=options if after is None else after, flags="SA", seq=9)[1]))
    later = [flow(0).request(options=[("MSS", 1460)], flags="A", seq=1)] if mode != "fnat" else []

    def raw(number, options):
        each = flow(200 + number)
        tcp = dict(flags="S", seq=number + 100, dataofs=5 + len(options) // 4)
        return each.sent(options, **tcp), each.delivered(options, **tcp)

    more = [f"mss_clamp {CLAMP}"] + (["laddr_group_name snat"] if mode == "fnat" else [])
    return dict(
        config=one_arm()
        + local_group("snat", group)
        + service("TCP", vip, 80, mode.upper(), [(real, 80)], "rr", *more),
        traffic=there + later + [raw(number, options) for number, options in enumerate(BROKEN)] + [Then()] + back,
    )

# SPDX-License-Identifier: BSD-3-Clause
"""Full NAT within a family leaves alone what is not its own: DSCP and ECN, identification, DF, traffic class, flow
label, IP options and extension headers, urgent pointers, unknown TCP options; both ways."""

from rig import *

variants = {"4": dict(client=CLIENT4, vip=VIP4), "6": dict(client=CLIENT6, vip=VIP6)}


def make(client, vip):
    flow = FnatFlow("TCP", client=client, vip=vip)
    group, real = (LOCAL4, SERVER4[1]) if vip == VIP4 else (LOCAL6, SERVER6[1])
    if vip == VIP4:
        fields = [
            dict(tos=0xB8, id=1),
            dict(tos=0x03, id=0xFFFF),
            dict(flags="DF", id=0),
            dict(flags="DF", id=77),
            dict(options=[IPOption_NOP()] * 4),
        ]
    else:
        fields = [dict(tc=0xB8), dict(tc=0x03, fl=0xFFFFF), dict(fl=1)]
    tcp = [
        dict(flags="PA", urgptr=77),
        dict(flags="PAU", urgptr=5),
        dict(flags="PA", window=0),
        dict(flags="A", options=[("NOP", None), ("NOP", None), ("SAck", (5, 6))]),
        dict(flags="A", options=[(253, b"\1\2\3\4\5\6")]),
        dict(flags="PAEC", reserved=0),
    ]
    traffic = [
        flow.request(flags="S", seq=1),
        Then(),
        flow.reply(flags="SA", seq=50),
        flow.request(flags="A", seq=2, ack=51),
    ]
    for number, each in enumerate(fields + [None] * len(tcp)):
        more = tcp[number - len(fields)] if each is None else dict(flags="PA")
        traffic += [
            flow.request(b"abc", seq=2, ack=900, ip_fields=each, **more),
            flow.reply(b"defg", seq=51, ack=2, ip_fields=each, **more),
        ]
    return dict(
        config=one_arm()
        + local_group("snat", group)
        + service("TCP", vip, 80, "FNAT", [(real, 8080)], "rr", "laddr_group_name snat"),
        traffic=traffic,
    )

# SPDX-License-Identifier: BSD-3-Clause
"""NAT, TCP: segments of every small length, with options, urgent data and at the full MTU keep every byte, with
exact checksums, in both directions and families."""

from rig import *

config = (one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])
          + service("TCP", VIP6, 80, "NAT", [(SERVER6[1], 8080)]))

OPTIONS = [("MSS", 1460), ("SAckOK", b""), ("Timestamp", (123456, 0)), ("NOP", None), ("WScale", 7)]


def conversation(flow, mtu_payload):
    rows = [flow.request(flags="S", seq=100, options=OPTIONS),
            flow.reply(flags="SA", seq=900, ack=101, options=OPTIONS)]
    for length in list(range(20)) + [255, 256, 1399, mtu_payload]:
        payload = bytes((7 * i + length) % 256 for i in range(length))
        rows += [flow.request(payload, flags="PA", seq=101 + length, ack=901, window=length),
                 flow.reply(payload[::-1], flags="A", seq=901, ack=101 + length)]
    return rows + [flow.request(b"!", flags="UPA", urgptr=1, seq=9, ack=9),
                   flow.reply(b"", flags="FA", seq=9, ack=9, options=[("Timestamp", (1, 2))])]


traffic = conversation(Flow(), 1460) + conversation(Flow(client=CLIENT6, vip=VIP6), 1440)

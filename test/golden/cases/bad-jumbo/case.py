# SPDX-License-Identifier: BSD-3-Clause
"""With `mtu 9000` a jumbo frame is forwarded whole, with exact checksums, or, where it needs several buffers and the
device cannot send those, counted as segments: never cut, never wrong, never in the way of what follows. What exceeds
the MTU and must not be fragmented leaves in no case, but is answered."""

from rig import *

config = (one_arm(port="mtu 9000") + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])
          + service("UDP", VIP6, 53, "DR", [(SERVER6[2], 53)]))

flow, direct = Flow(), Flow("UDP", "DR", vport=53, client=CLIENT6, vip=VIP6, server=2)


def data(length):
    return bytes(n * n % 251 for n in range(length))


def rows(length):
    return [flow.request(data(length), flags="PA"), flow.reply(data(length), flags="PA"), direct.request(data(length))]


SMALL = [flow.request(flags="S"), flow.reply(flags="SA"), flow.request(flags="A"), direct.request(b"q")] + rows(1400)
JUMBO = rows(1600) + rows(2000) + rows(2048) + rows(2049) + rows(4097) + rows(8952)
DF = dict(flags="DF")
TOO_BIG = [flow.sent(bytes(8961), flags="PA", ip_fields=DF), direct.sent(bytes(8953)),
           flow.reply(bytes(9001), flags="PA", ip_fields=DF)[0]]
AFTER = [flow.request(b"on", flags="PA"), flow.reply(b"on", flags="PA"), direct.request(b"on")]

traffic = SMALL + JUMBO + [(frame, None) for frame in TOO_BIG] + AFTER

drops = also_out = None
answers = (3, 0)
conns = ["TCP ESTABLISHED 203.0.113.5:40000 192.0.2.1:80 10.0.0.11:8080",
         "UDP UDP [2001:db8:c::5]:40000 [2001:db8:2::1]:53 [fd00::12]:53"]


def check(result):
    left = [raw for raw in result.output["wan"] if raw[23 if raw[14] >> 4 == 4 else 20] not in (1, 58)]
    lines = [f"did not leave: {row[1].data.summary()}" for row in SMALL + AFTER if row[1].raw() not in left]
    lines += [f"should not have left: {len(raw)} bytes" for raw in left
              if raw not in {row[1].raw() for row in SMALL + JUMBO + AFTER}]
    whole = sum(row[1].raw() in left for row in JUMBO)
    too_big, segments = result.drops.pop("too_big", 0), result.drops.pop("segments", 0)
    if whole + segments + too_big != len(JUMBO) + len(TOO_BIG) or result.drops:
        lines.append(f"of {len(JUMBO)} jumbo frames {whole} left; {len(TOO_BIG)} were too big; drops: "
                     f"too_big {too_big}, segments {segments}, and {result.drops}")
    return lines

# SPDX-License-Identifier: BSD-3-Clause
"""A thousand frames of noise, and five thousand good ones with a few bytes changed, crash nothing and vanish from no
account; a connection beside them works from the first packet to the last."""

import random

from rig import *

config = (one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])
          + service("TCP", VIP6, 80, "DR", [(SERVER6[1], 80)])
          + service("UDP", VIP4, 53, "NAT", [(SERVER4[3], 5353)])
          + service("UDP", VIP6, 53, "NAT", [(SERVER6[3], 5353)]))

noise = random.Random(20240229)

SEEDS = [frame.raw() for frame in (
    Flow().sent(b"data", flags="PA"),
    Flow(kind="DR", client=CLIENT6, vip=VIP6).sent(flags="S"),
    Flow("UDP", vport=53).sent(b"query"),
    Flow("UDP", vport=53, client=CLIENT6, vip=VIP6).sent(b"query"),
    from_client(ip(CLIENT4, VIP4) / ICMP(type=8) / b"ping"),
    from_client(ip(CLIENT6, VIP6) / ICMPv6EchoRequest(data=b"ping")),
    from_client(IPv6(src=CLIENT6, dst=VIP6) / IPv6ExtHdrHopByHop(options=[PadN(optdata=b"\0" * 4)]) / UDP(dport=53)),
    from_client(IP(src=CLIENT4, dst=VIP4, options=[IPOption_NOP()] * 8) / UDP(dport=53) / b"q"),
    Frame("wan", Ether(src=GATEWAY_MAC, dst=PORT_MAC["wan"]) / ARP(psrc=GATEWAY4, pdst=VIP4, hwsrc=GATEWAY_MAC)),
    Frame("wan", Ether(src=GATEWAY_MAC, dst="33:33:ff:00:00:01") / IPv6(src=GATEWAY6, dst="ff02::1:ff00:1", hlim=255) /
          ICMPv6ND_NS(tgt=VIP6) / ICMPv6NDOptSrcLLAddr(lladdr=GATEWAY_MAC)),
)]


def changed(frame):
    frame = bytearray(frame)
    for _ in range(noise.randint(1, 4)):
        frame[noise.randrange(12, len(frame))] = noise.randrange(256)
    return Frame("wan", bytes(frame[: noise.choice((len(frame), len(frame), noise.randrange(1, len(frame) + 1)))]))


def frame():
    if noise.randrange(6):
        return changed(noise.choice(SEEDS))
    head = SEEDS[0][:12] if noise.randrange(2) else b""
    return Frame("wan", head + noise.randbytes(noise.randint(1, 200)))


good = Flow(vip=VIP4, client="203.0.113.200", cport=50000)
rows = [good.request(flags="S"), good.reply(flags="SA")]
rows += [good.request(bytes([n]), flags="PA") for n in range(60)]

traffic = []
for row in rows:
    traffic += [row] + [(frame(), None) for _ in range(100)]


def check(result):
    """The good connection's packets are compared here, since noise may be answered or forwarded by chance."""
    expected = [left.raw() for _sent, left in rows]
    came = [raw for raw in result.output["wan"] if raw in set(expected)]
    return [] if came == expected else [f"of {len(expected)} good packets {len(came)} left, or not in order"]


drops = None  # what noise looks like is no claim,
also_out = None  # and by chance it may deserve an answer

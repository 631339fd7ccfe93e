# SPDX-License-Identifier: BSD-3-Clause
"""Never answered, whatever is wrong: ICMP errors, fragments but the first, sources that cannot be a sender's (zero,
loopback, multicast, broadcast, an address of the box), frames to a multicast or broadcast MAC."""

from rig import *

config = (
    one_arm()
    + service("UDP", VIP4, 80, "NAT", [(SERVER4[1], 8080, 0)])
    + service("UDP", VIP6, 80, "NAT", [(SERVER6[1], 8080, 0)])
    + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])
    + service("TCP", VIP6, 80, "NAT", [(SERVER6[1], 8080)])
)

BAD4 = ["0.0.0.0", "127.0.0.1", "224.0.0.5", "255.255.255.255", VIP4, OWN4]
BAD6 = ["::", "::1", "ff02::1", VIP6, OWN6]

traffic = []
for sources, vip in ((BAD4, VIP4), (BAD6, VIP6)):
    for source in sources:
        for l4 in (
            UDP(sport=5, dport=9) / b"closed",
            UDP(sport=5, dport=80) / b"no server",
            TCP(sport=5, dport=9, flags="S"),
            TCP(sport=5, dport=80, flags="A"),
        ):
            traffic.append((from_client(ip(source, vip) / l4), None))
        traffic.append((from_client(ip(source, vip, 1) / UDP(sport=5, dport=80) / b"late"), None))
for mac in ("ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01"):
    traffic.append((Frame("wan", Ether(src=GATEWAY_MAC, dst=mac) / ip(CLIENT4, VIP4) / UDP(sport=5, dport=9)), None))
about = ip(VIP4, CLIENT4) / UDP(sport=9, dport=9) / b"data data"
traffic += [(from_client(error(CLIENT4, VIP4, 3, 3, about, ttl=ttl)), None) for ttl in (64, 1)]
traffic += [
    (from_client(part), None)
    for part in pieces(ip(CLIENT4, VIP4, 1) / UDP(sport=5, dport=9) / bytes(900), 200, 400)[1:]
]

drops = None
answers = (0, 0)
conns = []

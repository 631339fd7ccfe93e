# SPDX-License-Identifier: BSD-3-Clause
"""TCP with a data offset below 5 or past the segment, or no room for its header, and UDP with a length below 8, past
the packet, or no room for its header, are l4_header (or truncated where there is no room) and open no connection."""

from rig import *

config = (one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])
          + service("UDP", VIP4, 53, "NAT", [(SERVER4[1], 5353)])
          + service("TCP", VIP6, 80, "NAT", [(SERVER6[1], 8080)])
          + service("UDP", VIP6, 53, "DR", [(SERVER6[1], 53)]))

WAYS = [(CLIENT4, VIP4), (CLIENT6, VIP6)]

wrong, short = [], []
for client, vip in WAYS:
    tcp, udp = dict(sport=40000, dport=80, flags="S"), dict(sport=40000, dport=53)
    wrong += [(from_client(ip(client, vip) / TCP(**tcp, dataofs=words)), None) for words in (0, 1, 4, 6, 15)]
    wrong += [(from_client(ip(client, vip) / UDP(**udp, len=length) / b"data"), None)
              for length in (1, 7, 13, 65535)]
    short += [(from_client(ip(client, vip, **{("proto" if client == CLIENT4 else "nh"): 6}) /
                           Raw(bytes(TCP(**tcp))[:length])), None) for length in (0, 1, 4, 13, 19)]
    short += [(from_client(ip(client, vip, **{("proto" if client == CLIENT4 else "nh"): 17}) /
                           Raw(bytes(UDP(**udp))[:length])), None) for length in (0, 1, 4, 7)]

traffic = wrong + short

drops = {"l4_header": len(wrong), ("l4_header", "truncated"): len(short)}
conns = []
stats = {}

# SPDX-License-Identifier: BSD-3-Clause
"""What is not the balancer's it leaves alone: DSCP and ECN, identification, DF, traffic class and flow label go
through NAT and DR as they came."""

from rig import *

config = (one_arm() + service("UDP", VIP4, 53, "NAT", [(SERVER4[1], 5353)])
          + service("UDP", VIP4, 54, "DR", [(SERVER4[2], 54)])
          + service("UDP", VIP6, 53, "NAT", [(SERVER6[1], 5353)])
          + service("UDP", VIP6, 54, "DR", [(SERVER6[2], 54)]))

# destination's port, kind, server, its port
TARGETS = [(53, "NAT", 1, 5353), (54, "DR", 2, 54)]
FIELDS4 = [dict(tos=0xB8), dict(tos=0x03), dict(id=0), dict(id=0xFFFF), dict(flags="DF", id=0), dict(flags="DF", id=77)]
FIELDS6 = [dict(tc=0xB8), dict(tc=0x03), dict(fl=0xFFFFF), dict(tc=0xFF, fl=1)]


def row(client, vip, servers, target, fields):
    port, kind, number, real_port = target
    dst, dport = (servers[number], real_port) if kind == "NAT" else (vip, port)
    return (from_client(ip(client, vip, 64, **fields) / UDP(sport=40000, dport=port) / b"data"),
            to_server(number, ip(client, dst, 63, **fields) / UDP(sport=40000, dport=dport) / b"data"))


traffic = [row(CLIENT4, VIP4, SERVER4, target, fields) for target in TARGETS for fields in FIELDS4]
traffic += [row(CLIENT6, VIP6, SERVER6, target, fields) for target in TARGETS for fields in FIELDS6]

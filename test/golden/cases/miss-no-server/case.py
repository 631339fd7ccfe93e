# SPDX-License-Identifier: BSD-3-Clause
"""A service without servers, or whose servers all have weight 0, refuses new connections as no_server, with every
scheduler, counts none, and says port unreachable, to TCP too."""

from rig import *

SCHEDULERS = ["rr", "wrr", "lc", "wlc"]

config = one_arm() + "".join(
    service("TCP", VIP4, 1000 + n, "NAT", [(SERVER4[1], 80, 0), (SERVER4[2], 80, 0)], algo)
    + service("UDP", VIP4, 1000 + n, "DR", [(SERVER4[1], 1000 + n, 0)], algo)
    for n, algo in enumerate(SCHEDULERS)) + service("UDP", VIP6, 53, "NAT", [])

sent = [Flow(proto, vport=1000 + n, cport=2000 + 10 * again).sent()
        for n, _algo in enumerate(SCHEDULERS) for proto in ("TCP", "UDP") for again in range(3)]
sent += [Flow("UDP", client=CLIENT6, vip=VIP6, vport=53).sent(b"q")]

traffic = [(frame, unreachable_port(frame)) for frame in sent]

drops = {"no_server": 3 * 2 * len(SCHEDULERS) + 1}
answers = (3 * 2 * len(SCHEDULERS) + 1, 0)
stats = {}
conns = []

# SPDX-License-Identifier: BSD-3-Clause
"""SYN_RECV, ESTABLISHED and SYN_SENT count as active, everything else as inactive, per server and exactly, with many
connections in many states."""

from rig import *

config = (one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])
          + service("TCP", VIP4, 81, "DR", [(SERVER4[2], 81)])
          + service("UDP", VIP4, 53, "NAT", [(SERVER4[3], 5353)]))

# how many, segments, is active at the end
NAT = [(40, ["S"], True), (30, ["S", "<SA", "A"], True), (20, ["S", "<SA", "A", "FA"], False),
       (10, ["S", "<SA", "A", "<FA"], False), (7, ["S", "<SA", "A", "FA", "<FA"], False), (5, ["S", "<R"], False),
       (3, ["S", "<SA", "A", "<FA", "<S"], True)]
DIRECT = [(15, ["S"], True), (12, ["S", "A"], True), (9, ["S", "A", "FA"], False), (4, ["S", "A", "R"], False)]


def conversations(rows, first_port, **flow_fields):
    port = first_port
    for count, segments, _active in rows:
        for _ in range(count):
            flow, port = Flow(cport=port, **flow_fields), port + 1
            for segment in segments:
                yield (flow.reply if segment.startswith("<") else flow.request)(flags=segment.lstrip("<"))


traffic = list(conversations(NAT, 1000)) + list(conversations(DIRECT, 3000, kind="DR", vport=81, server=2))
traffic += [Flow("UDP", vport=53, server=3, sport=5353, cport=5000 + n).request(b"q") for n in range(25)]


def check(result):
    # Total connections, active, inactive; how the packets add up is other cases' claim.
    want = {"TCP 192.0.2.1:80 -> 10.0.0.11:8080": (115, 73, 42),
            "TCP 192.0.2.1:81 -> 10.0.0.12:81": (40, 27, 13),
            "UDP 192.0.2.1:53 -> 10.0.0.13:5353": (25, 0, 25)}
    got = {name: (row[0], *row[5:]) for name, row in result.stats.items() if "->" in name}
    return [] if got == want else [f"connections, active, inactive: expected {want}, got {got}"]

# SPDX-License-Identifier: BSD-3-Clause
"""When the connection table is full, new connections are refused as table_full, those that exist go on untouched, and
the counters agree to the last packet. The table holds at least what `connections` says."""

import struct

from rig import *

CAPACITY, FLOWS = 1000, 2000

config = (one_arm(dataplane=f"connections {CAPACITY}") + service("UDP", VIP4, 53, "NAT", [(SERVER4[1], 5353)])
          + service("TCP", VIP4, 80, "NAT", [(SERVER4[2], 8080)]))

first = [Flow(server=2, client=f"203.0.113.{100 + n}") for n in range(20)]
crowd = [Flow("UDP", vport=53, sport=5353, client=f"203.0.113.{1 + n % 90}", cport=1024 + n) for n in range(FLOWS)]

traffic = [flow.request(flags="S") for flow in first] + [flow.reply(flags="SA") for flow in first]
traffic += [(flow.sent(b"q"), None) for flow in crowd]
traffic += [Then()]
traffic += [flow.request(flags="A") for flow in first] + [flow.reply(b"data", flags="PA") for flow in first]

also_out = None
drops = None


def check(result):
    lines, left = [], set(result.output["wan"])
    missing = [row for row in traffic if not isinstance(row, Then) and row[1] and row[1].raw() not in left]
    if missing:
        lines.append(f"{len(missing)} packets of the connections that were there first did not leave")
    ends = {raw[34:40] for raw in left}
    # By its ports and length a frame that left is told to be a client's (building 2000 expected ones takes seconds).
    taken = {flow.cport for flow in crowd if struct.pack(">HHH", flow.cport, 5353, 9) in ends}
    refused = sum(result.drops.get(reason, 0) for reason in ("table_full", "bucket_full"))
    if not result.drops.get("table_full") or set(result.drops) - {"table_full", "bucket_full"}:
        lines.append(f"drops: {result.drops}, expected table_full")
    if len(taken) + refused != FLOWS:
        lines.append(f"{len(taken)} new connections were taken, {refused} refused, of {FLOWS}")
    if len(result.conns) != len(taken) + len(first) or len(result.conns) < CAPACITY:
        lines.append(f"{len(result.conns)} connections are there, {len(taken)} + {len(first)} were taken, "
                     f"capacity is {CAPACITY}")
    want = {"UDP 192.0.2.1:53 -> 10.0.0.11:5353": (len(taken), len(taken), 0, 29 * len(taken), 0, 0, len(taken)),
            "TCP 192.0.2.1:80 -> 10.0.0.12:8080": (20, 40, 40, 1600, 1680, 20, 0)}
    got = {name: row for name, row in result.stats.items() if "->" in name}
    return lines + ([] if got == want else [f"stats: expected {want}, got {got}"])

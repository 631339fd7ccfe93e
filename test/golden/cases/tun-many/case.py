# SPDX-License-Identifier: BSD-3-Clause
"""Many connections to three servers by tunnel, in one burst after the other: each stays with its server, in order,
with any number of workers and two queues."""

from rig import *

workers = (1, 2, 3)
queues = 2

SERVERS = {1: Tunnel("ipip"), 2: Tunnel("gue"), 3: Tunnel("gre", "csum")}

config = one_arm(port="queues 2") + "".join(
    service("UDP", VIP4, 50 + n, way.words(), [(SERVER4[n], 50 + n)]) for n, way in SERVERS.items()
)

flows = [
    TunnelFlow(way, server=n, proto="UDP", vport=50 + n, cport=2000 + each)
    for n, way in SERVERS.items()
    for each in range(20)
]


def by_queue(row, queue):
    row[0].queue = queue
    return row


traffic = [
    by_queue(flow.request(bytes([number])), index % 2) for number in range(6) for index, flow in enumerate(flows)
]

stats = {
    f"UDP 192.0.2.1:{50 + n}{real}": (20, 120, 0, 120 * 29, 0, *more)
    for n in SERVERS
    for real, more in (("", ()), (f" -> 10.0.0.1{n}:{50 + n}", (0, 20)))
}

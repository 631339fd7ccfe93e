# SPDX-License-Identifier: BSD-3-Clause
"""A connection's whole life in packets that arrive at once: opened, answered, used, closed, opened again in one burst,
without one packet lost, doubled or out of turn."""

from rig import *

config = one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])


def life(flow):
    return [flow.request(flags="S", seq=1), flow.reply(flags="SA", seq=1), flow.request(flags="A", seq=2),
            flow.request(b"GET", flags="PA", seq=2), flow.reply(b"200", flags="PA", seq=2),
            flow.reply(flags="FA", seq=5), flow.request(flags="FA", seq=5), flow.reply(flags="A", seq=6),
            flow.request(flags="S", seq=100), flow.reply(flags="SA", seq=100), flow.request(flags="A", seq=101)]


flows = [Flow(cport=1000 + n) for n in range(12)]

# One after the other, and step by step together.
traffic = [row for flow in flows[:6] for row in life(flow)]
traffic += [row for step in zip(*map(life, flows[6:])) for row in step]

conns = [f"TCP ESTABLISHED 203.0.113.5:{1000 + n} 192.0.2.1:80 10.0.0.11:8080" for n in range(12)]

stats = {
    # service, server                      Conns InPkts OutPkts InBytes OutBytes Active InAct
    "TCP 192.0.2.1:80":                    (24, 12 * 6, 12 * 5, 12 * (6 * 40 + 3), 12 * (5 * 40 + 3)),
    "TCP 192.0.2.1:80 -> 10.0.0.11:8080":  (24, 12 * 6, 12 * 5, 12 * (6 * 40 + 3), 12 * (5 * 40 + 3), 12, 0),
}

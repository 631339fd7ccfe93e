# SPDX-License-Identifier: BSD-3-Clause
"""More workers than queues: everything comes in at one worker, connections belong to all of them, and each one's
packets, handed over and back, keep their order in both directions."""

from rig import *

workers = (3, 5)

config = (one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])
          + service("UDP", VIP6, 53, "NAT", [(SERVER6[1], 5353)]))

flows = [Flow(cport=3000 + n, client=f"203.0.113.{1 + n}") for n in range(30)]
flows += [Flow("UDP", vport=53, sport=5353, client=CLIENT6, vip=VIP6, cport=3000 + n) for n in range(30)]


def step(flow, number):
    tcp = dict(flags="S" if number == 0 else "A", seq=number) if flow.l4 is TCP else {}
    return [flow.request(bytes([number]), **tcp)] + ([flow.reply(bytes([number]), **tcp)] if number else [])


traffic = [row for number in range(6) for flow in flows for row in step(flow, number)]

stats = {
    # service, server                            Conns InPkts OutPkts InBytes OutBytes Active InAct
    "TCP 192.0.2.1:80":                          (30, 180, 150, 180 * 41, 150 * 41),
    "TCP 192.0.2.1:80 -> 10.0.0.11:8080":        (30, 180, 150, 180 * 41, 150 * 41, 30, 0),
    "UDP [2001:db8:2::1]:53":                    (30, 180, 150, 180 * 49, 150 * 49),
    "UDP [2001:db8:2::1]:53 -> [fd00::11]:5353": (30, 180, 150, 180 * 49, 150 * 49, 0, 30),
}


def check(result):
    idle = [worker for worker, count in result.flow_counts.items() if not count]
    return [f"workers {idle} own no connection: {result.flow_counts}"] if idle else []

# SPDX-License-Identifier: BSD-3-Clause
"""A hundred connections in both directions, their packets interleaved at random: every packet leaves, and those of each
connection and direction in the order in which they came."""

import random

from rig import *

config = (one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])
          + service("UDP", VIP6, 53, "NAT", [(SERVER6[1], 5353)])
          + service("TCP", VIP6, 81, "DR", [(SERVER6[2], 81)]))

flows = [Flow(client=f"203.0.113.{n}", cport=1024 + n) for n in range(1, 41)]
flows += [Flow("UDP", vport=53, sport=5353, client=CLIENT6, vip=VIP6, cport=1024 + n) for n in range(30)]
flows += [Flow(kind="DR", vport=81, client=CLIENT6, vip=VIP6, cport=1024 + n, server=2) for n in range(30)]


def conversation(flow):
    tcp = flow.l4 is TCP
    yield flow.request(**(dict(flags="S") if tcp else {}))
    for number in range(1, 6):
        fields = dict(flags="A", seq=number) if tcp else {}
        yield flow.request(bytes([number]), **fields)
        if flow.nat:
            yield flow.reply(bytes([number]), **fields)


shuffle = random.Random(7)
waiting = [list(conversation(flow)) for flow in flows]
traffic = []
while waiting:
    chosen = shuffle.choice(waiting)
    traffic.append(chosen.pop(0))
    waiting = [rows for rows in waiting if rows]

stats = {
    # service, server                            Conns InPkts OutPkts InBytes OutBytes Active InAct
    "TCP 192.0.2.1:80":                          (40, 240, 200, 40 * (40 + 5 * 41), 40 * 5 * 41),
    "TCP 192.0.2.1:80 -> 10.0.0.11:8080":        (40, 240, 200, 40 * (40 + 5 * 41), 40 * 5 * 41, 40, 0),
    "UDP [2001:db8:2::1]:53":                    (30, 180, 150, 30 * (48 + 5 * 49), 30 * 5 * 49),
    "UDP [2001:db8:2::1]:53 -> [fd00::11]:5353": (30, 180, 150, 30 * (48 + 5 * 49), 30 * 5 * 49, 0, 30),
    "TCP [2001:db8:2::1]:81":                    (30, 180, 0, 30 * (60 + 5 * 61), 0),
    "TCP [2001:db8:2::1]:81 -> [fd00::12]:81":   (30, 180, 0, 30 * (60 + 5 * 61), 0, 30, 0),
}

# SPDX-License-Identifier: BSD-3-Clause
"""Weights changed by command hold from the next connection on: 0 takes a server out and leaves it its connections,
another turns the scheduler's sequence at once."""

from rig import *

workers = (1,)  # the exact turn of round robin is a worker's own

config = one_arm() + service("UDP", VIP6, 53, "DR", [(SERVER6[1], 53, 1), (SERVER6[2], 53, 1)], "wrr")

SERVICE = ("udp", "[2001:db8:2::1]:53")


def on(server, cport):
    return Flow("UDP", "DR", client=CLIENT6, vip=VIP6, vport=53, server=server, cport=cport).request(b"q")


traffic = [
    on(2, 1), on(1, 2), on(2, 3), on(1, 4),
    Then(("real", "edit", *SERVICE, "[fd00::12]:53", "weight", "0")),
    on(1, 5), on(1, 6), on(2, 1), on(2, 3),
    # After a change weighted round robin starts at the head of its list (2, 1) with the level it had, 1; then 2, 1.
    Then(("real", "edit", *SERVICE, "[fd00::12]:53", "weight", "1"),
         ("real", "edit", *SERVICE, "[fd00::11]:53", "weight", "2")),
    on(2, 7), on(1, 8), on(1, 9), on(2, 10), on(1, 11), on(1, 12),
]

stats = {
    # service, server                           Conns InPkts OutPkts InBytes OutBytes Active InAct
    "UDP [2001:db8:2::1]:53":                   (12, 14, 0, 14 * 49, 0),
    "UDP [2001:db8:2::1]:53 -> [fd00::11]:53":  (8, 8, 0, 8 * 49, 0, 0, 8),
    "UDP [2001:db8:2::1]:53 -> [fd00::12]:53":  (4, 6, 0, 6 * 49, 0, 0, 4),
}

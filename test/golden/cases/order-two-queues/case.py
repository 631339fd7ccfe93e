# SPDX-License-Identifier: BSD-3-Clause
"""Connections that come in by two queues belong to workers without regard to the queue: those that come to the wrong
worker are handed over, crosswise, and every packet leaves in its connection's order."""

from rig import *

workers = (1, 2, 3)
queues = 2

config = (one_arm(port="queues 2") + service("UDP", VIP4, 53, "NAT", [(SERVER4[1], 5353)])
          + service("UDP", VIP6, 53, "NAT", [(SERVER6[1], 5353)])
          + service("UDP", VIP4, 54, "DR", [(SERVER4[2], 54)]))

flows = [Flow("UDP", vport=53, sport=5353, cport=2000 + n) for n in range(40)]
flows += [Flow("UDP", vport=53, sport=5353, client=CLIENT6, vip=VIP6, cport=2000 + n) for n in range(40)]
flows += [Flow("UDP", "DR", vport=54, server=2, cport=2000 + n) for n in range(20)]


def by_queue(row, queue):
    row[0].queue = queue
    return row


traffic = [by_queue(flow.request(bytes([number])), index % 2)
           for number in range(8) for index, flow in enumerate(flows)]

stats = {
    # service, server                            Conns InPkts OutPkts InBytes OutBytes Active InAct
    "UDP 192.0.2.1:53":                          (40, 320, 0, 320 * 29, 0),
    "UDP 192.0.2.1:53 -> 10.0.0.11:5353":        (40, 320, 0, 320 * 29, 0, 0, 40),
    "UDP [2001:db8:2::1]:53":                    (40, 320, 0, 320 * 49, 0),
    "UDP [2001:db8:2::1]:53 -> [fd00::11]:5353": (40, 320, 0, 320 * 49, 0, 0, 40),
    "UDP 192.0.2.1:54":                          (20, 160, 0, 160 * 29, 0),
    "UDP 192.0.2.1:54 -> 10.0.0.12:54":          (20, 160, 0, 160 * 29, 0, 0, 20),
}

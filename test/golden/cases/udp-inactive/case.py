# SPDX-License-Identifier: BSD-3-Clause
"""UDP connections are inactive from the first datagram to the last, one for each client port, and each is scheduled
once: all its datagrams go where the first went."""

from rig import *

config = (one_arm() + service("UDP", VIP4, 53, "NAT", [(SERVER4[1], 5353)])
          + service("UDP", VIP6, 53, "DR", [(SERVER6[1], 53)]))

nat = [Flow("UDP", vport=53, sport=5353, cport=1024 + n) for n in range(50)]
direct = [Flow("UDP", "DR", vport=53, client=CLIENT6, vip=VIP6, cport=1024 + n) for n in range(30)]

traffic = [flow.request(bytes([n])) for n in range(3) for flow in nat + direct]
traffic += [flow.reply(b"ok") for flow in nat]

stats = {
    # service, server                           Conns InPkts OutPkts InBytes OutBytes Active InAct
    "UDP 192.0.2.1:53":                         (50, 150, 50, 150 * 29, 50 * 30),
    "UDP 192.0.2.1:53 -> 10.0.0.11:5353":       (50, 150, 50, 150 * 29, 50 * 30, 0, 50),
    "UDP [2001:db8:2::1]:53":                   (30, 90, 0, 90 * 49, 0),
    "UDP [2001:db8:2::1]:53 -> [fd00::11]:53":  (30, 90, 0, 90 * 49, 0, 0, 30),
}

expires = {"UDP": 300}

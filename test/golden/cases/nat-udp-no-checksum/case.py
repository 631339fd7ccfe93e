# SPDX-License-Identifier: BSD-3-Clause
"""NAT, UDP: a datagram sent without checksum (0) is rewritten and still has none, in both directions and, as in LVS,
both families; those with one, between them, get theirs right."""

from rig import *

config = (one_arm() + service("UDP", VIP4, 53, "NAT", [(SERVER4[1], 5353)])
          + service("UDP", VIP6, 53, "NAT", [(SERVER6[1], 5353)]))


def conversation(flow):
    return [
        flow.request(b"question", chksum=0),
        flow.reply(b"answer", chksum=0),
        flow.request(b"with one"),
        flow.reply(b"too"),
        flow.request(b"and again without", chksum=0),
    ]


traffic = conversation(Flow("UDP", vport=53, sport=5353))
traffic += conversation(Flow("UDP", vport=53, sport=5353, client=CLIENT6, vip=VIP6))

stats = {
    # service, server                            Conns InPkts OutPkts InBytes OutBytes Active InAct
    "UDP 192.0.2.1:53":                          (1, 3, 2, 36 + 36 + 45, 34 + 31),
    "UDP 192.0.2.1:53 -> 10.0.0.11:5353":        (1, 3, 2, 36 + 36 + 45, 34 + 31, 0, 1),
    "UDP [2001:db8:2::1]:53":                    (1, 3, 2, 56 + 56 + 65, 54 + 51),
    "UDP [2001:db8:2::1]:53 -> [fd00::11]:5353": (1, 3, 2, 56 + 56 + 65, 54 + 51, 0, 1),
}

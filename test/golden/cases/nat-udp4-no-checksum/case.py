# SPDX-License-Identifier: BSD-3-Clause
"""NAT, UDP over IPv4: a datagram sent without checksum (0) is rewritten and still has none, in both directions."""

from rig import *

config = one_arm() + service("UDP", VIP4, 53, "NAT", [(SERVER4[1], 5353)])

flow = Flow("UDP", vport=53, sport=5353)

traffic = [
    flow.request(b"question", chksum=0),
    flow.reply(b"answer", chksum=0),
    flow.request(b"with one"),
    flow.reply(b"too"),
    flow.request(b"and again without", chksum=0),
]

stats = {
    # service, server                      Conns InPkts OutPkts InBytes OutBytes Active InAct
    "UDP 192.0.2.1:53":                    (1, 3, 2, 36 + 36 + 45, 34 + 31),
    "UDP 192.0.2.1:53 -> 10.0.0.11:5353":  (1, 3, 2, 36 + 36 + 45, 34 + 31, 0, 1),
}

# SPDX-License-Identifier: BSD-3-Clause
"""A connection to a VIP on a port, or with a protocol, that no service has is no_service, and answered as a
host answers: TCP with a reset, UDP with port unreachable. The service beside it works."""

from rig import *

config = (one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])
          + service("UDP", VIP6, 53, "DR", [(SERVER6[1], 53)]))



def refused(frame, answer):
    return frame, answer(frame)


traffic = [
    refused(Flow(vport=81).sent(flags="S"), reset),
    refused(Flow(vport=8080).sent(flags="S"), reset),               # the server's port is not the service's
    refused(Flow("UDP", vport=80).sent(b"x"), unreachable_port),    # the right port, the other protocol
    Flow(vport=80).request(flags="S"),
    refused(Flow("UDP", client=CLIENT6, vip=VIP6, vport=54).sent(b"x"), unreachable_port),
    refused(Flow(client=CLIENT6, vip=VIP6, vport=53).sent(flags="S"), reset),
    Flow("UDP", "DR", client=CLIENT6, vip=VIP6, vport=53).request(b"x"),
]

drops = {"no_service": 5}
answers = (5, 0)

stats = {
    # service, server                           Conns InPkts OutPkts InBytes OutBytes Active InAct
    "TCP 192.0.2.1:80":                         (1, 1, 0, 40, 0),
    "TCP 192.0.2.1:80 -> 10.0.0.11:8080":       (1, 1, 0, 40, 0, 1, 0),
    "UDP [2001:db8:2::1]:53":                   (1, 1, 0, 49, 0),
    "UDP [2001:db8:2::1]:53 -> [fd00::11]:53":  (1, 1, 0, 49, 0, 0, 1),
}

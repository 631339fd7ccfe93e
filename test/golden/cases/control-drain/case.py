# SPDX-License-Identifier: BSD-3-Clause
"""A server that is drained by command gets no new connection while those that it has go on; undrained it gets new
ones again."""

from rig import *

workers = (1,)  # the exact turn of round robin is a worker's own

config = one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080), (SERVER4[2], 8080)])

WHICH = ("tcp", "192.0.2.1:80", "10.0.0.12:8080")


def on(server, cport):
    return Flow(server=server, cport=cport)


traffic = [
    on(2, 1).request(flags="S"), on(1, 2).request(flags="S"), on(2, 1).reply(flags="SA"),
    Then(("real", "drain", *WHICH)),
    on(1, 3).request(flags="S"), on(1, 4).request(flags="S"), on(1, 5).request(flags="S"),
    on(2, 1).request(flags="A"), on(2, 1).reply(b"goes on", flags="PA"),
    Then(("real", "undrain", *WHICH)),
    on(2, 6).request(flags="S"), on(1, 7).request(flags="S"), on(2, 8).request(flags="S"),
]

stats = {
    # service, server                      Conns InPkts OutPkts InBytes OutBytes Active InAct
    "TCP 192.0.2.1:80":                    (8, 9, 2, 360, 87),
    "TCP 192.0.2.1:80 -> 10.0.0.11:8080":  (5, 5, 0, 200, 0, 5, 0),
    "TCP 192.0.2.1:80 -> 10.0.0.12:8080":  (3, 4, 2, 160, 87, 3, 0),
}

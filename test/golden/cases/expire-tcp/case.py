# SPDX-License-Identifier: BSD-3-Clause
"""An established TCP connection ends when its timeout has passed; a later segment of it is no_connection (and reset), and
its SYN opens a new one. A half-open one lives on, it has another timeout."""

from rig import *

config = (one_arm(global_defs="lvs_timeouts tcp 1")
          + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)]))

half, up = Flow(cport=1), Flow(cport=2)
late = up.sent(b"late", flags="PA", ack=77)

traffic = [
    half.request(flags="S"),
    up.request(flags="S"), up.reply(flags="SA"), up.request(flags="A"),
    Then(conns=["TCP SYN_RECV 203.0.113.5:1 192.0.2.1:80 10.0.0.11:8080",
                "TCP ESTABLISHED 203.0.113.5:2 192.0.2.1:80 10.0.0.11:8080"],
         wait=lambda control: len(control.connections()) == 1, what="the established connection ends after 1 s"),
    (late, reset(late)),
    half.reply(flags="SA"),
    up.request(flags="S"),
]

drops = {"no_connection": 1}
conns = ["TCP SYN_RECV 203.0.113.5:1 192.0.2.1:80 10.0.0.11:8080",
         "TCP SYN_RECV 203.0.113.5:2 192.0.2.1:80 10.0.0.11:8080"]

stats = {
    # service, server                      Conns InPkts OutPkts InBytes OutBytes Active InAct
    "TCP 192.0.2.1:80":                    (3, 4, 2, 160, 80),
    "TCP 192.0.2.1:80 -> 10.0.0.11:8080":  (3, 4, 2, 160, 80, 2, 0),
}

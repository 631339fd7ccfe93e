# SPDX-License-Identifier: BSD-3-Clause
"""A segment with none of SYN, FIN, ACK, RST puts its connection into CLOSE, from either side, and is forwarded."""

from rig import *

config = (one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])
          + service("TCP", VIP4, 81, "DR", [(SERVER4[2], 81)]))

nat1, nat2, direct = Flow(cport=1), Flow(cport=2), Flow(kind="DR", vport=81, server=2, cport=3)

traffic = [
    nat1.request(flags="S"), nat1.reply(flags="SA"), nat1.request(flags="A"), nat1.request(b"null", flags=""),
    nat2.request(flags="S"), nat2.reply(flags="SA"), nat2.request(flags="A"), nat2.reply(b"null", flags="PU"),
    direct.request(flags="S"), direct.request(flags="A"), direct.request(b"null", flags="P"),
]

conns = [
    "TCP CLOSE 203.0.113.5:1 192.0.2.1:80 10.0.0.11:8080",
    "TCP CLOSE 203.0.113.5:2 192.0.2.1:80 10.0.0.11:8080",
    "TCP CLOSE 203.0.113.5:3 192.0.2.1:81 10.0.0.12:81",
]
expires = {"CLOSE": 10}

stats = {
    # service, server                      Conns InPkts OutPkts InBytes OutBytes Active InAct
    "TCP 192.0.2.1:80":                    (2, 5, 3, 204, 124),
    "TCP 192.0.2.1:80 -> 10.0.0.11:8080":  (2, 5, 3, 204, 124, 0, 2),
    "TCP 192.0.2.1:81":                    (1, 3, 0, 124, 0),
    "TCP 192.0.2.1:81 -> 10.0.0.12:81":    (1, 3, 0, 124, 0, 0, 1),
}

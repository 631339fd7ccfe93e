# SPDX-License-Identifier: BSD-3-Clause
"""DR, the client closes: one FIN and the connection is in FIN_WAIT, inactive, and stays there for 120 s whatever
else the client acknowledges, because the server's FIN does not pass here."""

from rig import *

config = one_arm() + service("TCP", VIP4, 80, "DR", [(SERVER4[1], 80)])

flow = Flow(kind="DR")


def now(state):
    return Then(conns=[f"TCP {state} 203.0.113.5:40000 192.0.2.1:80 10.0.0.11:80"])


traffic = [
    flow.request(flags="S"), now("SYN_RECV"),
    flow.request(flags="A"), now("ESTABLISHED"),
    flow.request(flags="FA"), now("FIN_WAIT"),
    flow.request(flags="A"), now("FIN_WAIT"),
    flow.request(flags="A"),
]

conns = ["TCP FIN_WAIT 203.0.113.5:40000 192.0.2.1:80 10.0.0.11:80"]
expires = {"FIN_WAIT": 120}

stats = {
    # service, server                    Conns InPkts OutPkts InBytes OutBytes Active InAct
    "TCP 192.0.2.1:80":                  (1, 5, 0, 200, 0),
    "TCP 192.0.2.1:80 -> 10.0.0.11:80":  (1, 5, 0, 200, 0, 0, 1),
}

# SPDX-License-Identifier: BSD-3-Clause
"""NAT, the client closes first: SYN_RECV, ESTABLISHED, CLOSE_WAIT, TIME_WAIT, looked at after each segment; the
connection stops being active with the first FIN."""

from rig import *

config = one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])

flow = Flow()


def now(state):
    return Then(conns=[f"TCP {state} 203.0.113.5:40000 192.0.2.1:80 10.0.0.11:8080"])


traffic = [
    flow.request(flags="S"), now("SYN_RECV"),
    flow.reply(flags="SA"), now("SYN_RECV"),
    flow.request(flags="A"), now("ESTABLISHED"),
    flow.request(b"GET", flags="PA"), flow.reply(b"200", flags="PA"), now("ESTABLISHED"),
    flow.request(flags="FA"), now("CLOSE_WAIT"),
    flow.reply(flags="A"), now("CLOSE_WAIT"),
    flow.reply(flags="FA"), now("TIME_WAIT"),
    flow.request(flags="A"), now("TIME_WAIT"),
]

stats = {
    # service, server                      Conns InPkts OutPkts InBytes OutBytes Active InAct
    "TCP 192.0.2.1:80":                    (1, 5, 4, 5 * 40 + 3, 4 * 40 + 3),
    "TCP 192.0.2.1:80 -> 10.0.0.11:8080":  (1, 5, 4, 5 * 40 + 3, 4 * 40 + 3, 0, 1),
}

expires = {"TIME_WAIT": 120}

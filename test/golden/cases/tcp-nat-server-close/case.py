# SPDX-License-Identifier: BSD-3-Clause
"""NAT over IPv6, the server closes first: ESTABLISHED, FIN_WAIT, TIME_WAIT, looked at after each segment."""

from rig import *

config = one_arm() + service("TCP", VIP6, 80, "NAT", [(SERVER6[1], 8080)])

flow = Flow(client=CLIENT6, vip=VIP6)


def now(state):
    return Then(conns=[f"TCP {state} [2001:db8:c::5]:40000 [2001:db8:2::1]:80 [fd00::11]:8080"])


traffic = [
    flow.request(flags="S"), flow.reply(flags="SA"), flow.request(flags="A"), now("ESTABLISHED"),
    flow.reply(b"bye", flags="FPA"), now("FIN_WAIT"),
    flow.request(flags="A"), now("FIN_WAIT"),
    flow.request(flags="FA"), now("TIME_WAIT"),
    flow.reply(flags="A"), now("TIME_WAIT"),
]

stats = {
    # service, server                            Conns InPkts OutPkts InBytes OutBytes Active InAct
    "TCP [2001:db8:2::1]:80":                    (1, 4, 3, 4 * 60, 3 * 60 + 3),
    "TCP [2001:db8:2::1]:80 -> [fd00::11]:8080": (1, 4, 3, 4 * 60, 3 * 60 + 3, 0, 1),
}

expires = {"TIME_WAIT": 120}

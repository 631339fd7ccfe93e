# SPDX-License-Identifier: BSD-3-Clause
"""A connection that has expired gives its place back: a server that was full takes new ones again, as many as before."""

from rig import *

UPPER = 4

config = one_arm(global_defs="lvs_timeouts udp 1") + service("UDP", VIP4, 53, "NAT", [(SERVER4[1], 5353)]).replace(
    "weight 1\n", f"weight 1\n        uthreshold {UPPER}\n        lthreshold 1\n"
)


def flow(n):
    return Flow("UDP", vport=53, sport=5353, cport=2000 + n)


def accepted(first):
    return [flow(first + n).request(b"first") for n in range(UPPER)]


def refused(first, count):
    sent = [flow(first + n).sent(b"next") for n in range(count)]
    return [(each, unreachable_port(each)) for each in sent]


def idle(control):
    return not control.connections()


traffic = (
    accepted(0)
    + [Then()]
    + refused(100, 3)
    + [Then(wait=idle, what="UDP connections end after 1 s")]
    + accepted(200)
    + [Then()]
    + refused(300, 2)
    + [Then(wait=idle, what="UDP connections end once more")]
    + accepted(400)
)

drops = {"no_server": 5}
answers = (5, 0)

stats = {
    # service, server                     Conns InPkts OutPkts InBytes OutBytes Active InAct
    "UDP 192.0.2.1:53": (12, 12, 0, 12 * 33, 0),
    "UDP 192.0.2.1:53 -> 10.0.0.11:5353": (12, 12, 0, 12 * 33, 0, 0, 4),
}

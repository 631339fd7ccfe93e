# SPDX-License-Identifier: BSD-3-Clause
"""What comes to a local address and belongs to no connection - a port that is not given out, another server, another
server's port, the other protocol - reaches no client, and makes no connection."""

from rig import *

config = (
    one_arm()
    + local_group("snat", LOCAL4)
    + service("TCP", VIP4, 80, "FNAT", [(SERVER4[1], 8080)], "rr", "laddr_group_name snat")
)

flow = FnatFlow()


def stray(n=1, sport=8080, l4=TCP, more=0, **fields):
    def build(address, port):
        return from_server(n, ip(SERVER4[n], address) / l4(sport=sport, dport=port + more, **fields)).data

    return Later("wan", flow.local, build), None


traffic = [
    flow.request(flags="S"),
    Then(),
    stray(n=2, flags="SA"),
    stray(sport=8081, flags="SA"),
    stray(more=1, flags="SA"),
    stray(l4=UDP),
    (from_server(1, ip(SERVER4[1], LOCAL4) / TCP(sport=8080, dport=80, flags="SA")), None),
    flow.reply(flags="SA", seq=7),
    flow.request(flags="A", ack=8),
]

drops = {("transit", "no_connection", "punt_ignored"): 5}
conns = ["TCP ESTABLISHED 203.0.113.5:40000 192.0.2.1:80 10.0.0.11:8080"]

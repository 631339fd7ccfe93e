# SPDX-License-Identifier: BSD-3-Clause
"""A server that is removed by command takes no new connection, those that it has go on both ways; added again it takes
them up, counters included. Removed with flush, its connections end and their packets are server_removed.
(The service is silent, because what comes after that may be a stray segment, or not yet.)"""

from rig import *

workers = (1,)  # the exact turn of round robin is a worker's own

config = one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080), (SERVER4[2], 8080)], "rr", "reject off")

WHICH = ("tcp", "192.0.2.1:80", "10.0.0.12:8080")


def on(server, cport):
    return Flow(server=server, cport=cport)


def ended(control):
    return not any(conn.real == "10.0.0.12:8080" for conn in control.connections())


traffic = [
    on(2, 1).request(flags="S"), on(2, 1).reply(flags="SA"), on(1, 2).request(flags="S"),
    Then(("real", "del", *WHICH)),
    on(1, 3).request(flags="S"), on(1, 4).request(flags="S"),
    on(2, 1).request(flags="A"), on(2, 1).reply(b"goes on", flags="PA"),
    Then(("real", "add", *WHICH),
         conns=["TCP ESTABLISHED 203.0.113.5:1 192.0.2.1:80 10.0.0.12:8080",
                "TCP SYN_RECV 203.0.113.5:2 192.0.2.1:80 10.0.0.11:8080",
                "TCP SYN_RECV 203.0.113.5:3 192.0.2.1:80 10.0.0.11:8080",
                "TCP SYN_RECV 203.0.113.5:4 192.0.2.1:80 10.0.0.11:8080"]),
    on(2, 1).request(b"and on", flags="PA"),
    on(2, 5).request(flags="S"),
    Then(("real", "del", *WHICH, "flush")),
    (on(2, 1).sent(b"over", flags="PA"), None),
    (on(2, 1).reply(b"over", flags="PA")[0], None),
    on(1, 6).request(flags="S"), on(1, 2).request(flags="A"),
]

drops = {("server_removed", "no_connection", "transit"): 2}
stats = {
    # service, server                      Conns InPkts OutPkts InBytes OutBytes Active InAct
    "TCP 192.0.2.1:80":                    (6, 9, 2, 40 * 9 + 6, 87),
    "TCP 192.0.2.1:80 -> 10.0.0.11:8080":  (4, 5, 0, 200, 0, 4, 0),
}

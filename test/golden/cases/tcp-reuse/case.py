# SPDX-License-Identifier: BSD-3-Clause
"""A SYN on a connection in TIME_WAIT or CLOSE is a new connection and is scheduled anew (conn_reuse_mode 1): round
robin gives it the other server. In every other state it stays where it was."""

from rig import *

workers = (1,)  # the exact turn of round robin is a worker's own

config = one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080), (SERVER4[2], 8080)])

# Newest first: the first connection goes to server 2, the next to server 1, and so on in turn.
closed, timed, half, waiting = (dict(cport=port) for port in (1, 2, 3, 4))


def on(server, who):
    return Flow(server=server, **who)


traffic = [
    on(2, closed).request(flags="S"), on(2, closed).reply(flags="RA"),
    on(1, timed).request(flags="S"), on(1, timed).reply(flags="SA"), on(1, timed).request(flags="A"),
    on(1, timed).request(flags="FA"), on(1, timed).reply(flags="FA"),
    on(2, half).request(flags="S"),
    on(1, waiting).request(flags="S"), on(1, waiting).reply(flags="SA"), on(1, waiting).request(flags="A"),
    on(1, waiting).reply(flags="FA"),
    Then(conns=["TCP CLOSE 203.0.113.5:1 192.0.2.1:80 10.0.0.12:8080",
                "TCP TIME_WAIT 203.0.113.5:2 192.0.2.1:80 10.0.0.11:8080",
                "TCP SYN_RECV 203.0.113.5:3 192.0.2.1:80 10.0.0.12:8080",
                "TCP FIN_WAIT 203.0.113.5:4 192.0.2.1:80 10.0.0.11:8080"]),
    on(2, timed).request(flags="S"), Then(), on(2, timed).reply(flags="SA"), on(2, timed).request(flags="A"),
    on(1, closed).request(flags="S"),
    on(2, half).request(flags="S"),
    on(1, waiting).request(flags="S"),
]

conns = [
    "TCP SYN_RECV    203.0.113.5:1 192.0.2.1:80 10.0.0.11:8080",
    "TCP ESTABLISHED 203.0.113.5:2 192.0.2.1:80 10.0.0.12:8080",
    "TCP SYN_RECV    203.0.113.5:3 192.0.2.1:80 10.0.0.12:8080",
    "TCP SYN_RECV    203.0.113.5:4 192.0.2.1:80 10.0.0.11:8080",
]

stats = {
    # service, server                      Conns InPkts OutPkts InBytes OutBytes Active InAct
    "TCP 192.0.2.1:80":                    (6, 12, 6, 12 * 40, 6 * 40),
    "TCP 192.0.2.1:80 -> 10.0.0.11:8080":  (3, 7, 4, 7 * 40, 4 * 40, 2, 0),
    "TCP 192.0.2.1:80 -> 10.0.0.12:8080":  (3, 5, 2, 5 * 40, 2 * 40, 2, 0),
}

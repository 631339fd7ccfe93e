# SPDX-License-Identifier: BSD-3-Clause
"""Least-connection weighs an active connection as 257 and an inactive one as 1: the server whose connection closed
is the next to be chosen, and is still behind one that never had any."""

from rig import *

workers = (1,)  # counts of other workers may be a millisecond old

config = one_arm() + service("TCP", VIP4, 80, "DR", [(SERVER4[n], 80) for n in (1, 2, 3)], "lc")


def on(server, cport):
    return Flow(kind="DR", server=server, cport=cport)


traffic = [
    on(3, 1).request(flags="S"), on(2, 2).request(flags="S"), on(1, 3).request(flags="S"),
    on(3, 4).request(flags="S"), on(2, 5).request(flags="S"), on(1, 6).request(flags="S"),
    # Server 1: one active, one inactive (258); servers 2 and 3: two active (514).
    on(1, 3).request(flags="A"), on(1, 3).request(flags="FA"), Then(),
    on(1, 7).request(flags="S"), Then(),
    # Server 1 515, servers 3 and 2 514 each: the newer of them, then the other.
    on(3, 8).request(flags="S"), on(2, 9).request(flags="S"), Then(),
    # Server 1 515, the others 771.
    on(1, 10).request(flags="S"), Then(),
    # Server 2 loses two: 257 + 2 = 259.
    on(2, 2).request(flags="A"), on(2, 2).request(flags="R"), on(2, 5).request(flags="A"), on(2, 5).request(flags="R"),
    Then(),
    on(2, 11).request(flags="S"),
]

stats = {
    # service, server                    Conns InPkts OutPkts InBytes OutBytes Active InAct
    "TCP 192.0.2.1:80":                  (11, 17, 0, 17 * 40, 0),
    "TCP 192.0.2.1:80 -> 10.0.0.11:80":  (4, 6, 0, 240, 0, 3, 1),
    "TCP 192.0.2.1:80 -> 10.0.0.12:80":  (4, 8, 0, 320, 0, 2, 2),
    "TCP 192.0.2.1:80 -> 10.0.0.13:80":  (3, 3, 0, 120, 0, 3, 0),
}

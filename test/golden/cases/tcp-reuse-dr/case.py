# SPDX-License-Identifier: BSD-3-Clause
"""DR: a SYN in FIN_WAIT keeps its connection and its server (conn_reuse_mode 1 looks at TIME_WAIT and CLOSE alone),
one in CLOSE is scheduled anew, one in TIME_WAIT too."""

from rig import *

workers = (1,)  # the exact turn of round robin is a worker's own

config = one_arm() + service("TCP", VIP6, 80, "DR", [(SERVER6[1], 80), (SERVER6[2], 80)])


def on(server, cport):
    return Flow(kind="DR", client=CLIENT6, vip=VIP6, server=server, cport=cport)


traffic = [
    on(2, 1).request(flags="S"), on(2, 1).request(flags="A"), on(2, 1).request(flags="FA"),  # FIN_WAIT
    on(1, 2).request(flags="S"), on(1, 2).request(flags="A"), on(1, 2).request(flags="R"),   # CLOSE
    on(2, 3).request(flags="S"), on(2, 3).request(flags="FA"),                               # TIME_WAIT
    Then(conns=["TCP FIN_WAIT  [2001:db8:c::5]:1 [2001:db8:2::1]:80 [fd00::12]:80",
                "TCP CLOSE     [2001:db8:c::5]:2 [2001:db8:2::1]:80 [fd00::11]:80",
                "TCP TIME_WAIT [2001:db8:c::5]:3 [2001:db8:2::1]:80 [fd00::12]:80"]),
    on(2, 1).request(flags="S"),
    on(1, 3).request(flags="S"),
    on(2, 2).request(flags="S"),
]

conns = [
    "TCP SYN_RECV [2001:db8:c::5]:1 [2001:db8:2::1]:80 [fd00::12]:80",
    "TCP SYN_RECV [2001:db8:c::5]:2 [2001:db8:2::1]:80 [fd00::12]:80",
    "TCP SYN_RECV [2001:db8:c::5]:3 [2001:db8:2::1]:80 [fd00::11]:80",
]

stats = {
    # service, server                           Conns InPkts OutPkts InBytes OutBytes Active InAct
    "TCP [2001:db8:2::1]:80":                   (5, 11, 0, 660, 0),
    "TCP [2001:db8:2::1]:80 -> [fd00::11]:80":  (2, 4, 0, 240, 0, 1, 0),
    "TCP [2001:db8:2::1]:80 -> [fd00::12]:80":  (3, 7, 0, 420, 0, 2, 0),
}

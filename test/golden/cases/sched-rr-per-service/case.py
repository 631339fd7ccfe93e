# SPDX-License-Identifier: BSD-3-Clause
"""Every service turns for itself: connections to one do not move the turn of another, though they share servers."""

from rig import *

workers = (1,)  # the exact turn of round robin is a worker's own

REALS = [(SERVER4[1], 80), (SERVER4[2], 80), (SERVER4[3], 80)]

config = (one_arm() + service("TCP", VIP4, 80, "DR", REALS) + service("UDP", VIP4, 80, "DR", REALS)
          + service("TCP", OTHER_VIP4, 80, "DR", REALS))


def opened(proto, vip, server, cport):
    return Flow(proto, "DR", vip=vip, server=server, cport=cport).request()


traffic = [
    opened("TCP", VIP4, 3, 1),
    opened("TCP", OTHER_VIP4, 3, 2),
    opened("TCP", VIP4, 2, 3),
    opened("UDP", VIP4, 3, 4),
    opened("TCP", VIP4, 1, 5),
    opened("UDP", VIP4, 2, 6),
    opened("TCP", VIP4, 3, 7),
    opened("TCP", OTHER_VIP4, 2, 8),
]

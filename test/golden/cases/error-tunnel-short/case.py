# SPDX-License-Identifier: BSD-3-Clause
"""A too-big error about an own tunnel packet that quotes eight bytes only (RFC 792) cannot be told to a client, but
the box remembers the MTU: the next packet that would not fit is answered."""

from rig import *

config = one_arm() + service("UDP", VIP4, 80, "TUN", [(SERVER4[1], 80)])

flow = TunnelFlow(Tunnel(), proto="UDP")
DF = dict(flags="DF", id=3)
sent, left = flow.request(bytes(1400 - 28), ip_fields=DF)
outer = bytes(left.frame.data.payload)[:28]
long = flow.sent(bytes(1381 - 28), ip_fields=DF)

traffic = [
    (sent, left),
    Then(),
    (from_server(1, error("10.0.0.99", OWN_LAN4, 3, 4, outer, 1400)), None),
    Then(),
    (long, too_big(long, 1380)),
    flow.request(bytes(1380 - 28), ip_fields=DF),
]
drops = None

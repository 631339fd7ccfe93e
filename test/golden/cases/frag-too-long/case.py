# SPDX-License-Identifier: BSD-3-Clause
"""A fragment that is too long for the tunnel: IPv4's is cut again, between fragments of the outer packet; IPv6's
first one is answered by packet too big, the others are not."""

from rig import *

config = (
    one_arm()
    + service("UDP", VIP4, 80, "TUN", [(SERVER4[1], 80)])
    + service("UDP", VIP6, 80, "TUN", [(SERVER4[1], 80)])
)

four = TunnelFlow(Tunnel(), proto="UDP")
six = TunnelFlow(Tunnel(), proto="UDP", client=CLIENT6, vip=VIP6)
data = bytes(n % 251 for n in range(2200))

rows4 = [
    (from_client(came), cut_by_box(four.wrapped(left), 1500))
    for came, left in zip(pieces(four.packet(data), 1480)[:1], pieces(four.packet(data, 63), 1480)[:1])
]
parts6 = [from_client(part) for part in pieces(six.packet(data), 1448)]
long6 = from_client(piece(six.packet(bytes(4000)), 1448, 2896, number=9))
first6 = from_client(piece(six.packet(bytes(4000)), 0, 1448, number=9))

traffic = rows4 + [(first6, too_big(first6, 1480)), (long6, None)]
drops = {"too_big": 2}
answers = (1, 0)

# SPDX-License-Identifier: BSD-3-Clause
"""What is too long and is an ICMP error itself is never answered by another; it is dropped as too_big."""

from rig import *

config = (
    one_arm()
    + service("UDP", VIP4, 80, "TUN", [(SERVER4[1], 80)])
    + service("UDP", VIP6, 80, "TUN", [(SERVER6[1], 80)])
)

four = TunnelFlow(Tunnel(), proto="UDP")
six = TunnelFlow(Tunnel(), 6, proto="UDP", client=CLIENT6, vip=VIP6)


def long(flow, kind, code, **fields):
    about = ip(flow.vip, flow.client, 60) / UDP(sport=80, dport=40000) / bytes(1400)
    return from_client(error(flow.client, flow.vip, kind, code, bytes(about) + bytes(40), **fields)), None


traffic = [four.request(b"q"), six.request(b"q"), long(four, 3, 1, flags="DF"), long(six, 1, 1), four.request(b"q")]
drops = {"too_big": 2}
answers = (0, 0)

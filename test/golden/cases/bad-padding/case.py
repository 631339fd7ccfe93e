# SPDX-License-Identifier: BSD-3-Clause
"""What stands behind the IP packet in a frame is padding: it is neither counted nor part of any checksum, whatever its
length and whatever is in it, and no more of it is sent on than a frame of Ethernet's least length (60) needs."""

from rig import *

config = (one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])
          + service("UDP", VIP4, 53, "DR", [(SERVER4[2], 53)])
          + service("UDP", VIP6, 53, "NAT", [(SERVER6[1], 5353)]))

tcp, direct = Flow(), Flow("UDP", "DR", vport=53, server=2)
udp6 = Flow("UDP", vport=53, sport=5353, client=CLIENT6, vip=VIP6)


def padded(exchange, padding):
    sent, left = exchange
    return Frame(sent.port, sent.raw() + padding), loosely(left, "padding")


traffic = [
    padded(tcp.request(flags="S"), bytes(6)),
    padded(tcp.reply(flags="SA"), bytes(6)),
    padded(tcp.request(flags="A"), b"\xaa" * 6),
    padded(tcp.request(b"odd", flags="PA"), b"\xff" * 3),
    padded(tcp.reply(b"data", flags="PA"), b"secret" * 100),
    padded(direct.request(b"x"), b"\x55" * 17),
    padded(direct.request(b""), b"\x55" * 1),
    padded(udp6.request(b"y"), b"\x99" * 5),
    padded(udp6.reply(b"yz"), b"\x99" * 1000),
]

stats = {
    # service, server                            Conns InPkts OutPkts InBytes OutBytes Active InAct
    "TCP 192.0.2.1:80":                          (1, 3, 2, 40 + 40 + 43, 40 + 44),
    "TCP 192.0.2.1:80 -> 10.0.0.11:8080":        (1, 3, 2, 40 + 40 + 43, 40 + 44, 1, 0),
    "UDP 192.0.2.1:53":                          (1, 2, 0, 29 + 28, 0),
    "UDP 192.0.2.1:53 -> 10.0.0.12:53":          (1, 2, 0, 29 + 28, 0, 0, 1),
    "UDP [2001:db8:2::1]:53":                    (1, 1, 1, 49, 50),
    "UDP [2001:db8:2::1]:53 -> [fd00::11]:5353": (1, 1, 1, 49, 50, 0, 1),
}

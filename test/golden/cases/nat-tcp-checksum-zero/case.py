# SPDX-License-Identifier: BSD-3-Clause
"""NAT, TCP: a checksum that is computed as 0 after the rewrite is sent as 0 (TCP has no "none"), never as 0xffff;
and one that came in as 0 becomes what it has to be. Both families, both directions."""

from rig import *

config = (one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])
          + service("TCP", VIP6, 80, "NAT", [(SERVER6[1], 8080)]))


def checksum(frame):
    return bytes(frame.data[TCP])[16:18]


def rows(exchange):
    """Once so that the checksum that leaves computes as 0, once the one that came."""
    sent, left = exchange(b"\0\0", flags="PA")
    return [exchange(checksum(left), flags="PA"), exchange(checksum(sent), flags="PA")]


four = Flow()
six = Flow(client=CLIENT6, vip=VIP6)

zeros = rows(four.request) + rows(four.reply) + rows(six.request) + rows(six.reply)
for index, (sent, left) in enumerate(zeros):
    assert checksum((left, sent)[index % 2]) == b"\0\0", index

traffic = [four.request(flags="S"), six.request(flags="S")] + zeros

stats = {
    # service, server                             Conns InPkts OutPkts InBytes OutBytes Active InAct
    "TCP 192.0.2.1:80":                           (1, 3, 2, 40 + 84, 84),
    "TCP 192.0.2.1:80 -> 10.0.0.11:8080":         (1, 3, 2, 40 + 84, 84, 1, 0),
    "TCP [2001:db8:2::1]:80":                     (1, 3, 2, 60 + 124, 124),
    "TCP [2001:db8:2::1]:80 -> [fd00::11]:8080":  (1, 3, 2, 60 + 124, 124, 1, 0),
}

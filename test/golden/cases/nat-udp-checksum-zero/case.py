# SPDX-License-Identifier: BSD-3-Clause
"""NAT, UDP: a checksum that is computed as 0 after the rewrite is sent as 0xffff, because 0 means "none"; and one
that came in as 0xffff becomes what it has to be. Both families, both directions."""

from rig import *

config = (one_arm() + service("UDP", VIP4, 53, "NAT", [(SERVER4[1], 5353)])
          + service("UDP", VIP6, 53, "NAT", [(SERVER6[1], 5353)]))


def zeroing(frame):
    """Two bytes of payload with which this frame's checksum, now over two zero bytes, computes as 0."""
    return bytes(frame.data[UDP])[6:8]


def rows(exchange):
    """Once so that the checksum that leaves computes as 0, once the one that came."""
    sent, left = exchange(b"\0\0")
    return [exchange(zeroing(left)), exchange(zeroing(sent))]


four = Flow("UDP", vport=53, sport=5353)
six = Flow("UDP", vport=53, sport=5353, client=CLIENT6, vip=VIP6)

traffic = rows(four.request) + rows(four.reply) + rows(six.request) + rows(six.reply)

# The oracle itself: the cases above are what they claim to be.
for index, (sent, left) in enumerate(traffic):
    assert bytes((left, sent)[index % 2].data[UDP])[6:8] == b"\xff\xff", index

stats = {
    # service, server                             Conns InPkts OutPkts InBytes OutBytes Active InAct
    "UDP 192.0.2.1:53":                           (1, 2, 2, 60, 60),
    "UDP 192.0.2.1:53 -> 10.0.0.11:5353":         (1, 2, 2, 60, 60, 0, 1),
    "UDP [2001:db8:2::1]:53":                     (1, 2, 2, 100, 100),
    "UDP [2001:db8:2::1]:53 -> [fd00::11]:5353":  (1, 2, 2, 100, 100, 0, 1),
}

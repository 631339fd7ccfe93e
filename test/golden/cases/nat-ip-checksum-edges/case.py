# SPDX-License-Identifier: BSD-3-Clause
"""IPv4 header checksums are exact at their edges: one that has to become 0 is sent as 0, not as 0xffff, and one
that came in as 0 is accepted and becomes what it has to be. NAT and DR."""

import struct

from rig import *

config = (one_arm() + service("UDP", VIP4, 53, "NAT", [(SERVER4[1], 5353)])
          + service("UDP", VIP4, 54, "DR", [(SERVER4[1], 54)]))

nat = Flow("UDP", vport=53, sport=5353)
direct = Flow("UDP", kind="DR", vport=54, sport=54)


def identified(frame, number):
    """The frame with this IP identification and the checksum that belongs to it."""
    packet = frame.data.copy()
    packet[IP].id, packet[IP].chksum = number, None
    return Frame(frame.port, packet)


def checksum(frame):
    return struct.unpack_from(">H", frame.raw(), 24)[0]


def rows(exchange):
    """Identifications with which the checksum that leaves is 0, the one that came is 0, and their neighbours."""
    sent, left = (identified(frame, 0) for frame in exchange)
    return [(identified(sent, number & 0xFFFF), identified(left, number & 0xFFFF))
            for zero in (checksum(left), checksum(sent)) for number in (zero, zero - 1, zero + 1)]


traffic = rows(nat.request(b"edge")) + rows(nat.reply(b"edge")) + rows(direct.request(b"edge"))
for start in (0, 6, 12):
    assert checksum(traffic[start][1]) == 0 and checksum(traffic[start + 3][0]) == 0

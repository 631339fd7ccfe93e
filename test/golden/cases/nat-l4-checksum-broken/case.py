# SPDX-License-Identifier: BSD-3-Clause
"""A wrong TCP or UDP checksum is not the balancer's to judge or to mend: the packet is forwarded, and its checksum
is still wrong by the same amount, so that the receiver sees the damage. NAT and DR, both families and directions."""

import struct

from rig import *

config = (one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])
          + service("TCP", VIP6, 80, "NAT", [(SERVER6[1], 8080)])
          + service("UDP", VIP4, 53, "NAT", [(SERVER4[1], 5353)])
          + service("UDP", VIP6, 53, "NAT", [(SERVER6[1], 5353)])
          + service("TCP", VIP4, 81, "DR", [(SERVER4[1], 81)]))

AT = {TCP: 16, UDP: 6}


def checksum(frame, l4):
    return struct.unpack_from(">H", bytes(frame.data[l4]), AT[l4])[0]


def with_checksum(frame, l4, value):
    packet = frame.data.copy()
    packet[l4].chksum = value
    return Frame(frame.port, packet)


def broken(exchange, l4, error):
    """The exchange with a checksum that is `error` too high when it comes in, and as much when it leaves."""
    sent, left = exchange
    bad = (checksum(sent, l4) + error) % 0xFFFF or 0x1111
    expected = broken_alike(bad, checksum(sent, l4), checksum(left, l4))
    assert bad != checksum(sent, l4) and expected not in (0, 0xFFFF)
    return with_checksum(sent, l4, bad), with_checksum(left, l4, expected)


tcp4, tcp6 = Flow(), Flow(client=CLIENT6, vip=VIP6)
udp4, udp6 = Flow("UDP", vport=53, sport=5353), Flow("UDP", vport=53, sport=5353, client=CLIENT6, vip=VIP6)
direct = Flow(kind="DR", vport=81, sport=81)

traffic = []
for l4, flow in ((TCP, tcp4), (TCP, tcp6), (UDP, udp4), (UDP, udp6), (TCP, direct)):
    traffic.append(broken(flow.request(b""), l4, 1))
    for error in (0x0100, 0x8001, 0x7F00):
        payload = struct.pack(">H", error) * 3
        traffic.append(broken(flow.request(payload), l4, error))
        if flow.nat:
            traffic.append(broken(flow.reply(payload), l4, error))

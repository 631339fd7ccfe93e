# SPDX-License-Identifier: BSD-3-Clause
"""Full NAT within IPv4: a datagram without checksum (0) still has none, both ways; one whose checksum comes out as
zero is sent with 0xffff."""

from rig import *

config = (
    one_arm()
    + local_group("snat", LOCAL4)
    + service("UDP", VIP4, 53, "FNAT", [(SERVER4[1], 5353)], "rr", "laddr_group_name snat")
)

flow = FnatFlow("UDP", vport=53, sport=5353)


def zero_sum(exchange):
    """For the checksum of what leaves to be zero, its payload's last word is what the rest of it lacks."""
    word = UDP(bytes(exchange(b"\0\0")[1].data[UDP])).chksum
    return exchange(word.to_bytes(2, "big"))


traffic = [
    flow.request(b"with one"),
    Then(),
    flow.reply(b"too"),
    flow.request(b"without", chksum=0),
    flow.reply(b"neither", chksum=0),
    zero_sum(flow.reply),
    flow.request(b"and with"),
]

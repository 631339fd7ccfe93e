# SPDX-License-Identifier: BSD-3-Clause
"""ICMP errors, those that come in and those that the box makes. Packets are scapy's, checksums too. No state."""

import struct

from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6, in6_chksum
from scapy.packet import Raw
from scapy.utils import checksum

from .judge import loosely
from .topology import Frame, ip, to_client

QUOTE4, QUOTE6 = 576 - 28, 1280 - 48  # the most that an error of ours quotes (RFC 1812 4.3.2.3, RFC 4443 2.4 c)

UNREACHABLE, QUENCH, EXCEEDED, PROBLEM = 3, 4, 11, 12
UNREACHABLE6, TOO_BIG6, EXCEEDED6, PROBLEM6 = 1, 2, 3, 4


def error(src, dst, kind, code, quote, rest=0, ttl=64, good=True, **fields):
    """An ICMP or, with IPv6 addresses, ICMPv6 error: a whole IP packet. `quote`: a packet or bytes; `rest`: the 32 bits
    behind the checksum (an MTU, a pointer); `good` False: with a checksum that is wrong."""
    quote = bytes(quote)
    header = ip(src, dst, ttl, **fields)
    message = struct.pack(">BBHI", kind, code, 0, rest) + quote
    if header.version == 6:
        header.nh = 58
        total = in6_chksum(58, IPv6(bytes(header / Raw(message))), message)
    else:
        header.proto = 1
        total = checksum(message)
    if not good:
        total ^= 0x0101
    return header / Raw(message[:2] + struct.pack(">H", total) + message[4:])


def seen_as(packet, keep=None, src=None, dst=None, sport=None, dport=None):
    """A packet as an error quotes it, with these addresses and ports instead of its own, as bytes, the first `keep`. Its
    IP header has a right checksum; the one of its TCP or UDP is what it was, because nobody looks at it there."""
    packet = packet.__class__(bytes(packet))
    l4 = packet[TCP] if TCP in packet else packet[UDP]
    for layer, field, value in ((packet, "src", src), (packet, "dst", dst), (l4, "sport", sport), (l4, "dport", dport)):
        if value is not None:
            setattr(layer, field, value)
    if packet.version == 4:
        del packet.chksum
    return bytes(packet)[:keep]


def own_error(frame):
    """One that the box made: TTL, identification and TOS are its own."""
    if frame.raw()[12:14] == b"\x08\x00":
        return loosely(frame, "ip4.ttl", "ip4.id", "ip4.flags", "ip4.tos")
    return loosely(frame, "ip6.hlim", "ip6.flow")


def answer(sent, kind, code, rest=0, src=None):
    """The error about a client's frame that the box sends back to it; `src` is the VIP if nothing else is said."""
    packet = bytes(sent.data.payload) if isinstance(sent, Frame) else bytes(sent)
    header = IPv6(packet) if packet[0] >> 4 == 6 else IP(packet)
    limit = QUOTE6 if header.version == 6 else QUOTE4
    return own_error(to_client(error(src or header.dst, header.src, kind, code, packet[:limit], rest),
                               sent.port if isinstance(sent, Frame) else "wan"))


def unreachable_port(sent):
    """... that nobody listens there."""
    return answer(sent, *((UNREACHABLE6, 4) if _is6(sent) else (UNREACHABLE, 3)))


def too_big(sent, mtu):
    """... that it is longer than the MTU that fits."""
    return answer(sent, *((TOO_BIG6, 0) if _is6(sent) else (UNREACHABLE, 4)), rest=mtu)


def ran_out(sent):
    """... that its TTL has run out."""
    return answer(sent, *((EXCEEDED6, 0) if _is6(sent) else (EXCEEDED, 0)))


def reset(sent):
    """The segment with which a host says that it knows nothing of a client's (RFC 9293 3.10.7.1)."""
    packet = sent.data.payload
    header, segment = packet.__class__(bytes(packet)), packet.__class__(bytes(packet))[TCP]
    ports = dict(sport=segment.dport, dport=segment.sport, window=0)
    if segment.flags.A:
        back = TCP(flags="R", seq=segment.ack, ack=0, **ports)
    else:
        length = len(bytes(segment.payload)) + int(segment.flags.S) + int(segment.flags.F)
        back = TCP(flags="RA", seq=0, ack=(segment.seq + length) % 2**32, **ports)
    return own_error(to_client(ip(header.dst, header.src) / back, sent.port))


def _is6(sent):
    return (sent.data.payload if isinstance(sent, Frame) else sent).version == 6

# SPDX-License-Identifier: BSD-3-Clause
"""IPv4 headers with a wrong version, a header length below 20 or past the packet, a total length below the header or
past the frame are ip_header (where the frame ends before what they announce, truncated will do too)."""

from rig import *

config = one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])

base = Flow().sent(b"0123456789", flags="S").raw()


def mended(frame):
    """The frame with the header checksum that its (wrong) header should have."""
    frame = bytearray(frame)
    frame[24:26] = b"\0\0"
    length = max(20, (frame[14] & 15) * 4)
    frame[24:26] = (ones_sum(bytes(frame[14 : 14 + length])) ^ 0xFFFF).to_bytes(2, "big")
    return Frame("wan", bytes(frame))


def patched(offset, value):
    return mended(base[:offset] + value + base[offset + len(value):])


def version_ihl(value):
    return patched(14, bytes([value])), None


def total_length(value):
    return patched(16, value.to_bytes(2, "big")), None


wrong = [version_ihl(value) for value in (0x05, 0x15, 0x55, 0x65, 0x75, 0xF5)]
wrong += [version_ihl(value) for value in (0x40, 0x41, 0x44)]
wrong += [total_length(value) for value in (0, 1, 19)]
past = [total_length(value) for value in (51, 60, 1500, 65535)]
past += [(mended(base[:14] + b"\x4f" + base[15:34]), None)]  # 60 bytes of header announced, 20 are there

traffic = wrong + past + [Flow().request(flags="S")]

drops = {"ip_header": len(wrong), ("ip_header", "truncated"): len(past)}
conns = ["TCP SYN_RECV 203.0.113.5:40000 192.0.2.1:80 10.0.0.11:8080"]

# SPDX-License-Identifier: BSD-3-Clause
"""Fragments: cutting packets for the box, and putting together what the box has cut. No state.

How a box cuts is its own affair as long as RFC 791 and 8200 hold: pieces of at most the MTU, all but the last of a
multiple of eight bytes, one identification, nothing missing, nothing twice. So a case expects the whole packet:
`cut_by_box(frame, mtu)`.
"""

import struct
from typing import NamedTuple

from scapy.layers.inet import IP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment
from scapy.packet import Raw

from . import frames
from .judge import Loosely


class CutByBox(NamedTuple):
    """A frame that leaves in at least two pieces of at most `mtu` bytes, each of which is an IP packet."""

    expected: object
    mtu: int


def cut_by_box(expected, mtu):
    return CutByBox(expected, mtu)


def pieces(packet, *ends, number=7):
    """The fragments of an IP packet without options, cut at these offsets of what stands behind its IP header, the last
    piece included: pieces(p, 1000) are two. As scapy packets, in order."""
    data = bytes(packet.payload)
    return [piece(packet, start, end, number) for start, end in zip((0, *ends), (*ends, len(data)))]


def piece(packet, start, end, number=7, more=None, data=None):
    """One fragment: bytes `start` to `end` of what stands behind the IP header. `data`: those bytes, if they are to be
    others than the packet's; `more`: the flag, if it is to say something else than the truth."""
    whole = bytes(packet.payload)
    proto = packet.nh if packet.version == 6 else IP(bytes(packet)).proto
    more = end < len(whole) if more is None else more
    part = Raw(whole[start:end] if data is None else data)
    if packet.version == 6:
        header = IPv6(src=packet.src, dst=packet.dst, hlim=packet.hlim, tc=packet.tc, fl=packet.fl)
        return header / IPv6ExtHdrFragment(nh=IPv6(bytes(packet)).nh, offset=start // 8, m=int(more), id=number) / part
    return IP(src=packet.src, dst=packet.dst, ttl=packet.ttl, tos=packet.tos, id=number, proto=proto,
              flags=int(more), frag=start // 8) / part


def put_together(expected, output):
    """(expected, output) with each CutByBox replaced by its whole frame, and pieces that make one replaced by it; lines
    about pieces that do not; and how many more pieces than packets there were."""
    cut = [each for each in expected if isinstance(each, CutByBox)]
    lines, extra = [], 0
    if not cut:
        return expected, output, lines, extra
    kinds = {}
    for each in cut:
        frame = each.expected.frame if isinstance(each.expected, Loosely) else each.expected
        kinds[frame.port, _datagram(frame.raw(), frames.frame_view(frame.raw()))[:3]] = each.mtu
    whole_output = {}
    for port, came in output.items():
        groups, whole = {}, []
        for raw in came:
            view = frames.frame_view(raw)
            mtu = kinds.get((port, _datagram(raw, view)[:3])) if view else None
            if mtu is not None and len(raw) - 14 > mtu:
                lines.append(f"{port}: a packet of {len(raw) - 14} bytes, MTU is {mtu}")
            if mtu is None or not view.fragment:
                whole.append(raw)
                continue
            key = _datagram(raw, view)
            if key not in groups:
                groups[key] = []
                whole.append(key)
            groups[key].append((view, raw))
        for index, each in enumerate(whole):
            if isinstance(each, tuple):
                whole[index], why = _whole(groups[each])
                lines += [f"{port}: {line}" for line in why]
                extra += len(groups[each]) - 1
        whole_output[port] = whole
    return [_plain(each) for each in expected], whole_output, lines, extra


# ---- helpers ----


def _plain(each):
    return each.expected if isinstance(each, CutByBox) else each


def _datagram(raw, view):
    return view.src, view.dst, view.proto, view.fragment[0] if view.fragment else 0


def _whole(parts):
    """The frame that these pieces make, and lines about what is wrong with them."""
    lines, first = [], next((raw for view, raw in parts if view.fragment[1] == 0), parts[0][1])
    data, expected_at, seen_last = b"", 0, False
    heads = set()
    for view, raw in sorted(parts, key=lambda part: part[0].fragment[1]):
        _number, offset, more = view.fragment
        payload = _payload(raw, view)
        if offset != expected_at:
            lines.append(f"pieces: one at {offset}, the one before ends at {expected_at}")
        if more and len(payload) % 8:
            lines.append(f"pieces: one at {offset} of {len(payload)} bytes is not the last")
        if seen_last:
            lines.append("pieces: one behind the last")
        if view.version == 4 and frames.ones_sum(raw[14 : view.payload]) != 0xFFFF:
            lines.append(f"pieces: one at {offset} has a wrong header checksum")
        heads.add(raw[:14] + (raw[15:16] + raw[22:23] if view.version == 4 else raw[14:18] + raw[21:22]))
        data, expected_at, seen_last = data + payload, offset + len(payload), not more
    if not seen_last:
        lines.append("pieces: the last one is missing")
    if len(heads) != 1:
        lines.append("pieces: their MAC addresses, TOS or TTL differ")
    view = frames.frame_view(first)
    if view.version == 4:
        header = bytearray(first[14 : view.payload])
        struct.pack_into(">H", header, 2, len(header) + len(data))
        header[6:8], header[10:12] = bytes(2), bytes(2)
        struct.pack_into(">H", header, 10, 0xFFFF ^ frames.ones_sum(bytes(header)))
        return first[:14] + bytes(header) + data, lines
    header = bytearray(first[14:54])
    struct.pack_into(">H", header, 4, len(data))
    header[6] = first[54]
    return first[:14] + bytes(header) + data, lines


def _payload(raw, view):
    end = struct.unpack_from(">H", raw, 16)[0] + 14 if view.version == 4 else struct.unpack_from(">H", raw, 18)[0] + 54
    return raw[view.payload : end]

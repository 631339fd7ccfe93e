# SPDX-License-Identifier: BSD-3-Clause
"""Raw frames: which flow one belongs to, whether two are the same, and how they differ, in words.

No state. Parsing here is by hand and forgiving, because it looks at whatever came out of the device;
scapy is used only to explain a difference to a person.
"""

import ipaddress
import struct
from typing import NamedTuple

from scapy.layers.l2 import Ether
from scapy.utils import hexdump

GUE_PORT = 6080  # of every GUE tunnel in the cases; nothing else there has this port
LEAST_LENGTH = 60  # of an Ethernet frame, without its check sequence
_EXTENSION_HEADERS = {0, 43, 60}
_TCP, _UDP, _ICMP, _ICMP6, _FRAGMENT, _GRE = 6, 17, 1, 58, 44, 47
_ERRORS = {3, 4, 5, 11, 12}  # of ICMP; ICMPv6's are those below 128
_NEIGHBOUR_DISCOVERY = (b"\x87", b"\x88")


def ones_sum(data, start=0):
    """The one's complement sum of RFC 1071, folded, not inverted."""
    if len(data) % 2:
        data += b"\0"
    total = start + sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def ones_add(a, b):
    total = a + b
    return (total & 0xFFFF) + (total >> 16)


def broken_alike(bad_in, good_in, good_out):
    """The checksum that a packet with a wrong one leaves with when only differences are applied to it."""
    error = ones_add(bad_in, good_in ^ 0xFFFF)
    return ones_add(good_out, error)


class IpView(NamedTuple):
    """An IP packet inside of some bytes, as far as they go."""

    version: int
    src: bytes
    dst: bytes
    proto: int
    at: int  # where its first header starts
    payload: int  # where what `proto` names starts
    fragment: tuple  # (identification, offset in bytes, whether more follow), or None


def ip_view(data, at):
    """None when these bytes are no IP header."""
    version = data[at] >> 4 if len(data) > at else 0
    if version == 4 and len(data) >= at + 20:
        number, where = struct.unpack_from(">HH", data, at + 4)
        fragment = (number, (where & 0x1FFF) * 8, bool(where & 0x2000)) if where & 0x3FFF else None
        return IpView(4, data[at + 12 : at + 16], data[at + 16 : at + 20], data[at + 9], at,
                      at + (data[at] & 15) * 4, fragment)
    if version != 6 or len(data) < at + 40:
        return None
    proto, payload, fragment = data[at + 6], at + 40, None
    while payload + 8 <= len(data) and (proto in _EXTENSION_HEADERS or proto == _FRAGMENT and not fragment):
        if proto == _FRAGMENT:
            where, number = struct.unpack_from(">HI", data, payload + 2)
            fragment = (number, where & 0xFFF8, bool(where & 1))
            proto, payload = data[payload], payload + 8
            if fragment[1]:
                break
        else:
            proto, payload = data[payload], payload + 8 + data[payload + 1] * 8
    if fragment and not fragment[1] and not fragment[2]:
        fragment = None  # an atomic fragment is a packet like any other
    return IpView(6, data[at + 8 : at + 24], data[at + 24 : at + 40], proto, at, payload, fragment)


def frame_view(frame):
    """The IP packet in a frame, or None."""
    return ip_view(frame, 14) if frame[12:14] in (b"\x08\x00", b"\x86\xdd") else None


def flow_of(frame):
    """What keeps its order: the directed 5-tuple, of the packet in a tunnel too, the fragments of one packet, an ICMP
    conversation, errors about one flow, ARP about an address, a kind of the rest."""
    if len(frame) < 14:
        return ("runt",)
    kind, view = frame[12:14], frame_view(frame)
    if view:
        return _flow_of_ip(frame, view)
    return ("ethernet", kind, frame[20:22] + frame[28:32] + frame[38:42] if kind == b"\x08\x06" else b"")


def _flow_of_ip(data, view, depth=0):
    first = (view.version, view.proto, view.src, view.dst)
    if view.fragment:
        return (*first, "fragments", view.fragment[0])
    at, detail = view.payload, b""
    inner = _tunnelled(data, view) or (ip_view(data, at + 8) if _is_error(data, view) else None)
    if inner and depth < 4:
        return (*first, data[at : at + 2] if _is_error(data, view) else b"", _flow_of_ip(data, inner, depth + 1))
    if view.proto in (_TCP, _UDP):
        detail = data[at : at + 4]
    elif view.proto == _ICMP6 and data[at : at + 1] in _NEIGHBOUR_DISCOVERY:
        detail = data[at : at + 1] + data[at + 8 : at + 24]
    elif view.proto in (_ICMP, _ICMP6):
        detail = data[at : at + 2] + data[at + 4 : at + 6]
    return (*first, detail)


def _is_error(data, view):
    kind = data[view.payload] if len(data) > view.payload else 255
    return view.proto == _ICMP and kind in _ERRORS or view.proto == _ICMP6 and kind < 128


def _tunnelled(data, view):
    """The packet that a tunnel packet carries, or None."""
    at = view.payload
    if view.proto in (4, 41):
        return ip_view(data, at)
    if view.proto == _GRE and len(data) > at + 4:
        return ip_view(data, at + (8 if data[at] & 0x80 else 4))
    if view.proto == _UDP and data[at + 2 : at + 4] == struct.pack(">H", GUE_PORT):
        return ip_view(data, at + 12)
    return None


class TunnelView(NamedTuple):
    """What the box chose of a tunnel packet."""

    ends: tuple
    sport: int  # of GUE, else None
    number: int  # identification of an IPv4 header without DF, else None
    inner_flow: tuple


def tunnel_of(frame):
    """None for all but whole tunnel packets."""
    view = frame_view(frame)
    inner = _tunnelled(frame, view) if view and not view.fragment else None
    if not inner:
        return None
    sport = struct.unpack_from(">H", frame, view.payload)[0] if view.proto == _UDP else None
    number, where = struct.unpack_from(">HH", frame, 18) if view.version == 4 else (None, 0x4000)
    return TunnelView((view.src, view.dst, view.proto), sport, None if where & 0x4000 else number,
                      _flow_of_ip(frame, inner))


def source_of(frame):
    """(address, port) that a TCP or UDP packet comes from, or None."""
    view = frame_view(frame)
    if not view or view.proto not in (_TCP, _UDP) or view.fragment and view.fragment[1] or len(frame) < view.payload + 8:
        return None
    return str(ipaddress.ip_address(view.src)), struct.unpack_from(">H", frame, view.payload)[0]


def without_source(frame):
    """The frame with everything cleared that depends on its source, for a first look whether two are alike."""
    view, bare = frame_view(frame), bytearray(frame)
    if not view:
        return bytes(bare)
    if view.version == 4:
        bare[18:22], bare[24:30] = bytes(4), bytes(6)
    else:
        bare[22:38] = bytes(16)
    checksum = view.payload + (16 if view.proto == _TCP else 6)
    bare[view.payload : view.payload + 2] = bytes(2)
    bare[checksum : checksum + 2] = bytes(2)
    return bytes(bare)


# ---- fields that a case leaves open ----


def _ip4_checksum_good(frame):
    return ones_sum(frame[14 : 14 + (frame[14] & 15) * 4]) == 0xFFFF


def borrow(actual, expected, fields):
    """`actual` with the named fields taken from `expected`, so that only the rest is compared.

    Checksums over a field are taken over too, but only if `actual`'s was right. "padding" is what follows `expected`
    in a frame that would be shorter than Ethernet's least length.
    """
    if "padding" in fields and len(expected) < len(actual) <= LEAST_LENGTH:
        actual = actual[: len(expected)]
    if len(actual) != len(expected):
        return actual
    taken = bytearray(actual)
    for field in set(fields) - {"padding"}:
        _BORROW[field](taken, actual, expected)
    return bytes(taken)


def _borrow_ip4(start, end):
    def take(taken, actual, expected):
        taken[start:end] = expected[start:end]
        if _ip4_checksum_good(actual):
            taken[24:26] = expected[24:26]

    return take


def _borrow_quote(taken, actual, expected):
    """Of an ICMP error about a packet that came in the other family: what its quote's IPv4 header says of fragments, and
    the checksum of its TCP or UDP, both of which a translator makes up; the error's own checksum with them."""
    view = frame_view(actual)
    at = view.payload + 8
    quote, pseudo = ip_view(actual, at), b""
    if view.version == 6:
        pseudo = view.src + view.dst + struct.pack(">II", len(actual) - view.payload, _ICMP6)
    if quote is None or quote.version != expected[at] >> 4:
        return
    if ones_sum(actual[view.payload :], ones_sum(pseudo)) != 0xFFFF:
        return
    taken[view.payload + 2 : view.payload + 4] = expected[view.payload + 2 : view.payload + 4]
    if quote.version == 4 and ones_sum(actual[at : quote.payload]) == 0xFFFF:
        taken[at + 4 : at + 8], taken[at + 10 : at + 12] = expected[at + 4 : at + 8], expected[at + 10 : at + 12]
    checksum = quote.payload + (16 if quote.proto == _TCP else 6)
    taken[checksum : checksum + 2] = expected[checksum : checksum + 2]


def _borrow_gue_port(taken, actual, expected):
    """The source port of the UDP header that follows an outer header without options."""
    view = ip_view(actual, 14)
    at = view.payload
    taken[at : at + 2] = expected[at : at + 2]
    stated, pseudo = actual[at + 6 : at + 8], view.src + view.dst + struct.pack(">II", len(actual) - at, _UDP)
    if stated != bytes(2) and ones_sum(actual[at:], ones_sum(pseudo)) == 0xFFFF and expected[at + 6 : at + 8] != bytes(2):
        taken[at + 6 : at + 8] = expected[at + 6 : at + 8]


def _borrow_hop_limit(taken, actual, expected):
    taken[21:22] = expected[21:22]


def _borrow_flow_label(taken, actual, expected):
    taken[14:18] = expected[14:18] if actual[14] >> 4 == 6 else actual[14:18]


def _borrow_router_flag(taken, actual, expected):
    """The R flag of a neighbour advertisement that has nothing but its ICMPv6 in it."""
    pseudo = actual[22:54] + struct.pack(">II", len(actual) - 54, _ICMP6)
    if ones_sum(actual[54:], ones_sum(pseudo)) == 0xFFFF:
        taken[56:58] = expected[56:58]
        taken[58] = actual[58] & 0x7F | expected[58] & 0x80


_BORROW = {
    "ip4.tos": _borrow_ip4(15, 16),
    "ip4.ttl": _borrow_ip4(22, 23),
    "ip4.id": _borrow_ip4(18, 20),
    "ip4.flags": _borrow_ip4(20, 22),
    "ip6.hlim": _borrow_hop_limit,
    "ip6.flow": _borrow_flow_label,
    "gue.sport": _borrow_gue_port,
    "quote": _borrow_quote,
    "na.router": _borrow_router_flag,
}


# ---- explanations ----


def summary(frame):
    return f"{len(frame)} bytes, {Ether(frame).summary()}"


def differences(expected, actual):
    """Lines that say in which fields two frames differ; bytes when scapy sees no field that does."""
    lines = []
    if len(expected) != len(actual):
        lines.append(f"length: expected {len(expected)} bytes, got {len(actual)}")
    layer_e, layer_a = Ether(expected), Ether(actual)
    while layer_e and layer_a and layer_e.__class__ is layer_a.__class__:
        for field in layer_e.fields_desc:
            value_e, value_a = layer_e.getfieldval(field.name), layer_a.getfieldval(field.name)
            if value_e != value_a:
                lines.append(f"{layer_e.name}.{field.name}: expected {_shown(value_e)}, got {_shown(value_a)}")
        layer_e, layer_a = layer_e.payload, layer_a.payload
    if layer_e.__class__ is not layer_a.__class__:
        lines.append(f"expected {layer_e.summary() or 'nothing more'}, got {layer_a.summary() or 'nothing more'}")
    if not lines:
        at = next(i for i, pair in enumerate(zip(expected, actual)) if pair[0] != pair[1])
        lines.append(f"first difference at byte {at}: expected {expected[at]:#04x}, got {actual[at]:#04x}")
    lines += ["expected:"] + _dump(expected) + ["got:"] + _dump(actual)
    return lines


def _shown(value):
    return f"{value:#x}" if isinstance(value, int) and not isinstance(value, bool) else repr(value)


def _dump(frame):
    rows = hexdump(frame, dump=True).splitlines()
    return ["    " + row for row in rows[:12]] + (["    ..."] if len(rows) > 12 else [])

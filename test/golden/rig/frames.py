# SPDX-License-Identifier: BSD-3-Clause
"""Raw frames: which flow one belongs to, whether two are the same, and how they differ, in words.

No state. Parsing here is by hand and forgiving, because it looks at whatever came out of the device;
scapy is used only to explain a difference to a person.
"""

import struct

from scapy.layers.l2 import Ether
from scapy.utils import hexdump

LEAST_LENGTH = 60  # of an Ethernet frame, without its check sequence
_EXTENSION_HEADERS = {0, 43, 60}
_TCP, _UDP, _ICMP, _ICMP6 = 6, 17, 1, 58
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


def flow_of(frame):
    """What keeps its order: the directed 5-tuple, an ICMP conversation, ARP about an address, a kind of the rest."""
    if len(frame) < 14:
        return ("runt",)
    kind = frame[12:14]
    if kind == b"\x08\x00" and len(frame) >= 34:
        offset = 14 + (frame[14] & 15) * 4
        return _flow_of_ip(4, frame[26:30], frame[30:34], frame[23], frame, offset)
    if kind == b"\x86\xdd" and len(frame) >= 54:
        proto, offset = frame[20], 54
        while proto in _EXTENSION_HEADERS and offset + 8 <= len(frame):
            proto, offset = frame[offset], offset + 8 + frame[offset + 1] * 8
        return _flow_of_ip(6, frame[22:38], frame[38:54], proto, frame, offset)
    return ("ethernet", kind, frame[20:22] + frame[28:32] + frame[38:42] if kind == b"\x08\x06" else b"")


def _flow_of_ip(version, src, dst, proto, frame, offset):
    if proto in (_TCP, _UDP):
        detail = frame[offset : offset + 4]
    elif proto == _ICMP6 and frame[offset : offset + 1] in _NEIGHBOUR_DISCOVERY:
        detail = frame[offset : offset + 1] + frame[offset + 8 : offset + 24]
    elif proto in (_ICMP, _ICMP6):
        detail = frame[offset : offset + 2] + frame[offset + 4 : offset + 6]
    else:
        detail = b""
    return (version, proto, src, dst, detail)


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
    "ip4.ttl": _borrow_ip4(22, 23),
    "ip4.id": _borrow_ip4(18, 20),
    "ip4.flags": _borrow_ip4(20, 22),
    "ip6.hlim": _borrow_hop_limit,
    "ip6.flow": _borrow_flow_label,
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

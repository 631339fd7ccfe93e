# SPDX-License-Identifier: BSD-3-Clause
"""One local address has 64,512 ports for a protocol, of which each worker has its share. When they are all in use, new connections are refused as
local_full, those there are go on, and the other protocol still has its own."""

import struct

from rig import *

CAPACITY, FLOWS = 65536 - 1024, 65536 - 1024 + 300

config = (
    one_arm(dataplane="connections 100000")
    + local_group("snat", LOCAL4)
    + service("UDP", VIP4, 53, "FNAT", [(SERVER4[1], 5353)], "rr", "laddr_group_name snat")
    + service("TCP", VIP4, 80, "FNAT", [(SERVER4[1], 8080)], "rr", "laddr_group_name snat")
)

MODEL = from_client(ip("203.0.113.1", VIP4, id=0) / UDP(sport=0, dport=53, chksum=0) / b"xxxx").raw()


def crowd(number):
    """The model with a client and a payload of its own (65,000 by scapy take half a minute). Its UDP checksum is 0."""
    raw = bytearray(MODEL)
    client, port = 1 + number % 50, 1024 + number // 50
    raw[29] = client
    raw[24:26] = bytes(2)
    raw[24:26] = struct.pack(">H", 0xFFFF ^ ones_sum(bytes(raw[14:34])))
    raw[34:36] = struct.pack(">H", port)
    raw[42:46] = struct.pack(">I", number)
    return Frame("wan", bytes(raw))


tcp = FnatFlow()
first = crowd(0)

traffic = [(crowd(number), None) for number in range(FLOWS)] + [Then(), (first, None), tcp.request(flags="S")]

also_out = None
drops = None


def check(result):
    lines, ports, extra = [], {}, 0
    for raw in result.output["wan"]:
        if raw[23] != 17 or len(raw) < 46:
            continue
        number, port = struct.unpack_from(">I", raw, 42)[0], struct.unpack_from(">H", raw, 34)[0]
        if raw[26:30] != bytes([10, 0, 0, 200]) or raw[40:42] != bytes(2) or raw[36:38] != struct.pack(">H", 5353):
            lines.append(f"connection {number} left as {raw[14:].hex()}")
        if ports.setdefault(number, port) != port:
            lines.append(f"connection {number} left from {ports[number]} and from {port}")
        elif number == 0:
            extra += 1
    refused = result.drops.get("local_full", 0)
    if len(set(ports.values())) != len(ports) or ports and min(ports.values()) < 1024:
        lines.append(f"{len(ports)} connections left from {len(set(ports.values()))} ports from {min(ports.values())}")
    if set(result.drops) - {"local_full"} or refused + len(ports) != FLOWS:
        lines.append(f"drops: {result.drops}, {len(ports)} of {FLOWS} connections left")
    if result.workers == 1 and len(ports) != CAPACITY or len(ports) < CAPACITY // result.workers:
        lines.append(f"{len(ports)} connections, {CAPACITY} ports")
    if extra != 2:
        lines.append(f"the first connection left {extra} times, two packets came")
    if not any(raw[23] == 6 for raw in result.output["wan"] if raw[12:14] == b"\x08\x00"):
        lines.append("TCP has no local port")
    return lines[:20]

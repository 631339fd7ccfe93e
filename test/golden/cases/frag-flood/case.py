# SPDX-License-Identifier: BSD-3-Clause
"""A flood of fragments whose first one never comes costs the connections that exist nothing: all their packets pass,
and fragmented packets of theirs do again when the flood is over. What does not find room is frag_full."""

import struct

from rig import *

config = one_arm() + service("UDP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])

flow = Flow("UDP")
MODEL = from_client(piece(Flow("UDP", client="203.0.113.77").packet(bytes(100)), 48, 104, number=0)).raw()
FLOOD = 12000


def flood(number):
    raw = bytearray(MODEL)
    raw[18:20] = struct.pack(">H", number % 65536)
    raw[24:26] = bytes(2)
    raw[24:26] = struct.pack(">H", 0xFFFF ^ ones_sum(bytes(raw[14:34])))
    return Frame("wan", bytes(raw)), None


traffic = [flow.request(b"first")]
for burst in range(6):
    traffic += [flood(burst * (FLOOD // 6) + number) for number in range(FLOOD // 6)]
    traffic += [flow.request(b"%d" % burst), flow.reply(b"answer %d" % burst)]

drops = None


def check(result):
    lines = [f"drops: {result.drops}"] if set(result.drops) - {"frag_full", "frag_timeout", "handover_full"} else []
    held = sum(each.held for each in result.balances)
    if sum(result.drops.values()) + held != FLOOD:
        lines.append(f"{FLOOD} fragments came, {result.drops} were dropped, {held} wait")
    if held > 8192:
        lines.append(f"{held} fragments wait: the bound is not one")
    return lines

# SPDX-License-Identifier: BSD-3-Clause
"""A packet of endless fragments - the first one, then hundreds, of eight bytes each, none of them the last - is
forwarded or refused piece by piece; nothing is lost without a count, and the next packet is not the worse for it."""

from rig import *

config = one_arm() + service("UDP", VIP4, 80, "DR", [(SERVER4[1], 80)])

flow = Flow("UDP", "DR")
whole, left = flow.request(bytes(6000))
PIECES = 700

traffic = [(from_client(piece(whole.data.payload, n * 8, n * 8 + 8, more=True)), None) for n in range(PIECES)]
traffic += [(flow.sent(b"good"), None)]

also_out = None
drops = None


def check(result):
    left_count = len([raw for raw in result.output["wan"] if raw[14] == 0x45 and raw[23] == 17])
    lines = (
        [f"drops: {result.drops}"]
        if set(result.drops) - {"frag_full", "frag_overlap", "frag_invalid", "handover_full"}
        else []
    )
    if left_count + sum(result.drops.values()) != PIECES + 1:
        lines.append(f"{PIECES + 1} packets came, {left_count} left, {result.drops} were dropped")
    if flow.delivered(b"good").raw() not in result.output["wan"]:
        lines.append("the good packet did not leave")
    return lines

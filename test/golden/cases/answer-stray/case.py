# SPDX-License-Identifier: BSD-3-Clause
"""A TCP segment to a service that belongs to no connection and opens none is answered by a reset with the numbers
that RFC 9293 wants, in every mode; a segment with RST is not. `reject off` is silent. It counts as no_connection."""

from rig import *

MODES = ("NAT", "DR", "TUN", "FNAT")
variants = {f"{mode.lower()}{family}": dict(mode=mode, family=family) for mode in MODES for family in (4, 6)}


def make(mode, family):
    client, vip, real, group = (
        (CLIENT4, VIP4, SERVER4[1], LOCAL4) if family == 4 else (CLIENT6, VIP6, SERVER6[1], LOCAL6)
    )
    segments = [
        (b"", dict(flags="A", seq=5, ack=77)),
        (b"data", dict(flags="PA", seq=5, ack=2**32 - 1)),
        (b"", dict(flags="FA", seq=5, ack=0)),
        (b"", dict(flags="F", seq=9)),
        (b"odd", dict(flags="P", seq=9)),
        (b"", dict(flags="", seq=2**32 - 1)),
        (b"x" * 999, dict(flags="U", seq=2**32 - 5)),
    ]

    def sent(vport):
        return [
            Flow(client=client, vip=vip, cport=3000 + n, vport=vport).sent(payload, **each)
            for n, (payload, each) in enumerate(segments)
        ]

    resets = [Flow(client=client, vip=vip, cport=4000).sent(flags=flags) for flags in ("R", "RA", "RF", "SR")]
    more = ["laddr_group_name snat"] if mode == "FNAT" else []
    answered, silent = sent(80), sent(81)
    return dict(
        config=one_arm()
        + local_group("snat", group)
        + service("TCP", vip, 80, mode, [(real, 80)], "rr", *more)
        + service("TCP", vip, 81, mode, [(real, 81)], "rr", "reject off", *more),
        traffic=[(each, reset(each)) for each in answered] + [(each, None) for each in silent + resets],
        drops={"no_connection": len(answered + silent + resets)},
        answers=(len(answered), 0),
        conns=[],
    )

# SPDX-License-Identifier: BSD-3-Clause
"""ICMP errors that nobody should believe reach neither client nor server, and connections do not notice: wrong
checksum, quotes cut short, about no connection, about the wrong direction, about another protocol, about an ICMP
error, about a fragment that has no ports."""

from rig import *

MODES = {"nat": "NAT", "dr": "DR", "tun": "TUN", "fnat": "FNAT"}

variants = {f"{mode}-{family}": dict(mode=mode, family=family) for mode in MODES for family in (4, 6)}


def make(mode, family):
    client, vip, real, group = (
        (CLIENT4, VIP4, SERVER4[1], LOCAL4) if family == 4 else (CLIENT6, VIP6, SERVER6[1], LOCAL6)
    )
    fields = dict(proto="UDP", client=client, vip=vip, sport=80)
    flow = {
        "nat": lambda: Flow(kind="NAT", **fields),
        "dr": lambda: Flow(kind="DR", **fields),
        "tun": lambda: TunnelFlow(Tunnel(), family, **fields),
        "fnat": lambda: FnatFlow(**fields),
    }[mode]()
    kind, code = (3, 1) if family == 4 else (1, 1)
    header = 20 if family == 4 else 40
    good = ip(vip, client, 60) / UDP(sport=80, dport=40000) / (b"data" * 10)
    sctp = ip(vip, client, 60, **{"proto" if family == 4 else "nh": 132}) / Raw(b"\0\x50\x9c\x40" + bytes(20))
    later = piece(ip(vip, client, 60) / UDP(sport=80, dport=40000) / bytes(80), 40, 88)

    def bad(quote, **more):
        return from_client(error(client, vip, kind, code, quote, **more)), None

    # reason -> those that have to be dropped for it
    invalid = [bad(good, good=False)] + [bad(bytes(good)[:keep]) for keep in (0, 1, header - 1, header, header + 3)]
    cut = [
        (
            from_client(
                ip(client, vip, 64, **{"proto" if family == 4 else "nh": 1 if family == 4 else 58})
                / Raw(bytes(error(client, vip, kind, code, b"").payload)[:size])
            ),
            None,
        )
        for size in (4, 7)
    ]
    version = bytes([0x65 if family == 4 else 0x45]) + bytes(good)[1:]
    stray = [
        bad(ip(vip, client, 60) / UDP(sport=80, dport=40001) / b"data data"),
        bad(ip(vip, client, 60) / UDP(sport=81, dport=40000) / b"data data"),
        bad(ip(vip, client, 60) / TCP(sport=80, dport=40000)),
        bad(ip(client, vip, 60) / UDP(sport=40000, dport=80) / b"data data"),
        bad(error(vip, client, kind, code, good)),
        bad(sctp),
        bad(later),
        bad(version),
    ]
    unknown = ip("203.0.113.9" if family == 4 else "2001:db8:c::9", client) / UDP(sport=80, dport=40000) / b"data data"
    stray += [bad(unknown)]
    return dict(
        config=one_arm()
        + local_group("snat", group)
        + service(
            "UDP", vip, 80, MODES[mode], [(real, 80)], "rr", *(["laddr_group_name snat"] if mode == "fnat" else [])
        ),
        traffic=[flow.request(b"open")] + invalid + cut + stray + [flow.request(b"goes on")],
        drops={
            "icmp_invalid": 1,
            ("icmp_invalid", "icmp_no_flow", "icmp_ignored"): len(invalid) - 1 + len(stray),
            ("icmp_invalid", "truncated", "l4_header", "icmp_no_flow"): len(cut),
        },
    )

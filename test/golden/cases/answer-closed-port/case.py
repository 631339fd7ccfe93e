# SPDX-License-Identifier: BSD-3-Clause
"""A packet to a VIP's port that no service has is answered by the VIP as a host would: UDP by ICMP port unreachable
that quotes as much as fits in 576 bytes (IPv6: 1280), TCP by a reset; it counts as no_service. `closed_port drop` is
silent."""

from rig import *

variants = {
    f"{word}-{proto.lower()}{family}": dict(word=word, proto=proto, family=family)
    for word in ("default", "drop")
    for proto in ("TCP", "UDP")
    for family in (4, 6)
}
variants["reject-tcp4"] = dict(word="reject", proto="TCP", family=4)


def make(word, proto, family):
    client, vip, real = (CLIENT4, VIP4, SERVER4[1]) if family == 4 else (CLIENT6, VIP6, SERVER6[1])
    flows = [
        Flow(proto, client=client, vip=vip, vport=port, cport=2000 + n) for n, port in enumerate((1, 81, 8080, 65535))
    ]
    if proto == "TCP":
        segments = [
            dict(flags="S", seq=1000),
            dict(flags="S", seq=2**32 - 1),
            dict(flags="A", seq=5, ack=77),
            dict(flags="FA", seq=5, ack=0),
            dict(flags="F", seq=9),
            dict(flags="", seq=9),
            dict(flags="SA", seq=5, ack=2**32 - 1),
            dict(flags="PA", seq=6, ack=99),
        ]
        sent = [flow.sent(b"data" if "P" in each["flags"] else b"", **each) for flow in flows for each in segments]
        sent += [flow.sent(b"data", flags="SF", seq=1) for flow in flows]
        out = [reset(each) for each in sent]
        sent.append(flows[0].sent(flags="R", seq=1))  # a reset is not answered
        sent.append(flows[0].sent(flags="RA", seq=1, ack=1))
        out += [None, None]
    else:
        sent = [flow.sent(bytes(size)) for flow in flows for size in (0, 1, 500, 520, 521, 1200, 1232 - 48, 1232)]
        out = [unreachable_port(each) for each in sent]
    silent = word == "drop"
    answered = 0 if silent else sum(each is not None for each in out)
    return dict(
        config=one_arm(port="" if word == "default" else f"closed_port {word}")
        + service("TCP", vip, 80, "NAT", [(real, 8080)])
        + service("UDP", vip, 80, "NAT", [(real, 8080)]),
        traffic=[(came, None if silent else left) for came, left in zip(sent, out)],
        drops={"no_service": len(sent)},
        answers=(answered, 0),
        conns=[],
    )

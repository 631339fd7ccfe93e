# SPDX-License-Identifier: BSD-3-Clause
"""A new connection to a service without an available server is answered by ICMP port unreachable, for UDP and, as LVS
does it, for TCP too, in every mode; `reject off` is silent. It counts as no_server."""

from rig import *

variants = {
    f"{mode.lower()}{family}": dict(mode=mode, family=family)
    for mode in ("NAT", "DR", "TUN", "FNAT")
    for family in (4, 6)
}


def make(mode, family):
    client, vip, real, group = (
        (CLIENT4, VIP4, SERVER4[1], LOCAL4) if family == 4 else (CLIENT6, VIP6, SERVER6[1], LOCAL6)
    )
    more = ["laddr_group_name snat"] if mode == "FNAT" else []

    def sent(vport):
        return [
            Flow("UDP", client=client, vip=vip, vport=vport, cport=5000 + n).sent(bytes(n * 400)) for n in range(4)
        ] + [Flow("TCP", client=client, vip=vip, vport=vport, cport=5000 + n).sent(flags="S", seq=n) for n in range(3)]

    answered, silent = sent(80), sent(81)
    return dict(
        config=one_arm()
        + local_group("snat", group)
        + "".join(
            service(proto, vip, port, mode, [(real, port, 0)], "wlc", *words, *more)
            for proto in ("TCP", "UDP")
            for port, words in ((80, ()), (81, ("reject off",)))
        ),
        traffic=[(each, unreachable_port(each)) for each in answered] + [(each, None) for each in silent],
        drops={"no_server": len(answered + silent)},
        answers=(len(answered), 0),
        conns=[],
        stats={},
    )
